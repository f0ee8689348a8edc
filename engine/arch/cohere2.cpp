// Command R7B, Command A: Command R where three layers of four have a window and rope, and the fourth sees everything
// without positions. Source: arXiv 2504.00698.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Status adjust_cohere2(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.logit_scale, keys.positive("logit_scale", kMaxFloatKey));
  QUERN_TRY(const std::uint32_t window, keys.count("attention.sliding_window", 1, UINT32_MAX));
  QUERN_CHECK(read_windows(keys, 4, FullLayer::last, window, p));
  rotate_in_windows(p);
  p.parallel_residual = true;
  return {};
}

}  // namespace

extern const ArchSpec kCohere2{.gguf_arch = "cohere2",
                               .norm = NormKind::layer,
                               .qk_norm = QkNorm::each_head,
                               .adjust = &adjust_cohere2,
                               .layer_tensors = blocks::kOneNormLayer};

}  // namespace quern::engine
