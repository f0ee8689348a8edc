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

// A layer of 0 KV heads has no attention.
Status read_head_counts(const KeyReader& keys, bool varied, HyperParams& p) {
  QUERN_TRY(const auto heads, keys.per_layer("attention.head_count", varied ? 0 : 1, kMaxHeads, p.n_layers()));
  auto kv_heads = heads;
  if (keys.has("attention.head_count_kv")) {
    const bool is_array = keys.find("attention.head_count_kv")->type == gguf::ValueType::array;
    QUERN_TRY(kv_heads, keys.per_layer("attention.head_count_kv", is_array ? 0 : 1, kMaxHeads, p.n_layers()));
  }
  p.n_heads = *std::max_element(heads.begin(), heads.end());
  p.n_kv_heads = *std::max_element(kv_heads.begin(), kv_heads.end());
  if (p.n_heads == 0 || p.n_kv_heads == 0)
    return fail(Errc::unsupported, "{}: no layer has attention",
                keys.name(p.n_heads == 0 ? "attention.head_count" : "attention.head_count_kv"));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    if (kv_heads[i] != 0 && heads[i] % kv_heads[i] != 0)
      return fail(Errc::corrupt, "{}: want a divisor of the {} query heads, found {}",
                  keys.name("attention.head_count_kv"), heads[i], kv_heads[i]);
    p.layers[i].n_heads = heads[i];
    p.layers[i].n_kv_heads = kv_heads[i];
  }
  return {};
}

Status check_head_widths(const KeyReader& keys, const char* suffix, std::uint32_t d_key, std::uint32_t d_value,
                         const HyperParams& p) {
  for (const auto& [part, width] : {std::pair{"key", d_key}, {"value", d_value}}) {
    if (width != 0 && width % 4 == 0 && width <= kMaxHeadWidth) continue;
    const std::string key = fmt::format("attention.{}_length{}", part, suffix);
    return fail(Errc::unsupported, "{}: head width {} (want a multiple of 4, at most {}) with {} of {}",
                keys.name(keys.has(key) ? key : "embedding_length"), width, kMaxHeadWidth,
                keys.name("attention.head_count"), p.n_heads);
  }
  if (std::uint64_t{p.n_heads} * std::max(d_key, d_value) > kMaxWidth) {
    return fail(Errc::corrupt, "{}: {} heads of width {} are more than {} values", keys.name("attention.head_count"),
                p.n_heads, std::max(d_key, d_value), kMaxWidth);
  }
  return {};
}

Status read_heads(const KeyReader& keys, bool varied, HyperParams& p) {
  QUERN_CHECK(read_head_counts(keys, varied, p));
  const auto first = std::find_if(p.layers.begin(), p.layers.end(), [](const LayerParams& l) { return l.n_heads > 0; });
  const std::uint32_t even_share = p.d_model / first->n_heads;
  QUERN_TRY(p.d_head_k, keys.count_or("attention.key_length", 1, kMaxHeadWidth, even_share));
  QUERN_TRY(p.d_head_v, keys.count_or("attention.value_length", 1, kMaxHeadWidth, even_share));
  QUERN_CHECK(check_head_widths(keys, "", p.d_head_k, p.d_head_v, p));
  for (LayerParams& layer : p.layers) {
    layer.d_head_k = p.d_head_k;
    layer.d_head_v = p.d_head_v;
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

Status read_widths(const ArchSpec& arch, const KeyReader& keys, HyperParams& p) {
  if (!arch.attends && !keys.has("feed_forward_length")) return {};
  const bool may_be_none = arch.varied || !arch.attends;
  QUERN_TRY(const auto widths, keys.per_layer("feed_forward_length", may_be_none ? 0 : 1, kMaxWidth, p.n_layers()));
  p.d_ff = *std::max_element(widths.begin(), widths.end());
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) p.layers[i].d_ff = widths[i];
  return {};
}

// The sections of the rotation say which pairs turn in text at all.
Status read_sections(const KeyReader& keys, RopeSections order, RopeParams& rope) {
  constexpr const char* kKey = "rope.dimension_sections";
  if (order == RopeSections::none || !keys.has(kKey)) return {};
  QUERN_TRY(const std::vector<std::int64_t> found, keys.integers(kKey));
  for (std::size_t i = 0; i < found.size(); ++i) {
    if (i >= rope.sections.size() || found[i] < 0 || found[i] > static_cast<std::int64_t>(kMaxHeadWidth))
      return fail(Errc::corrupt, "{}: want up to 4 numbers of 0 to {}, found {} of them with {}", keys.name(kKey),
                  kMaxHeadWidth, found.size(), found[i]);
    rope.sections[i] = static_cast<std::uint32_t>(found[i]);
  }
  rope.section_order = order;
  return {};
}

// Layers that a file has behind the others: to predict further tokens.
Status drop_draft_layers(const ArchSpec& arch, const KeyReader& keys, HyperParams& p) {
  if (!arch.draft_layers) return {};
  QUERN_TRY(p.n_extra_layers, keys.count_or("nextn_predict_layers", 0, p.n_layers() - 1, 0));
  p.layers.resize(p.n_layers() - p.n_extra_layers);
  return {};
}

// Every attention layer must have heads of its own, or those of a layer that has.
Status finish_layers(const KeyReader& keys, HyperParams& p) {
  std::uint32_t n_kv = 0, n_state = 0;
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    LayerParams& layer = p.layers[i];
    if (is_attention(layer.mixer) && (layer.n_heads == 0 || layer.n_kv_heads == 0))
      return fail(Errc::unsupported, "{}: want 1 or more in layer {}, found {} query heads and {} for keys and values",
                  keys.name("attention.head_count_kv"), i, layer.n_heads, layer.n_kv_heads);
    if (p.alibi_max_bias != 0.0f && layer.n_heads != p.n_heads)
      return fail(Errc::unsupported, "{}: want one value for all layers, found {} and {}",
                  keys.name("attention.head_count"), p.n_heads, layer.n_heads);
    if (layer.keeps_kv()) layer.cache_layer = n_kv++;
    if (layer.shares_kv) layer.cache_layer = p.layers[layer.kv_from].cache_layer;
    if (layer.keeps_state()) layer.state_layer = n_state++;
  }
  return {};
}

}  // namespace

