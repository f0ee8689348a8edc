// What one measurement must read and compute at least, whatever the code: its time at the machine's roofs is the
// yardstick. Threads: pure functions.
#pragma once

#include "app/bench/roofs.hpp"
#include "engine/model.hpp"
#include "kernels/kernel_table.hpp"
#include "kv/kv_config.hpp"

#include <array>
#include <cstdint>
#include <string>

namespace quern::app {

// n_tokens new tokens of each of n_seqs sequences that have `depth` tokens already, in one step.
struct Work {
  bool is_decode = false;
  std::uint32_t n_seqs = 1, n_tokens = 1, depth = 0;
};

struct StepCost {
  // Every matrix once, whatever the number of rows, apart from: the embedding table, of which each token reads one row
  // (unless it is the output matrix too), and experts, of which each token picks a few. Their number is the expected
  // count of distinct ones when tokens choose independently and uniformly.
  double weight_bytes = 0;
  double kv_bytes = 0;  // keys and values that the new tokens see, and states, once per sequence
  std::array<double, kernels::kPeaks> operations{};  // [Peak], of matrix products and attention

  double bytes() const noexcept { return weight_bytes + kv_bytes; }
};

StepCost step_cost(const engine::Model& model, const kernels::KernelTable& kernels, kernels::KvType kv_type,
                   const Work& work);

// The least time, and what takes it. seconds is 0 where no roof is known.
struct Bound {
  double seconds = 0;
  std::string by;
};
// from_memory: false where the weights stay in the cache.
Bound bound_of(const StepCost& cost, const Roofs& roofs, bool from_memory);

}  // namespace quern::app
