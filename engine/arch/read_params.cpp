#include "engine/arch/read_params.hpp"

#include <algorithm>
#include <cmath>

namespace quern::engine {

namespace {

// A factor without a type means linear scaling.
Result<RopeScaling> read_scaling_type(const KeyReader& keys) {
  QUERN_TRY(const std::string_view name, keys.text_or("rope.scaling.type", "linear"));
  if (name == "none") return RopeScaling::none;
  if (name == "linear") return RopeScaling::linear;
  if (name == "yarn") return RopeScaling::yarn;
  if (name == "longrope") return RopeScaling::longrope;
  return fail(Errc::unsupported, "{}: '{}' is not supported; supported: none, linear, yarn, longrope",
              keys.name("rope.scaling.type"), name);
}

Result<RopeParams> read_rope(const KeyReader& keys, const HyperParams& p) {
  RopeParams rope;
  QUERN_TRY(rope.n_rot, keys.count_or("rope.dimension_count", 2, kMaxHeadWidth, p.d_head_k));
  if (rope.n_rot % 2 != 0 || rope.n_rot > p.d_head_k) {
    return fail(Errc::corrupt, "{}: want an even number up to the head width {}, found {}",
                keys.name("rope.dimension_count"), p.d_head_k, rope.n_rot);
  }
  QUERN_TRY(rope.freq_base, keys.positive_or("rope.freq_base", 1e12, 10000.0));
  QUERN_TRY(rope.scaling, read_scaling_type(keys));
  // YaRN divides by the logarithm of the base.
  if (rope.scaling == RopeScaling::yarn && rope.freq_base <= 1.0)
    return fail(Errc::corrupt, "{}: want more than 1 with rope.scaling.type yarn, found {}",
                keys.name("rope.freq_base"), rope.freq_base);
  // The factor's name in files of 2023.
  QUERN_TRY(const double legacy, keys.positive_or("rope.scale_linear", kMaxFloatKey, 1.0));
  QUERN_TRY(rope.factor, keys.positive_or("rope.scaling.factor", kMaxFloatKey, legacy));
  QUERN_TRY(rope.original_context,
            keys.count_or("rope.scaling.original_context_length", 1, kMaxContext, p.n_context_train));
  QUERN_TRY(rope.attn_factor, keys.positive_or("rope.scaling.attn_factor", kMaxFloatKey, 1.0));
  QUERN_TRY(rope.beta_fast, keys.positive_or("rope.scaling.yarn_beta_fast", kMaxFloatKey, 32.0));
  QUERN_TRY(rope.beta_slow, keys.positive_or("rope.scaling.yarn_beta_slow", kMaxFloatKey, 1.0));
  // Long factors are divisors of their own: the factor only says by how much they extend the context.
  if (rope.scaling == RopeScaling::none || rope.scaling == RopeScaling::longrope) rope.factor = 1.0;
  return rope;
}

// Models whose layers have different numbers of KV heads list them; 0 marks a layer without attention. Layers that
// differ otherwise are refused.
Status read_kv_heads(const KeyReader& keys, HyperParams& p) {
  const std::string key = keys.name("attention.head_count_kv");
  const gguf::Value* value = keys.find("attention.head_count_kv");
  if (value == nullptr || value->type != gguf::ValueType::array) {
    QUERN_TRY(p.n_kv_heads, keys.count_or("attention.head_count_kv", 1, kMaxHeads, p.n_heads));
    return {};
  }
  QUERN_TRY(const std::vector<std::int64_t> counts, keys.integers("attention.head_count_kv"));
  if (counts.size() < p.n_layers())
    return fail(Errc::corrupt, "{}: want one number per layer, {}, found {}", key, p.n_layers(), counts.size());
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    if (counts[i] < 0 || counts[i] > static_cast<std::int64_t>(kMaxHeads))
      return fail(Errc::corrupt, "{}: want 0 to {}, found {}", key, kMaxHeads, counts[i]);
    const auto n = static_cast<std::uint32_t>(counts[i]);
    if (n == 0) continue;
    if (p.n_kv_heads != 0 && p.n_kv_heads != n)
      return fail(Errc::unsupported, "{}: layers with {} and with {} KV heads", key, p.n_kv_heads, n);
    p.n_kv_heads = n;
  }
  if (p.n_kv_heads == 0) return fail(Errc::unsupported, "{}: no layer has attention", key);
  return {};
}

Status read_heads(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.n_heads, keys.count("attention.head_count", 1, kMaxHeads));
  QUERN_CHECK(read_kv_heads(keys, p));
  if (p.n_heads % p.n_kv_heads != 0) {
    return fail(Errc::corrupt, "{}: want a divisor of the {} query heads, found {}",
                keys.name("attention.head_count_kv"), p.n_heads, p.n_kv_heads);
  }
  const std::uint32_t even_share = p.d_model / p.n_heads;
  QUERN_TRY(p.d_head_k, keys.count_or("attention.key_length", 1, kMaxHeadWidth, even_share));
  QUERN_TRY(p.d_head_v, keys.count_or("attention.value_length", 1, kMaxHeadWidth, even_share));
  for (const auto& [key, width] :
       {std::pair{"attention.key_length", p.d_head_k}, {"attention.value_length", p.d_head_v}}) {
    if (width == 0 || width % 4 != 0 || width > kMaxHeadWidth) {
      return fail(Errc::unsupported, "{}: head width {} (want a multiple of 4, at most {}) with {} of {}",
                  keys.name(keys.has(key) ? key : "embedding_length"), width, kMaxHeadWidth,
                  keys.name("attention.head_count"), p.n_heads);
    }
  }
  if (std::uint64_t{p.n_heads} * std::max(p.d_head_k, p.d_head_v) > kMaxWidth) {
    return fail(Errc::corrupt, "{}: {} heads of width {} are more than {} values", keys.name("attention.head_count"),
                p.n_heads, std::max(p.d_head_k, p.d_head_v), kMaxWidth);
  }
  p.attention_scale = 1.0f / std::sqrt(static_cast<float>(p.d_head_k));
  return {};
}

