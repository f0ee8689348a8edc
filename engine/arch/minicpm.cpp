// MiniCPM: Llama with multipliers for embeddings and residuals; logits are divided. Files of 2024 state none of them
// and mean those of the 2B model. Source: arXiv 2404.06395, table 1 and configuration of openbmb/MiniCPM-2B.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

Status adjust_minicpm(const KeyReader& keys, HyperParams& p) {
  const double layers = p.n_layers(), base_width = 256.0;
  QUERN_TRY(const double embedding, keys.positive_or("embedding_scale", kMaxFloatKey, 12.0));
  QUERN_TRY(const double residual, keys.positive_or("residual_scale", kMaxFloatKey, 1.4 / std::sqrt(layers)));
  QUERN_TRY(const double logits, keys.positive_or("logit_scale", kMaxFloatKey, p.d_model / base_width));
  p.embedding_scale = static_cast<float>(embedding);
  p.residual_scale = static_cast<float>(residual);
  p.logit_scale = static_cast<float>(1.0 / logits);
  return {};
}

}  // namespace

extern const ArchSpec kMinicpm{.gguf_arch = "minicpm",
                               .mixture = {.use = MixtureRule::Use::optional, .shared = MixtureRule::Shared::length},
                               .adjust = &adjust_minicpm};

}  // namespace quern::engine
