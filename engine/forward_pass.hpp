// One forward pass over the rows of a step, written as stages. Each stage is one parallel region of the core pool in
// which a worker computes its share of rows (norms, conversions) or of channels, or takes matrix rows (products) or
// work items (attention, recurrences) while there are any. A row's result never depends on which other rows share the
// step or on the number of workers. Each block of a layer is one file: attention.cpp, latent_attention.cpp,
// delta_net.cpp, short_conv.cpp, mamba.cpp, rwkv.cpp, ffn.cpp, moe.cpp. Threads: run() and embed() on the engine
// thread, stage bodies on all workers. Nothing allocates.
#pragma once

#include "engine/activations.hpp"
#include "engine/expert_router.hpp"
#include "engine/linear.hpp"
#include "engine/model.hpp"
#include "engine/step_rows.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/row_dealer.hpp"
#include "kv/page_arena.hpp"

#include <atomic>
#include <initializer_list>
#include <span>
#include <vector>

namespace quern::engine {

class ForwardPass {
 public:
  ForwardPass(const Model& model, kernels::CorePool& pool, const kernels::KernelTable& kernels,
              const BackendLimits& limits, Activations activations);

  // K and V go to `arena`. With one_layer_cache every layer writes over the one before: for whole sequences only.
  struct Cache {
    kv::PageArena* arena = nullptr;
    bool one_layer = false;
  };
  void run(const StepPlan& plan, const Cache& cache, std::span<float> logits) noexcept;
  // Hidden states after the last norm of the rows in plan.logits_tokens, in their order: row i of the result belongs to
  // kept_slots()[i]. Valid until the next call.
  std::span<const float> hidden(const StepPlan& plan, const Cache& cache) noexcept;
  std::span<const std::uint32_t> kept_slots() const noexcept { return rows_.logits_slots(); }

  std::uint64_t n_layers_done() const noexcept { return n_layers_done_.load(std::memory_order_relaxed); }  // any thread

  // out[n_rows, labels] of the classification head for rows x[n_rows, d_model], which it may overwrite.
  void classify(float* x, std::uint32_t n_rows, float* out) noexcept;
  // x[n_rows, d_model] = dense_3 dense_2 x, where the model has them. n_rows: at most a step's tokens.
  void project_pooled(float* x, std::uint32_t n_rows) noexcept;

 private:
  struct Inputs {
    std::array<Input, Activations::kForms> input;   // one per matrix of the group, in order
    std::array<bool, Activations::kForms> owner{};  // this entry's rows must be converted (first user of a form)
    std::size_t n = 0;
  };

  // forward_pass.cpp
  void layers(const StepPlan& plan) noexcept;
  void layer(std::uint32_t index) noexcept;
  void drop_rows() noexcept;
  void output(std::span<float> logits) noexcept;

  // embed.cpp
  void embed(const StepPlan& plan) noexcept;

  // stages.cpp: what the blocks are made of
  Inputs inputs_for(std::initializer_list<const Linear*> linears, std::uint32_t n_rows,
                    std::uint32_t n_decode_rows) noexcept;
  Inputs inputs_for(std::initializer_list<const Linear*> linears) noexcept {
    return inputs_for(linears, rows_.n_rows(), rows_.n_decode_rows());
  }
  kernels::Range my_rows(std::uint32_t worker) const noexcept;
  void normalize(const Norm& norm, const float* x, std::size_t n, float* y) const noexcept;
  // normed = norm(x), which the inputs read; with an empty norm they read x itself.
  void norm_and_convert(const Norm& norm, const Inputs& inputs) noexcept;
  void convert_rows(const float* x, const Inputs& inputs) noexcept;
  void convert_mine(const float* x, const Inputs& inputs, kernels::Range rows) const noexcept;
  // Calls body(owner, matrix, rows) for the rows that this worker gets of n_matrices ones like `like`, which multiply
  // `input`. In a parallel region, in the same order on every worker.
  template <class Body>
  void deal_rows(const Matrix& like, std::size_t n_matrices, const Input& input, std::uint32_t worker,
                 Body body) noexcept {
    dealer_.deal(worker, {.shares = like.worker_rows, .n_matrices = n_matrices, .piece = piece_rows(input)}, body);
  }
  // y[t, r] = scale * W x + bias for rows r of the matrix, which are some of worker owner's.
  void apply_rows(const Linear& linear, const Input& input, std::uint32_t owner, kernels::Range rows, float* y,
                  std::size_t y_stride) const noexcept;
  // The same for the rows that this worker gets, and then after(rows).
  template <class After>
  void apply(const Linear& linear, const Input& input, std::uint32_t worker, float* y, std::size_t y_stride,
             After after) noexcept {
    deal_rows(linear.matrix, 1, input, worker, [&](std::uint32_t owner, std::size_t, kernels::Range rows) {
      apply_rows(linear, input, owner, rows, y, y_stride);
      after(rows);
    });
  }
  void apply(const Linear& linear, const Input& input, std::uint32_t worker, float* y, std::size_t y_stride) noexcept {
    apply(linear, input, worker, y, y_stride, [](kernels::Range) {});
  }
  // Where a block's answer goes: the residual stream, or a sum beside it.
  struct Sum {
    float* to = nullptr;
    float scale = 1.0f;  // of what is added
  };
  Sum stream() const noexcept { return {a_.x, params_.residual_scale}; }
  // to += scale * row_scale * post(W in + bias). row_scale: [n_rows] or nullptr.
  void project_and_add(const Linear& linear, const float* in, const Norm& post, const float* row_scale,
                       const Sum& sum) noexcept;
  void project_and_add(const Linear& linear, const float* in, const Norm& post) noexcept {
    project_and_add(linear, in, post, nullptr, stream());
  }
  void normalize_rows(const Norm& norm, float* rows, std::size_t width) noexcept;  // in place
  void add_rows(const float* rows, const Norm& post) noexcept;                     // x += residual_scale * post(rows)
  template <class Body>
  void for_each_item(std::uint32_t n_items, Body body) noexcept;  // workers take items in turn

