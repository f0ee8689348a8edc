// Gemma 3 and EmbeddingGemma: Gemma 2 with normalized queries and keys instead of soft caps; five layers of six have a
// window and rotate with a base of their own. The embedding model has no causal mask, and its window reaches to both
// sides. Source: arXiv 2503.19786 (Gemma 3), 2509.20354 (EmbeddingGemma).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kLayer[] = {
    {Where::every_layer, kPreNorms}, {Where::every_layer, kPostNorms}, {Where::attention, kAttention},
    {Where::attention, kHeadNorms},  {Where::dense, kGatedFfn},
};

constexpr std::uint32_t kLayersOf27B = 62;
constexpr double kLocalBase = 10000.0;

Result<HyperParams> read_params(const KeyReader& keys, std::uint32_t window) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  QUERN_CHECK(read_windows(keys, 6, FullLayer::last, window, p));
  QUERN_CHECK(read_local_rope(keys, kLocalBase, p));
  return p;
}

Result<HyperParams> read_decoder(const gguf::GgufFile& file) {
  const KeyReader keys(file, "gemma3");
  QUERN_TRY(HyperParams p, read_params(keys, 0));
  if (p.n_layers() == kLayersOf27B) p.attention_scale = 1.0f / std::sqrt(static_cast<float>(p.d_model / p.n_heads));
  if (keys.has("final_logit_softcapping")) {
    QUERN_TRY(p.final_softcap, keys.positive("final_logit_softcapping", kMaxFloatKey));
  }
  assign_cache_layers(p);
  return p;
}

Result<HyperParams> read_encoder(const gguf::GgufFile& file) {
  const KeyReader keys(file, "gemma-embedding");
  QUERN_TRY(HyperParams p, read_params(keys, 0));
  p.causal = false;
  p.window_kind = kernels::WindowKind::around;
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kGemma3{.gguf_arch = "gemma3",
                              .rope = RopeStyle::split,
                              .activation = Activation::gelu,
                              .read_params = &read_decoder,
                              .model_tensors = blocks::kDecoder,
                              .layer_tensors = kLayer};

extern const ArchSpec kGemmaEmbedding{.gguf_arch = "gemma-embedding",
                                      .rope = RopeStyle::split,
                                      .activation = Activation::gelu,
                                      .generates = false,
                                      .read_params = &read_encoder,
                                      .model_tensors = blocks::kDecoder,
                                      .layer_tensors = kLayer};

}  // namespace quern::engine