// The vocabulary's size is the number of tokens; models without a tokenizer state it.
Result<std::uint32_t> read_vocab_size(const KeyReader& keys) {
  if (const gguf::Value* tokens = keys.file().find("tokenizer.ggml.tokens"); tokens != nullptr) {
    if (tokens->type != gguf::ValueType::array || tokens->array.count == 0 || tokens->array.count > kMaxVocab) {
      return fail(Errc::corrupt, "tokenizer.ggml.tokens: want an array of 1 to {} strings", kMaxVocab);
    }
    return static_cast<std::uint32_t>(tokens->array.count);
  }
  return keys.count("vocab_size", 1, kMaxVocab);
}

}  // namespace

Result<HyperParams> read_common(const KeyReader& keys, EpsKey eps_key) {
  HyperParams p;
  QUERN_TRY(const std::uint32_t n_layers, keys.count("block_count", 1, kMaxLayers));
  p.layers.resize(n_layers);
  QUERN_TRY(p.d_model, keys.count("embedding_length", 1, kMaxWidth));
  QUERN_TRY(p.d_ff, keys.count("feed_forward_length", 1, kMaxWidth));
  QUERN_TRY(p.n_context_train, keys.count("context_length", 1, kMaxContext));
  QUERN_TRY(p.n_vocab, read_vocab_size(keys));
  QUERN_CHECK(read_heads(keys, p));
  const char* eps_name = eps_key == EpsKey::rms ? "attention.layer_norm_rms_epsilon" : "attention.layer_norm_epsilon";
  QUERN_TRY(p.norm_eps, keys.positive(eps_name, 1.0));
  QUERN_TRY(p.rope[0], read_rope(keys, p));
  QUERN_TRY(p.causal, keys.flag_or("attention.causal", true));
  QUERN_TRY(const std::uint32_t pooling, keys.count_or("pooling_type", 0, 4, 0));
  p.pooling = static_cast<Pooling>(pooling);
  return p;
}

