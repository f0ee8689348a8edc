#include "engine/forward.hpp"

#include "base/assert.hpp"
#include "engine/forward_pass.hpp"
#include "engine/linear.hpp"
#include "engine/text_embedder.hpp"

#include <algorithm>

namespace quern::engine {

namespace {

// 0 or absurd limits are the caller's mistake; a context beyond the model's training is allowed (rope scaling), but not
// beyond what positions can express.
Status check_limits(const BackendLimits& limits, const HyperParams& params) {
  if (limits.max_tokens_per_step == 0 || limits.max_tokens_per_step > 65536)
    return fail_field("max_tokens_per_step", "want 1 to 65536, found {}", limits.max_tokens_per_step);
  if (limits.max_seqs_per_step == 0 || limits.max_seqs_per_step > limits.max_tokens_per_step)
    return fail_field("max_seqs_per_step", "want 1 to {}, found {}", limits.max_tokens_per_step,
                      limits.max_seqs_per_step);
  if (limits.max_logits_per_step == 0 || limits.max_logits_per_step > limits.max_tokens_per_step)
    return fail_field("max_logits_per_step", "want 1 to {}, found {}", limits.max_tokens_per_step,
                      limits.max_logits_per_step);
  if (limits.max_context == 0 || limits.max_context > kMaxContext)
    return fail_field("max_context", "want 1 to {}, found {}", kMaxContext, limits.max_context);
  if (params.n_learned_positions != 0 && limits.max_context > params.n_learned_positions)
    return fail_field("max_context", "want at most the {} positions that this model has learned, found {}",
                      params.n_learned_positions, limits.max_context);
  return {};
}

Status check_arena(const HyperParams& p, const kv::KvConfig& kv) {
  const kv::KvConfig want = kv_config_for(p, kv.type, kv.page_tokens, kv.n_pages, kv.n_state_pages);
  if (kv.n_state_layers != want.n_state_layers || kv.state_values != want.state_values ||
      (want.n_state_layers > 0 && kv.n_state_pages == 0)) {
    return fail(Errc::bad_input, "KV arena: want state pages of {} layers with {} values, found {} of {} with {}",
                want.n_state_layers, want.state_values, kv.n_state_pages, kv.n_state_layers, kv.state_values);
  }
  if (kv.n_layers == want.n_layers && kv.n_kv_heads == want.n_kv_heads && kv.d_head_k == want.d_head_k &&
      kv.d_head_v == want.d_head_v) {
    return {};
  }
  return fail(Errc::bad_input,
              "KV arena: want {} layers of {} heads with widths {} and {}, found {} of {} with {} and {}",
              want.n_layers, want.n_kv_heads, want.d_head_k, want.d_head_v, kv.n_layers, kv.n_kv_heads, kv.d_head_k,
              kv.d_head_v);
}

}  // namespace

struct CpuExecutor::Impl {
  const Model& model;
  kv::PageArena* arena;
  BackendLimits limits;
  ForwardPass pass;
  std::unique_ptr<TextEmbedder> embedder;  // nullptr: not made for it
};

namespace {

struct KvShape {
  std::uint32_t n_layers = 1, n_heads = 1, d_k = 4, d_v = 4;  // pages of a model without attention hold next to nothing
};

// Where layers have different heads, those of one follow each other in a head that is wide enough for all.
KvShape kv_shape(const HyperParams& p) noexcept {
  const std::uint32_t n_layers = p.n_kv_layers();
  if (n_layers == 0) return {};
  if (p.same_heads()) return {n_layers, p.n_kv_heads, p.d_head_k, p.d_head_v};
  constexpr auto kBlock = static_cast<std::uint32_t>(kernels::kKvQ8Values);
  const auto in_blocks = [](std::uint32_t n) { return (n + kBlock - 1) / kBlock * kBlock; };
  KvShape shape{.n_layers = n_layers};
  for (const LayerParams& layer : p.layers) {
    if (!layer.keeps_kv()) continue;
    shape.d_k = std::max(shape.d_k, layer.n_kv_heads * in_blocks(layer.d_head_k));
    shape.d_v = std::max(shape.d_v, layer.n_kv_heads * in_blocks(layer.d_head_v));
  }
  return shape;
}

}  // namespace

kv::KvConfig kv_config_for(const HyperParams& p, kernels::KvType type, std::uint32_t page_tokens, std::uint32_t n_pages,
                           std::uint32_t n_state_pages) noexcept {
  const KvShape shape = kv_shape(p);
  return {.n_layers = shape.n_layers,
          .n_kv_heads = shape.n_heads,
          .d_head_k = shape.d_k,
          .d_head_v = shape.d_v,
          .page_tokens = page_tokens,
          .n_pages = n_pages,
          .type = type,
          .n_state_layers = p.n_state_layers(),
          .state_values = p.state_values(),
          .n_state_pages = p.n_state_layers() > 0 ? n_state_pages : 0};
}

// BackendLimits::same_arithmetic.
static bool has_one_arithmetic(const ModelWeights& weights, const kernels::KernelTable& kernels) noexcept {
  bool same = true;
  const auto look = [&](const Matrix& m) {
    same = same && decode_kernel(m, kernels).run == prefill_kernel(m, kernels).run;
  };
  if (weights.output) look(weights.output.matrix);
  for (const LayerWeights& layer : weights.layers) {
    layer.for_each_matrix(look);
    layer.for_each_expert_matrix(look);
  }
  return same;
}

Result<std::unique_ptr<CpuExecutor>> CpuExecutor::create(const Model& model, kv::PageArena* arena,
                                                         kernels::CorePool& pool, const kernels::KernelTable& kernels,
                                                         const BackendLimits& wanted, const kernels::Topology& topology,
                                                         ByteLedger& ledger) {
  BackendLimits limits = wanted;
  limits.same_arithmetic = has_one_arithmetic(model.weights(), kernels);
  QUERN_CHECK(check_limits(limits, model.params()));
  if (arena != nullptr) QUERN_CHECK(check_arena(model.params(), arena->config()));
  QUERN_TRY(Activations activations, Activations::create(model, kernels, limits, ledger));
  std::unique_ptr<TextEmbedder> embedder;
  if (!model.info().generates || model.info().pooling != Pooling::none) {
    QUERN_TRY(embedder, TextEmbedder::create(model, limits, topology, ledger));
  }
  auto impl = std::unique_ptr<Impl>(new Impl{
      model, arena, limits, ForwardPass(model, pool, kernels, limits, std::move(activations)), std::move(embedder)});
  return std::unique_ptr<CpuExecutor>(new CpuExecutor(std::move(impl)));
}

CpuExecutor::CpuExecutor(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
CpuExecutor::~CpuExecutor() = default;

const ModelInfo& CpuExecutor::info() const noexcept {
  return impl_->model.info();
}
const BackendLimits& CpuExecutor::limits() const noexcept {
  return impl_->limits;
}
std::uint64_t CpuExecutor::progress() const noexcept {
  return impl_->pass.n_layers_done();
}
void CpuExecutor::forward(const StepPlan& plan, std::span<float> logits) noexcept {
  QUERN_ASSERT(impl_->arena != nullptr && impl_->model.info().generates);
  impl_->pass.run(plan, {.arena = impl_->arena}, logits);
}

std::uint32_t CpuExecutor::embedding_width(Pooling pooling) const noexcept {
  return impl_->embedder != nullptr ? impl_->embedder->width(pooling) : 0;
}
std::span<const std::uint32_t> CpuExecutor::embed(const StepPlan& plan, Pooling pooling,
                                                  std::span<float> out) noexcept {
  QUERN_ASSERT(can_embed());
  return impl_->embedder->embed(impl_->pass, plan, pooling, out);
}
bool CpuExecutor::can_embed() const noexcept {
  return impl_->embedder != nullptr;
}

}  // namespace quern::engine