  std::uint32_t cache_layer(const LayerParams& layer) const noexcept {
    return cache_.one_layer ? 0 : layer.cache_layer;
  }
  float* state_of(const SeqRows& seq, const LayerParams& layer) noexcept {
    return cache_.arena->state(seq.state_page, cache_.one_layer ? 0 : layer.state_layer);
  }
  // Behind the inputs of the convolution.
  float* memory_of(const SeqRows& seq, const LayerParams& layer) noexcept {
    return state_of(seq, layer) + std::size_t{params_.conv_kernel - 1} * params_.conv_width();
  }

  // attention.cpp
  void attention(const LayerWeights& w, const LayerParams& layer) noexcept;
  void finish_qkv(const LayerWeights& w, const LayerParams& layer, kernels::Range rows) noexcept;
  void normalize_heads(const Norm& norm, float* x, std::uint32_t n_heads, std::size_t d_head) const noexcept;
  void scale_to_unit(float* heads, std::uint32_t n_heads, std::size_t d_head) const noexcept;
  float query_factor(std::size_t row) const noexcept;  // of layers whose queries grow with the position
  struct HeadCache {
    std::byte* k = nullptr;
    std::byte* v = nullptr;
  };
  HeadCache head_cache(const LayerParams& layer, std::uint32_t kv_head) noexcept;  // of page 0
  void linear_mixer(const LayerWeights& w) noexcept;
  void rotate(const LayerParams& layer, std::size_t row, float* x, std::uint32_t n_heads,
              std::size_t d_head) const noexcept;
  void store_kv(const LayerParams& layer, std::size_t row, const float* k, const float* v) noexcept;
  void attend(const LayerWeights& w, const LayerParams& layer, const AttentionItem& item,
              std::uint32_t kv_head) noexcept;
  void attend_all(const LayerWeights& w, const LayerParams& layer) noexcept;

  // distance_attention.cpp
  void attend_by_distance(const LayerWeights& w, const LayerParams& layer, const AttentionItem& item,
                          std::uint32_t head) noexcept;

  // latent_attention.cpp
  void latent_attention(const LayerWeights& w, const LayerParams& layer) noexcept;
  void latent_queries(const LayerWeights& w) noexcept;
  void latent_keys(const LayerWeights& w, const LayerParams& layer) noexcept;
  void multiply_heads(const std::vector<Linear>& heads, const float* x, float* y, std::size_t y_stride,
                      std::size_t y_head_stride) noexcept;

  // delta_net.cpp, short_conv.cpp
  void delta_net(const LayerWeights& w, const LayerParams& layer) noexcept;
  void delta_inputs(const LayerWeights& w) noexcept;
  void part_fused_row(std::size_t row) noexcept;
  void part_fused_gates(std::size_t row) noexcept;
  void prepare_delta_row(const LayerWeights& w, std::size_t row) noexcept;
  void delta_head(const LayerWeights& w, const LayerParams& layer, const SeqRows& seq, std::uint32_t head) noexcept;
  void short_conv(const LayerWeights& w, const LayerParams& layer) noexcept;
  // out[row, c] = sum over taps of the channel's inputs up to this row, for worker's channels of all sequences; the
  // sequence's state keeps the last inputs. in, out: [rows, stride].
  void convolve(const LayerWeights& w, const LayerParams& layer, kernels::Range channels, const float* in,
                std::size_t in_stride, float* out, std::size_t out_stride) noexcept;

