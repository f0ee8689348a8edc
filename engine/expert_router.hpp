// Which experts each row visits, and with what weight: from router logits to slots. A slot is one (row, rank) pair;
// slots are ordered by expert, then row, so that decode rows of an expert come first. Threads: engine thread; readers
// on all workers afterwards. Nothing allocates after construction. A row's choice depends on nothing but its logits.
// Source: arXiv 2401.04088 (softmax, best k), 2405.04434 and 2412.19437 (sigmoid, biased choice, groups).
#pragma once

#include "engine/hyper_params.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine {

class ExpertRouter {
 public:
  struct Slot {
    std::uint32_t row = 0;
    float weight = 0;
  };

  ExpertRouter(const MoeParams& params, std::uint32_t max_rows);

  // logits[n_rows, n_experts], which it overwrites. bias: [n_experts] added to what is chosen by, or empty.
  void route(float* logits, std::uint32_t n_rows, std::span<const float> bias) noexcept;

  std::uint32_t n_slots() const noexcept { return begin_.back(); }
  const Slot& slot(std::size_t index) const noexcept { return slots_[index]; }
  // Slots [begin(e), begin(e + 1)) are expert e's.
  std::uint32_t begin(std::uint32_t expert) const noexcept { return begin_[expert]; }
  // The experts that have slots, in order.
  std::span<const std::uint32_t> visited() const noexcept { return visited_; }
  // The slot of a row's rank-th choice: index row * n_used + rank.
  std::uint32_t slot_of(std::size_t index) const noexcept { return slot_of_[index]; }

 private:
  void choose(float* scores, std::uint32_t row, std::span<const float> bias) noexcept;
  void hide_groups() noexcept;
  void finish_weights(float* weights) const noexcept;

  const MoeParams params_;
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> begin_;  // [n_experts + 1]
  std::vector<std::uint32_t> visited_;
  std::vector<std::uint32_t> slot_of_;  // [rows * n_used]
  std::vector<std::uint32_t> chosen_;   // [rows * n_used] experts by rank
  std::vector<float> weights_;          // of the same
  std::vector<float> choice_;           // [n_experts] what one row chooses by
  std::vector<float> group_score_;      // [n_groups]
};

}  // namespace quern::engine