Result<HyperParams> read_common(const ArchSpec& arch, const KeyReader& keys) {
  HyperParams p;
  QUERN_TRY(const std::uint32_t n_layers, keys.count("block_count", 1, kMaxLayers));
  p.layers.resize(n_layers);
  QUERN_TRY(p.d_model, keys.count("embedding_length", 1, kMaxWidth));
  QUERN_CHECK(read_widths(arch, keys, p));
  QUERN_TRY(p.n_context_train, keys.count("context_length", 1, kMaxContext));
  QUERN_TRY(p.n_vocab, read_vocab_size(keys));
  const bool is_layer_norm = arch.norm == NormKind::layer || arch.norm == NormKind::bare_layer;
  QUERN_TRY(p.norm_eps,
            keys.positive(is_layer_norm ? "attention.layer_norm_epsilon" : "attention.layer_norm_rms_epsilon", 1.0));
  if (arch.attends) {
    QUERN_CHECK(read_heads(keys, arch.varied, p));
    QUERN_TRY(p.rope[0], read_rope(keys, p));
    p.rope[0].style = arch.rope;
    QUERN_CHECK(read_sections(keys, arch.sections, p.rope[0]));
    QUERN_TRY(p.causal, keys.flag_or("attention.causal", true));
  } else {
    QUERN_TRY(const std::uint32_t n_heads, keys.count_or("attention.head_count", 0, kMaxHeads, 0));
    QUERN_CHECK(require_same(keys, "attention.head_count", n_heads, 0));
  }
  QUERN_TRY(const std::uint32_t pooling, keys.count_or("pooling_type", 0, 4, 0));
  p.pooling = static_cast<Pooling>(pooling);
  return p;
}

Result<HyperParams> read_params(const ArchSpec& arch, const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(arch, keys));
  QUERN_CHECK(drop_draft_layers(arch, keys, p));
  if (arch.mixture.use != MixtureRule::Use::no) QUERN_CHECK(read_mixture(keys, arch.mixture, p));
  if (arch.adjust != nullptr) QUERN_CHECK(arch.adjust(keys, p));
  QUERN_CHECK(finish_layers(keys, p));
  return p;
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
  p.rope[1] = {.n_rot = p.rope[0].n_rot, .style = p.rope[0].style};
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

void rotate_in_windows(HyperParams& p) noexcept {
  for (LayerParams& layer : p.layers) layer.rope = layer.window != 0 ? 0 : LayerParams::kNoRope;
}

void rotate_nowhere(HyperParams& p) noexcept {
  for (LayerParams& layer : p.layers) layer.rope = LayerParams::kNoRope;
}

}  // namespace quern::engine
