#include "app/bench/step_cost.hpp"

#include "engine/linear.hpp"

#include <algorithm>
#include <cmath>

namespace quern::app {
namespace {

// E (1 - (1 - k / E)^n) of E experts are hit by n tokens that pick k each.
double share_of_experts(const engine::MoeParams& moe, double n_tokens) {
  if (moe.n_experts == 0) return 0;
  const double missed = 1.0 - static_cast<double>(moe.n_used) / static_cast<double>(moe.n_experts);
  return 1.0 - std::pow(missed, n_tokens);
}

// Keys that the new tokens of one sequence see, each for itself.
double keys_seen(const Work& work, std::uint32_t window) {
  double sum = 0;
  for (std::uint32_t t = 0; t < work.n_tokens; ++t) {
    const std::uint32_t n = work.depth + t + 1;
    sum += window == 0 ? n : std::min(n, window);
  }
  return sum;
}

// Keys that any of them sees.
double keys_read(const Work& work, std::uint32_t window) {
  const std::uint32_t n = work.depth + work.n_tokens;
  return window == 0 ? n : std::min(n, window + work.n_tokens - 1);
}

class Counter {
 public:
  Counter(const engine::Model& model, const kernels::KernelTable& kernels, const Work& work)
      : moe_(model.params().moe), kernels_(kernels), work_(work) {}

  void matrix(const engine::Matrix& m, double n_rows) {
    cost.weight_bytes += bytes_of(m);
    operations(m, n_rows);
  }
  void expert_matrix(const engine::Matrix& m, double n_rows) {
    cost.weight_bytes += bytes_of(m) * share_of_experts(moe_, n_rows);
    operations(m, n_rows * moe_.n_used / moe_.n_experts);
  }
  void attention(const engine::LayerParams& p, kernels::KvType type) {
    const double width = p.d_head_k + p.d_head_v, n_seqs = work_.n_seqs;
    const std::size_t row_bytes = kernels::kv_row_bytes(type, p.d_head_k) + kernels::kv_row_bytes(type, p.d_head_v);
    cost.operations[static_cast<std::size_t>(kernels_.attention_peak)] +=
        2 * width * p.n_heads * keys_seen(work_, p.window) * n_seqs;
    cost.kv_bytes += static_cast<double>(row_bytes) * p.n_kv_heads * keys_read(work_, p.window) * n_seqs;
  }

  // Read and written, once for all tokens of a sequence.
  void state(std::uint64_t n_values) {
    cost.kv_bytes += 2.0 * sizeof(float) * static_cast<double>(n_values) * work_.n_seqs;
  }

  StepCost cost;

 private:
  static double bytes_of(const engine::Matrix& m) { return static_cast<double>(m.stored_bytes()); }
  void operations(const engine::Matrix& m, double n_rows) {
    const kernels::MatmulKernel& kernel =
        work_.is_decode ? engine::decode_kernel(m, kernels_) : engine::prefill_kernel(m, kernels_);
    cost.operations[static_cast<std::size_t>(kernel.peak)] +=
        2 * n_rows * static_cast<double>(m.n_rows) * static_cast<double>(m.n_cols) * kernel.passes;
  }

  const engine::MoeParams& moe_;
  const kernels::KernelTable& kernels_;
  const Work& work_;
};

}  // namespace

StepCost step_cost(const engine::Model& model, const kernels::KernelTable& kernels, kernels::KvType kv_type,
                   const Work& work) {
  const engine::ModelWeights& weights = model.weights();
  const engine::HyperParams& params = model.params();
  const double n_rows = static_cast<double>(work.n_seqs) * work.n_tokens;
  Counter counter(model, kernels, work);
  counter.matrix(weights.output.matrix, work.n_seqs);
  counter.cost.weight_bytes += static_cast<double>(weights.token_embd.row_bytes) * n_rows;
  for (std::size_t i = 0; i < weights.layers.size(); ++i) {
    const engine::LayerWeights& layer = weights.layers[i];
    layer.for_each_matrix([&](const engine::Matrix& m) { counter.matrix(m, n_rows); });
    layer.for_each_expert_matrix([&](const engine::Matrix& m) { counter.expert_matrix(m, n_rows); });
    const engine::LayerParams& p = params.layers[i];
    if (engine::is_attention(p.mixer)) counter.attention(p, kv_type);
    if (p.keeps_state()) counter.state(params.state_values());
  }
  return counter.cost;
}

Bound bound_of(const StepCost& cost, const Roofs& roofs, bool from_memory) {
  Bound bound;
  if (from_memory && roofs.read_bytes > 0) bound = {.seconds = cost.bytes() / roofs.read_bytes, .by = "memory"};
  double compute = 0, largest = 0;
  std::string by;
  for (const kernels::PeakLoop& loop : kernels::peak_loops()) {
    const auto i = static_cast<std::size_t>(loop.peak);
    if (cost.operations[i] == 0 || roofs.operations[i] == 0) continue;
    const double seconds = cost.operations[i] / roofs.operations[i];
    compute += seconds;
    if (seconds > largest) {
      largest = seconds;
      by = loop.name;
    }
  }
  return compute > bound.seconds ? Bound{.seconds = compute, .by = by} : bound;
}

}  // namespace quern::app
