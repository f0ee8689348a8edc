// Hunyuan, dense and MoE: Llama with rope on split halves whose query and key heads are normalized after rotation. The
// mixtures have an expert for all tokens. Files made for long contexts state a factor of the rotation's base.
// Source: arXiv 2411.02265 (Hunyuan-Large); configurations of tencent/Hunyuan-7B-Instruct and Hunyuan-A13B-Instruct.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

Status adjust_hunyuan(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const float alpha, keys.number_or("rope.scaling.alpha", 0, kMaxFloatKey, 0));
  const double d = p.rope[0].n_rot;
  if (alpha > 0.0f && d > 2) p.rope[0].freq_base *= std::pow(static_cast<double>(alpha), d / (d - 2));
  return {};
}

}  // namespace

extern const ArchSpec kHunyuanDense{.gguf_arch = "hunyuan-dense",
                                    .rope = RopeStyle::split,
                                    .qk_norm_last = true,
                                    .adjust = &adjust_hunyuan,
                                    .layer_tensors = blocks::kHeadNormLayer};

extern const ArchSpec kHunyuanMoe{
    .gguf_arch = "hunyuan-moe",
    .rope = RopeStyle::split,
    .qk_norm_last = true,
    .mixture = {.use = MixtureRule::Use::required, .shared = MixtureRule::Shared::length_or_dense},
    .adjust = &adjust_hunyuan,
    .layer_tensors = blocks::kHeadNormLayer};

}  // namespace quern::engine