Status read_experts(const KeyReader& keys, std::uint32_t d_ff, HyperParams& p) {
  MoeParams& moe = p.moe;
  QUERN_TRY(moe.n_experts, keys.count_or("expert_count", 0, kMaxExperts, 0));
  QUERN_TRY(moe.n_used, keys.count_or("expert_used_count", 0, kMaxExperts, 0));
  if (moe.n_experts == 0) return {};
  if (moe.n_used == 0 || moe.n_used > moe.n_experts) {
    return fail(Errc::corrupt, "{}: want 1 to {}, found {}", keys.name("expert_used_count"), moe.n_experts, moe.n_used);
  }
  QUERN_TRY(moe.d_ff, keys.count_or("expert_feed_forward_length", 1, kMaxWidth, d_ff));
  QUERN_TRY(moe.d_ff_shared, keys.count_or("expert_shared_feed_forward_length", 0, kMaxWidth, 0));
  QUERN_TRY(const double scale, keys.positive_or("expert_weights_scale", kMaxFloatKey, 1.0));
  moe.scale = static_cast<float>(scale);
  for (LayerParams& layer : p.layers) layer.experts = true;
  return {};
}

Status read_windows(const KeyReader& keys, std::uint32_t period, FullLayer full, std::uint32_t fallback,
                    HyperParams& p) {
  QUERN_TRY(const std::uint32_t window, keys.count_or("attention.sliding_window", 0, UINT32_MAX, fallback));
  if (window == 0) return {};
  const std::string pattern = keys.name("attention.sliding_window_pattern");
  const gguf::Value* value = keys.find("attention.sliding_window_pattern");
  if (value != nullptr && value->type == gguf::ValueType::array) {  // one flag per layer
    const gguf::ArrayView& flags = value->array;
    if (flags.element != gguf::ValueType::boolean || flags.count < p.n_layers()) {
      return fail(Errc::corrupt, "{}: want {} booleans or one integer, found {} of type {}", pattern, p.n_layers(),
                  flags.count, gguf::value_type_name(flags.element));
    }
    for (std::uint32_t i = 0; i < p.n_layers(); ++i) p.layers[i].window = flags.raw[i] != std::byte{0} ? window : 0;
    return {};
  }
  QUERN_TRY(period, keys.count_or("attention.sliding_window_pattern", 0, kMaxLayers, period));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    const bool is_full = period != 0 && i % period == (full == FullLayer::first ? 0 : period - 1);
    p.layers[i].window = is_full ? 0 : window;
  }
  return {};
}

Status read_local_rope(const KeyReader& keys, double base, HyperParams& p) {
  p.rope[1] = {.n_rot = p.rope[0].n_rot};
  QUERN_TRY(p.rope[1].freq_base, keys.positive_or("rope.freq_base_swa", 1e12, base));
  for (LayerParams& layer : p.layers) layer.rope = layer.window != 0 ? 1 : 0;
  return {};
}

Status read_encoder_mask(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(const bool causal, keys.flag_or("attention.causal", false));
  if (causal) return fail(Errc::unsupported, "{}: want false, found true", keys.name("attention.causal"));
  p.causal = false;
  return {};
}

Status require_same(const KeyReader& keys, std::string_view key, std::uint64_t found, std::uint64_t want) {
  if (found == want || !keys.has(key)) return {};
  return fail(Errc::unsupported, "{}: want {}, found {}", keys.name(key), want, found);
}

void assign_cache_layers(HyperParams& p) noexcept {
  std::uint32_t n_kv = 0, n_state = 0;
  for (LayerParams& layer : p.layers) layer.cache_layer = is_recurrent(layer.mixer) ? n_state++ : n_kv++;
}

}  // namespace quern::engine
