// One forward pass over the rows of a step, written as stages. Each stage is one parallel region of the core pool in
// which a worker computes its share of rows (norms, conversions), of matrix rows (products) or of attention items. A
// row's result never depends on which other rows share the step or on the number of workers. Threads: forward() on the
// engine thread, stage bodies on all workers. Nothing allocates.
#pragma once

#include "engine/activations.hpp"
#include "engine/linear.hpp"
#include "engine/model.hpp"
#include "engine/step_rows.hpp"
#include "kernels/core_pool.hpp"
#include "kv/page_arena.hpp"

#include <atomic>
#include <initializer_list>
#include <span>
#include <vector>

namespace quern::engine {

class ForwardPass {
 public:
  ForwardPass(const Model& model, kv::PageArena& arena, kernels::CorePool& pool, const kernels::KernelTable& kernels,
              const BackendLimits& limits, Activations activations);

  void run(const StepPlan& plan, std::span<float> logits) noexcept;

 private:
  struct Inputs {
    std::array<Input, Activations::kForms> input;   // one per matrix of the group, in order
    std::array<bool, Activations::kForms> owner{};  // this entry's rows must be converted (first user of a form)
    std::size_t n = 0;
  };

  // forward_pass.cpp
  void embed(const StepPlan& plan) noexcept;
  void drop_rows() noexcept;
  void output(std::span<float> logits) noexcept;
  Inputs inputs_for(std::initializer_list<const Matrix*> matrices, std::uint32_t n_rows,
                    std::uint32_t n_decode_rows) noexcept;
  void norm_and_convert(const Vector& norm, const Inputs& inputs) noexcept;
  void convert_rows(const float* x, const Inputs& inputs) noexcept;
  void project_and_add(const Matrix& matrix, const Vector& bias, const float* x) noexcept;
  // y[t, r] += bias[r] for worker's rows of the matrix.
  void add_bias(const Matrix& matrix, const Vector& bias, std::uint32_t worker, float* y,
                std::size_t y_stride) const noexcept;
  kernels::Range my_rows(std::uint32_t worker) const noexcept;

  // attention.cpp
  void attention(const LayerWeights& w, std::uint32_t layer) noexcept;
  void rotate_and_store(std::uint32_t layer, kernels::Range rows) noexcept;
  void attend(std::uint32_t layer, const AttentionItem& item, std::uint32_t kv_head) noexcept;

  // ffn.cpp
  void ffn(const LayerWeights& w) noexcept;

  // moe.cpp
  void moe(const LayerWeights& w) noexcept;
  void route(const LayerWeights& w) noexcept;
  Input expert_input(const Matrix& matrix, std::uint32_t expert, std::size_t form) const noexcept;
  void convert_slots(const std::vector<Matrix>& experts, const float* x, std::size_t form,
                     std::uint32_t worker) const noexcept;
  void multiply_slots(const std::vector<Matrix>& experts, std::size_t form, std::uint32_t worker, float* y,
                      std::size_t y_stride) const noexcept;

  // One (row, rank) pair of the mixture and the weight of its expert's answer.
  struct ExpertSlot {
    std::uint32_t row = 0;
    float weight = 0;
  };

  const Model& model_;
  const HyperParams& params_;
  kv::PageArena& arena_;
  kernels::CorePool& pool_;
  const kernels::KernelTable& kernels_;
  StepRows rows_;
  Activations a_;
  std::atomic<std::uint32_t> next_item_{0};
  std::vector<ExpertSlot> slots_;            // [rows * n_experts_used] ordered by expert, then row
  std::vector<std::uint32_t> expert_begin_;  // [n_experts + 1] into slots_
  std::vector<std::uint32_t> slot_of_;       // [rows * n_experts_used] (row, rank) -> slot
  std::vector<std::uint32_t> chosen_;        // [rows * n_experts_used] experts by rank
  std::vector<float> chosen_weight_;
};

}  // namespace quern::engine
