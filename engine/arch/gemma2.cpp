// Gemma 2: Gemma with norms after each block too, soft caps on scores and logits, and a window in every second layer.
// Source: arXiv 2408.00118; the 27B model divides scores by the root of d_model / n_heads.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kGemma2Layer[] = {
    {Where::every_layer, kPreNorms},
    {Where::every_layer, kPostNorms},
    {Where::attention, kAttention},
    {Where::dense, kGatedFfn},
};

constexpr std::uint32_t kGemma2LayersOf27B = 46;

Result<HyperParams> read_gemma2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  QUERN_CHECK(read_windows(keys, 2, FullLayer::last, 4096, p));
  QUERN_TRY(const double scores, keys.positive_or("attn_logit_softcapping", kMaxFloatKey, 50.0));
  QUERN_TRY(const double logits, keys.positive_or("final_logit_softcapping", kMaxFloatKey, 30.0));
  p.attention_softcap = static_cast<float>(scores);
  p.final_softcap = static_cast<float>(logits);
  if (p.n_layers() == kGemma2LayersOf27B)
    p.attention_scale = 1.0f / std::sqrt(static_cast<float>(p.d_model / p.n_heads));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kGemma2{.gguf_arch = "gemma2",
                              .rope = RopeStyle::split,
                              .activation = Activation::gelu,
                              .read_params = &read_gemma2,
                              .model_tensors = blocks::kDecoder,
                              .layer_tensors = kGemma2Layer};

}  // namespace quern::engine
