// Gemma 3 and EmbeddingGemma: Gemma 2 with normalized queries and keys instead of soft caps; five layers of six have a
// window and rotate with a base of their own. The embedding model has no causal mask, and its window reaches to both
// sides; its vectors go through two linear layers. Source: arXiv 2503.19786 (Gemma 3), 2509.20354 (EmbeddingGemma).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>
#include <utility>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kGemma3Layer[] = {
    {Where::every_layer, kPreNorms}, {Where::every_layer, kPostNorms}, {Where::attention, kAttention},
    {Where::attention, kHeadNorms},  {Where::dense, kGatedFfn},
};

// The linear layers that follow pooling.
constexpr ModelTensor kEmbedder[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"rope_freqs.weight", optional, &M::rope_factors, Dim::rope_pairs},
    {"cls", optional, &M::cls, Dim::d_model, Dim::d_model},
    {"cls.output", optional, &M::cls_out, Dim::any, Dim::d_model},
    {"dense_2", optional, &M::dense_2, Dim::d_dense, Dim::d_model},
    {"dense_3", optional, &M::dense_3, Dim::d_model, Dim::d_dense},
};

constexpr std::uint32_t kGemma3LayersOf27B = 62;
constexpr double kLocalBase = 10000.0;

Status read_gemma3(const KeyReader& keys, HyperParams& p) {
  p.embedding_scale = std::sqrt(static_cast<float>(p.d_model));
  QUERN_CHECK(read_windows(keys, 6, FullLayer::last, 0, p));
  return read_local_rope(keys, kLocalBase, p);
}

Status adjust_gemma3(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_gemma3(keys, p));
  if (p.n_layers() == kGemma3LayersOf27B)
    p.attention_scale = 1.0f / std::sqrt(static_cast<float>(p.d_model / p.n_heads));
  if (keys.has("final_logit_softcapping")) {
    QUERN_TRY(p.final_softcap, keys.positive("final_logit_softcapping", kMaxFloatKey));
  }
  return {};
}

// Files made without them have neither these keys nor the tensors.
Status read_gemma3_dense(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.d_dense, keys.count_or("dense_2_feat_out", 0, kMaxWidth, 0));
  for (const auto& [key, want] :
       {std::pair{"dense_2_feat_in", p.d_model}, {"dense_3_feat_in", p.d_dense}, {"dense_3_feat_out", p.d_model}}) {
    if (p.d_dense == 0) {
      QUERN_CHECK(keys.refuse(key));
      continue;
    }
    QUERN_TRY(const std::uint32_t found, keys.count_or(key, 0, kMaxWidth, want));
    QUERN_CHECK(require_same(keys, key, found, want));
  }
  return {};
}

Status adjust_gemma_embedding(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_gemma3(keys, p));
  QUERN_CHECK(read_encoder_mask(keys, p));
  p.window_kind = kernels::WindowKind::around;
  return read_gemma3_dense(keys, p);
}

}  // namespace

extern const ArchSpec kGemma3{.gguf_arch = "gemma3",
                              .rope = RopeStyle::split,
                              .activation = Activation::gelu,
                              .adjust = &adjust_gemma3,
                              .layer_tensors = kGemma3Layer};

extern const ArchSpec kGemmaEmbedding{.gguf_arch = "gemma-embedding",
                                      .rope = RopeStyle::split,
                                      .activation = Activation::gelu,
                                      .generates = false,
                                      .adjust = &adjust_gemma_embedding,
                                      .model_tensors = kEmbedder,
                                      .layer_tensors = kGemma3Layer};

}  // namespace quern::engine
