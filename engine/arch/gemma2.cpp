// Gemma 2: Gemma with norms after each block too, soft caps on scores and logits, and a window in every second layer.
// Source: arXiv 2408.00118; the 27B model divides scores by the root of d_model / n_heads.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

constexpr std::uint32_t kGemma2LayersOf27B = 46;

Status adjust_gemma2(const KeyReader& keys, HyperParams& p) {
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  QUERN_CHECK(read_windows(keys, 2, FullLayer::last, 4096, p));
  QUERN_TRY(const double scores, keys.positive_or("attn_logit_softcapping", kMaxFloatKey, 50.0));
  QUERN_TRY(const double logits, keys.positive_or("final_logit_softcapping", kMaxFloatKey, 30.0));
  p.attention_softcap = static_cast<float>(scores);
  p.final_softcap = static_cast<float>(logits);
  if (p.n_layers() == kGemma2LayersOf27B)
    p.attention_scale = 1.0f / std::sqrt(static_cast<float>(p.d_model / p.n_heads));
  return {};
}

}  // namespace

extern const ArchSpec kGemma2{.gguf_arch = "gemma2",
                              .rope = RopeStyle::split,
                              .activation = Activation::gelu,
                              .adjust = &adjust_gemma2,
                              .layer_tensors = blocks::kSandwichLayer};

}  // namespace quern::engine
