// Latent attention: DeepSeek V2, V2 Lite, V3 and R1, Mistral 4, MiniCPM 3. DeepSeek has dense layers first, then
// fine-grained experts with one or more for all tokens; V3 scores experts with a sigmoid, biases their choice, and
// chooses within the best groups. Mistral's queries grow with the position. MiniCPM is dense, rotates split halves, and
// has fixed multipliers. Files hold the matrices that expand the cached vector to keys and to values either apart, or,
// the older ones, as one. Source: arXiv 2405.04434 (V2, section 2.1), 2412.19437 (V3, section 2.1); YaRN's factor on
// scores: the mscale_all_dim of the models' configurations, stored times 0.1; configurations of openbmb/MiniCPM3-4B and
// mistralai/Mistral-Small-4-119B-2603.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

#include <algorithm>
#include <cmath>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kLatent[] = {
    {"attn_kv_a_mqa", required, &L::kv_down, Dim::kv_rank_and_rope, Dim::d_model},
    {"attn_kv_a_norm", required, &L::kv_down_norm, Dim::kv_rank},
    {"attn_output", required, &L::attn_out, Dim::d_model, Dim::latent_out_width},
};
constexpr LayerTensor kSplitUp[] = {
    {"attn_k_b", required, &L::k_up, Dim::n_heads, Dim::kv_rank, Dim::d_nope},
    {"attn_v_b", required, &L::v_up, Dim::n_heads, Dim::d_value, Dim::kv_rank},
};
constexpr LayerTensor kJointUp[] = {
    {"attn_kv_b", required, LayerTensor::Joint{&L::k_up, &L::v_up}, Dim::latent_joint_width, Dim::kv_rank},
};
constexpr LayerTensor kPlainQ[] = {
    {"attn_q", required, &L::attn_q, Dim::latent_q_width, Dim::d_model},
};
constexpr LayerTensor kRankedQ[] = {
    {"attn_q_a", required, &L::q_down, Dim::q_rank, Dim::d_model},
    {"attn_q_a_norm", required, &L::q_down_norm, Dim::q_rank},
    {"attn_q_b", required, &L::q_up, Dim::latent_q_width, Dim::q_rank},
};
constexpr TensorGroup kDeepseek2Layer[] = {
    {Where::every_layer, kPreNorms}, {Where::latent_attention, kLatent}, {Where::latent_split, kSplitUp},
    {Where::latent_joint, kJointUp}, {Where::latent_plain_q, kPlainQ},   {Where::latent_ranked_q, kRankedQ},
    {Where::dense, kGatedFfn},       {Where::experts, kExperts},         {Where::shared_expert, kSharedExpert},
};

// Files of before latent attention was cached describe heads as they are when keys and values are expanded. The cache
// is the same for both: one compressed key per token, whose head is the only one.
Status read_expanded_heads(const KeyReader& keys, HyperParams& p) {
  LatentParams& latent = p.latent;
  if (p.n_kv_heads != p.n_heads)
    return fail(Errc::corrupt, "{}: want {} as without {}, found {}", keys.name("attention.head_count_kv"), p.n_heads,
                keys.name("attention.key_length_mla"), p.n_kv_heads);
  if (latent.kv_rank % 4 != 0 || latent.kv_rank + latent.d_rope > kMaxHeadWidth)
    return fail(Errc::unsupported, "{}: want a multiple of 4, at most {}, found {}",
                keys.name("attention.kv_lora_rank"), kMaxHeadWidth - latent.d_rope, latent.kv_rank);
  latent.joint = true;
  p.n_kv_heads = 1;
  p.d_head_k = latent.kv_rank + latent.d_rope;
  p.d_head_v = latent.kv_rank;
  return {};
}

