#include "engine/forward_pass.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>

namespace quern::engine {

namespace {

// One slope per head: powers of 2^(-bias / n) for the largest power of two n of heads, and between them for the rest.
// Source: arXiv 2108.12409 (ALiBi), section 3, and its reference implementation for other numbers of heads.
std::vector<float> slopes_of(std::uint32_t n_heads, float max_bias) {
  std::vector<float> slopes;
  if (max_bias == 0.0f) return slopes;
  const std::uint32_t n = std::bit_floor(n_heads);
  for (std::uint32_t head = 0; head < n_heads; ++head) {
    const double exponent = head < n ? head + 1.0 : (head - n) + 0.5;
    slopes.push_back(static_cast<float>(std::exp2(-static_cast<double>(max_bias) * exponent / n)));
  }
  return slopes;
}

}  // namespace

ForwardPass::ForwardPass(const Model& model, kernels::CorePool& pool, const kernels::KernelTable& kernels,
                         const BackendLimits& limits, Activations activations)
    : model_(model),
      arch_(model.arch()),
      params_(model.params()),
      pool_(pool),
      dealer_(pool),
      kernels_(kernels),
      rope_{model.rope(0, limits.max_context), model.rope(1, limits.max_context)},
      rows_(limits),
      a_(std::move(activations)),
      router_(params_.moe, limits.max_tokens_per_step),
      alibi_slopes_(slopes_of(params_.n_heads, params_.alibi_max_bias)),
      ones_(std::max({params_.d_head_k, params_.d_head_v, params_.ssm.dt_rank, params_.ssm.d_state}), 1.0f),
      same_heads_(params_.same_heads()) {}

void ForwardPass::run(const StepPlan& plan, const Cache& cache, std::span<float> logits) noexcept {
  QUERN_DCHECK(logits.size() >= std::size_t{plan.n_logits()} * params_.n_vocab);
  if (plan.n_tokens() == 0) return;
  cache_ = cache;
  layers(plan);
  if (rows_.n_rows() > 0) output(logits);
}

std::span<const float> ForwardPass::hidden(const StepPlan& plan, const Cache& cache) noexcept {
  cache_ = cache;
  layers(plan);
  if (rows_.n_rows() > 0 && model_.weights().output_norm)
    normalize_rows(model_.weights().output_norm, a_.x, params_.d_model);
  return {a_.x, std::size_t{rows_.n_rows()} * params_.d_model};
}

void ForwardPass::layers(const StepPlan& plan) noexcept {
  rows_.begin(plan);
  embed(plan);
  if (params_.per_layer.width > 0) embed_per_layer(plan);
  if (params_.per_layer.n_streams > 1) part_streams();
  for (std::uint32_t i = 0; i < params_.n_layers() && rows_.n_rows() > 0; ++i) {
    if (rows_.any_cancelled() && rows_.select_live()) drop_rows();
    if (rows_.n_rows() > 0) layer(i);
    n_layers_done_.fetch_add(1, std::memory_order_relaxed);
  }
  if (params_.per_layer.n_streams > 1 && rows_.n_rows() > 0) join_streams();
}

void ForwardPass::layer(std::uint32_t index) noexcept {
  const LayerWeights& w = model_.weights().layers[index];
  const LayerParams& params = params_.layers[index];
  if (arch_.router_first && params.experts) score_experts(w, Norm{});
  if (w.streams_router) predict_streams(w);
  switch (params.mixer) {
    case Mixer::none:
      break;
    case Mixer::attention:
      attention(w, params);
      break;
    case Mixer::latent_attention:
      latent_attention(w, params);
      break;
    case Mixer::linear:
      linear_mixer(w);
      break;
    case Mixer::delta_net:
      delta_net(w, params);
      break;
    case Mixer::short_conv:
      short_conv(w, params);
      break;
    case Mixer::mamba:
      mamba(w, params, false);
      break;
    case Mixer::rwkv6:
    case Mixer::rwkv7:
      rwkv(w, params, index);
      break;
  }
  if (params.mamba_beside) mamba(w, params, true);
  if (w.laurel_down) add_laurel(w);
  if (index + 1 == params_.n_layers() && rows_.select_logits()) drop_rows();
  if (rows_.n_rows() == 0) return;
  if (w.attn_out_norm) normalize_rows(w.attn_out_norm, a_.x, params_.d_model);
  feed(w, params);
  if (w.streams_router) correct_streams(w);
  if (w.per_layer_gate) add_per_layer(w, index);
  if (!w.output_scale.empty()) scale_stream(w.output_scale[0]);
  if (w.ffn_out_norm) normalize_rows(w.ffn_out_norm, a_.x, params_.d_model);
}

// Moves what outlives a stage (residual stream, rotations, the norm that a parallel feed-forward reads) to the rows
// that stay. Kept rows ascend, so no row is overwritten before it has moved.
void ForwardPass::drop_rows() noexcept {
  std::size_t to = 0;
  for (const std::uint32_t from : rows_.kept()) {
    const auto move = [&](float* rows, std::size_t width) {
      if (rows != nullptr) std::memcpy(rows + to * width, rows + from * width, width * sizeof(float));
    };
    if (from != to) {
      move(a_.x, params_.d_model);
      for (std::size_t i = 0; i < rope_.size(); ++i) move(a_.cos_sin[i], params_.rope[i].n_rot);
      if (params_.parallel_residual) move(a_.normed, params_.d_model);
      move(a_.per_layer, std::size_t{params_.per_layer.width} * params_.n_layers());
      move(a_.rwkv_first, params_.d_model);
      for (float* stream : a_.streams) move(stream, params_.d_model);
      if (arch_.router_first) move(a_.router, params_.moe.n_experts);
    }
    ++to;
  }
  rows_.compact();
}

// logits = output * norm(x). Only rows that need logits are left here, in the order of the plan.
void ForwardPass::output(std::span<float> logits) noexcept {
  const ModelWeights& w = model_.weights();
  const std::size_t n_vocab = params_.n_vocab;
  const Inputs in = inputs_for({&w.output});
  norm_and_convert(w.output_norm, in);
  pool_.run([&](std::uint32_t worker) {
    apply(w.output, in.input[0], worker, logits.data(), n_vocab, [&](kernels::Range mine) {
      const std::size_t n = mine.end - mine.begin;
      for (std::size_t row = 0; row < rows_.n_rows(); ++row) {
        float* values = logits.data() + row * n_vocab + mine.begin;
        if (params_.logit_scale != 1.0f) {
          for (std::size_t i = 0; i < n; ++i) values[i] *= params_.logit_scale;
        }
        if (params_.final_softcap != 0.0f) kernels_.softcap(values, params_.final_softcap, n, values);
      }
    });
  });
  // Rows dropped inside the step leave gaps: spread from the back, each row to its own slot.
  for (std::size_t row = rows_.n_rows(); row-- > 0;) {
    const std::size_t slot = rows_.logits_slots()[row];
    if (slot != row)
      std::memcpy(logits.data() + slot * n_vocab, logits.data() + row * n_vocab, n_vocab * sizeof(float));
  }
}

}  // namespace quern::engine