  // mamba.cpp
  // With `beside`, what attention has normalized is read; else norm(x).
  void mamba(const LayerWeights& w, const LayerParams& layer, bool beside) noexcept;
  void part_gates(std::size_t row) noexcept;
  void project_steps(const LayerWeights& w) noexcept;
  void prepare_steps(const LayerWeights& w, std::size_t row) noexcept;
  void scan(const LayerWeights& w, const LayerParams& layer, const SeqRows& seq, std::uint32_t block) noexcept;
  void finish_channels(const LayerWeights& w, std::size_t row) noexcept;

  // rwkv.cpp
  void rwkv(const LayerWeights& w, const LayerParams& layer, std::uint32_t index) noexcept;
  void shift_rows(const LayerParams& layer, std::size_t slot, float* delta) noexcept;
  void lerp_rows(const float* lerp, const float* extra, float* out) noexcept;
  void product(const Linear& linear, const float* x, float* y) noexcept;
  template <class Function>
  void for_each_value(float* values, std::size_t width, Function f) noexcept;
  void mix_rwkv6(const LayerWeights& w) noexcept;
  void mix_rwkv7(const LayerWeights& w, std::uint32_t index) noexcept;
  void prepare_rwkv7_row(const LayerWeights& w, std::size_t row) noexcept;
  void rwkv_head(const LayerWeights& w, const LayerParams& layer, const SeqRows& seq, std::uint32_t head) noexcept;
  void mix_channels(const LayerWeights& w, const LayerParams& layer) noexcept;

  // ffn.cpp
  void feed(const LayerWeights& w, const LayerParams& layer) noexcept;
  struct DenseBlock {
    const Linear &gate, &up, &down;
    const Norm &inner, &post;  // of what `down` reads, and of its answer
  };
  void dense(const DenseBlock& block, const LayerParams& layer, const float* in, const float* row_scale,
             const Sum& sum) noexcept;
  void activate_sparse(const LayerParams& layer, std::size_t d_ff) noexcept;
  void activate(const LayerParams& layer, float* gate, float* up, std::size_t n, bool gated) const noexcept;
  const float* ffn_input(const LayerWeights& w) noexcept;

  // per_layer.cpp
  void embed_per_layer(const StepPlan& plan) noexcept;
  void add_per_layer(const LayerWeights& w, std::uint32_t index) noexcept;
  void scale_stream(float scale) noexcept;
  void part_streams() noexcept;
  void predict_streams(const LayerWeights& w) noexcept;
  void find_stream_mix(const LayerWeights& w, const Linear& coefficients, const float* from) noexcept;
  void add_laurel(const LayerWeights& w) noexcept;
  void correct_streams(const LayerWeights& w) noexcept;
  void join_streams() noexcept;

  // moe.cpp
  void moe(const LayerWeights& w, const LayerParams& layer, const Sum& sum) noexcept;
  void score_experts(const LayerWeights& w, const Norm& norm) noexcept;
  const float* expert_inputs(const LayerWeights& w) noexcept;
  void sum_experts(const LayerWeights& w, const LayerParams& layer, const float* in, const Sum& sum) noexcept;
  void shared_expert(const LayerWeights& w, const LayerParams& layer, const Sum& sum) noexcept;
  Input expert_input(const Matrix& matrix, std::uint32_t expert, std::size_t form) const noexcept;
  void gather_slots(const float* in, std::uint32_t worker) noexcept;
  void convert_slots(const std::vector<Linear>& experts, const float* x, std::size_t form,
                     std::uint32_t worker) const noexcept;
  // Calls body(expert, owner, rows) for the rows that this worker gets of the experts that have slots.
  template <class Body>
  void deal_expert_rows(const std::vector<Linear>& experts, std::uint32_t worker, Body body) noexcept;
  // y[slot] = expert's matrix * slot + bias, for some of owner's rows.
  void multiply_slots(const Linear& matrix, std::uint32_t expert, std::size_t form, std::uint32_t owner,
                      kernels::Range rows, float* y, std::size_t y_stride) const noexcept;

  const Model& model_;
  const ArchSpec& arch_;
  const HyperParams& params_;
  kernels::CorePool& pool_;
  kernels::RowDealer dealer_;
  const kernels::KernelTable& kernels_;
  Cache cache_;
  std::array<RopeTable, 2> rope_;
  StepRows rows_;
  Activations a_;
  ExpertRouter router_;
  std::vector<float> alibi_slopes_;  // [n_heads]
  std::vector<float> ones_;          // weights of a norm that has none
  bool same_heads_ = true;           // in all layers: the arena knows them
  std::atomic<std::uint32_t> next_item_{0};
  std::atomic<std::uint64_t> n_layers_done_{0};
};

template <class Body>
void ForwardPass::for_each_item(std::uint32_t n_items, Body body) noexcept {
  next_item_.store(0, std::memory_order_relaxed);  // the pool's hand-over orders this before the workers' reads
  pool_.run([&](std::uint32_t) {
    for (std::uint32_t i; (i = next_item_.fetch_add(1, std::memory_order_relaxed)) < n_items;) body(i);
  });
}

}  // namespace quern::engine
