// Ministral 3, Devstral 2: Llama with YaRN whose magnitude is divided by one of its own, and queries that grow with the
// position beyond the context trained first. Source: configuration of mistralai/Ministral-3-8B-Instruct-2512
// (rope_parameters: mscale, mscale_all_dim, llama_4_scaling_beta).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

Status adjust_mistral3(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.temperature_scale, keys.number_or("attention.temperature_scale", 0, kMaxFloatKey, 0));
  p.temperature_floor = static_cast<float>(p.rope[0].original_context);
  for (LayerParams& layer : p.layers) layer.query_temperature = p.temperature_scale != 0.0f;
  RopeParams& rope = p.rope[0];
  QUERN_TRY(const float multiplier, keys.number_or("rope.scaling.yarn_log_multiplier", 0, kMaxFloatKey, 0));
  if (rope.scaling == RopeScaling::yarn && rope.factor > 1.0)
    rope.attn_factor /= 1.0 + 0.1 * static_cast<double>(multiplier) * std::log(rope.factor);
  return {};
}

}  // namespace

extern const ArchSpec kMistral3{.gguf_arch = "mistral3",
                                .mixture = {.use = MixtureRule::Use::optional, .shared = MixtureRule::Shared::length},
                                .adjust = &adjust_mistral3};

}  // namespace quern::engine