Status read_latent(const KeyReader& keys, HyperParams& p) {
  LatentParams& latent = p.latent;
  QUERN_TRY(latent.kv_rank, keys.count("attention.kv_lora_rank", 1, kMaxHeadWidth));
  QUERN_TRY(latent.q_rank, keys.count_or("attention.q_lora_rank", 0, kMaxWidth, 0));
  const bool expanded = !keys.has("attention.key_length_mla") && !keys.has("attention.value_length_mla");
  const char* const key_name = expanded ? "attention.key_length" : "attention.key_length_mla";
  QUERN_TRY(const std::uint32_t d_key, keys.count(key_name, 1, kMaxHeadWidth));
  QUERN_TRY(latent.d_value,
            keys.count(expanded ? "attention.value_length" : "attention.value_length_mla", 1, kMaxHeadWidth));
  latent.d_rope = p.rope[0].n_rot;
  if (d_key <= latent.d_rope) {
    return fail(Errc::corrupt, "{}: want more than the {} values that rotate, found {}", keys.name(key_name),
                latent.d_rope, d_key);
  }
  latent.d_nope = d_key - latent.d_rope;
  if (expanded) QUERN_CHECK(read_expanded_heads(keys, p));
  if (p.n_kv_heads != 1)
    return fail(Errc::corrupt, "{}: want 1, found {}", keys.name("attention.head_count_kv"), p.n_kv_heads);
  if (p.d_head_k != latent.kv_rank + latent.d_rope || p.d_head_v != latent.kv_rank) {
    return fail(Errc::corrupt, "{}: want key and value lengths of {} and {}, found {} and {}",
                keys.name("attention.kv_lora_rank"), latent.kv_rank + latent.d_rope, latent.kv_rank, p.d_head_k,
                p.d_head_v);
  }
  if (std::uint64_t{p.n_heads} * std::max(d_key, latent.d_value) > kMaxWidth) {
    return fail(Errc::corrupt, "{}: {} heads are too many", keys.name("attention.head_count"), p.n_heads);
  }
  p.attention_scale = 1.0f / std::sqrt(static_cast<float>(d_key));
  for (LayerParams& layer : p.layers) {
    if (layer.n_heads != p.n_heads)
      return fail(Errc::unsupported, "{}: want one value for all layers, found {} and {}",
                  keys.name("attention.head_count"), p.n_heads, layer.n_heads);
    layer.mixer = Mixer::latent_attention;
    layer.n_kv_heads = p.n_kv_heads;
    layer.d_head_k = p.d_head_k;
    layer.d_head_v = p.d_head_v;
  }
  return {};
}

// With YaRN, scores carry the magnitude twice and rotations leave it out.
Status read_yarn(const KeyReader& keys, HyperParams& p) {
  RopeParams& rope = p.rope[0];
  if (rope.scaling != RopeScaling::yarn) return {};
  const double stretch = std::log(std::max(1.0, rope.factor));
  const double attn_factor = rope.attn_factor;
  double magnitude = attn_factor * (1.0 + 0.1 * stretch);
  if (keys.has("rope.scaling.yarn_log_multiplier")) {
    QUERN_TRY(const float multiplier, keys.positive("rope.scaling.yarn_log_multiplier", kMaxFloatKey));
    magnitude = attn_factor * (1.0 + static_cast<double>(multiplier) * stretch);
    rope.attn_factor = attn_factor / (1.0 + 0.1 * stretch);
  }
  p.attention_scale *= static_cast<float>(magnitude * magnitude);
  return {};
}

Status adjust_deepseek2(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_latent(keys, p));
  QUERN_CHECK(read_yarn(keys, p));
  QUERN_TRY(p.temperature_scale, keys.number_or("attention.temperature_scale", 0, kMaxFloatKey, 0));
  if (p.temperature_scale == 0.0f) return {};
  QUERN_TRY(const std::uint32_t length, keys.count("attention.temperature_length", 1, kMaxContext));
  p.temperature_floor = static_cast<float>(length);
  for (LayerParams& layer : p.layers) layer.query_temperature = true;
  return {};
}

Status adjust_minicpm3(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_latent(keys, p));
  p.embedding_scale = 12.0f;
  p.residual_scale = static_cast<float>(1.4 / std::sqrt(static_cast<double>(p.n_layers())));
  p.logit_scale = 256.0f / static_cast<float>(p.d_model);
  return {};
}

constexpr MixtureRule kDeepseekMixture{.use = MixtureRule::Use::optional,
                                       .shared = MixtureRule::Shared::count,
                                       .gating_key = true,
                                       .normalize = false,
                                       .normalize_key = true,
                                       .groups = true,
                                       .dense_first = true};

}  // namespace

extern const ArchSpec kDeepseek2{.gguf_arch = "deepseek2",
                                 .mixture = kDeepseekMixture,
                                 .adjust = &adjust_deepseek2,
                                 .layer_tensors = kDeepseek2Layer};

extern const ArchSpec kMistral4{.gguf_arch = "mistral4",
                                .mixture = kDeepseekMixture,
                                .adjust = &adjust_deepseek2,
                                .layer_tensors = kDeepseek2Layer};

extern const ArchSpec kMinicpm3{
    .gguf_arch = "minicpm3", .rope = RopeStyle::split, .adjust = &adjust_minicpm3, .layer_tensors = kDeepseek2Layer};

}  // namespace quern::engine
