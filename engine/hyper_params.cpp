#include "engine/hyper_params.hpp"

#include <cmath>

namespace quern::engine {

namespace {

std::string full_key(std::string_view arch, std::string_view key) {
  return fmt::format("{}.{}", arch, key);
}

Result<RopeScaling> read_scaling_type(const gguf::GgufFile& file, std::string_view arch) {
  const std::string key = full_key(arch, "rope.scaling.type");
  QUERN_TRY(const std::string_view name, file.get_string_or(key, "none"));
  if (name == "none") return RopeScaling::none;
  if (name == "linear") return RopeScaling::linear;
  if (name == "yarn") return RopeScaling::yarn;
  return fail(Errc::unsupported, "{}: '{}' is not supported for this architecture; supported: none, linear, yarn", key,
              name);
}

Result<RopeParams> read_rope(const gguf::GgufFile& file, std::string_view arch, const HyperParams& p) {
  RopeParams rope;
  QUERN_TRY(rope.n_rot, read_count_or(file, arch, "rope.dimension_count", 2, kMaxHeadWidth, p.d_head_k));
  if (rope.n_rot % 2 != 0 || rope.n_rot > p.d_head_k) {
    return fail(Errc::corrupt, "{}: want an even number up to the head width {}, found {}",
                full_key(arch, "rope.dimension_count"), p.d_head_k, rope.n_rot);
  }
  QUERN_TRY(rope.freq_base, read_positive_or(file, arch, "rope.freq_base", 1e12, 10000.0));
  QUERN_TRY(rope.scaling, read_scaling_type(file, arch));
  // Files of 2023 give only "rope.scale_linear", which means linear scaling.
  QUERN_TRY(const double legacy, read_positive_or(file, arch, "rope.scale_linear", 1e6, 1.0));
  if (legacy != 1.0 && rope.scaling == RopeScaling::none) rope.scaling = RopeScaling::linear;
  QUERN_TRY(rope.factor, read_positive_or(file, arch, "rope.scaling.factor", 1e6, legacy));
  QUERN_TRY(rope.original_context,
            read_count_or(file, arch, "rope.scaling.original_context_length", 1, kMaxContext, p.n_context_train));
  QUERN_TRY(rope.attn_factor, read_positive_or(file, arch, "rope.scaling.attn_factor", 1e6, 1.0));
  QUERN_TRY(rope.beta_fast, read_positive_or(file, arch, "rope.scaling.yarn_beta_fast", 1e6, 32.0));
  QUERN_TRY(rope.beta_slow, read_positive_or(file, arch, "rope.scaling.yarn_beta_slow", 1e6, 1.0));
  if (rope.scaling == RopeScaling::none) rope.factor = 1.0;
  return rope;
}

Status read_heads(const gguf::GgufFile& file, std::string_view arch, HyperParams& p) {
  QUERN_TRY(p.n_heads, read_count(file, arch, "attention.head_count", 1, kMaxHeads));
  QUERN_TRY(p.n_kv_heads, read_count_or(file, arch, "attention.head_count_kv", 1, kMaxHeads, p.n_heads));
  if (p.n_heads % p.n_kv_heads != 0) {
    return fail(Errc::corrupt, "{}: want a divisor of the {} query heads, found {}",
                full_key(arch, "attention.head_count_kv"), p.n_heads, p.n_kv_heads);
  }
  const std::uint32_t even_share = p.d_model / p.n_heads;
  QUERN_TRY(p.d_head_k, read_count_or(file, arch, "attention.key_length", 1, kMaxHeadWidth, even_share));
  QUERN_TRY(p.d_head_v, read_count_or(file, arch, "attention.value_length", 1, kMaxHeadWidth, even_share));
  for (const std::uint32_t width : {p.d_head_k, p.d_head_v}) {
    if (width == 0 || width % 4 != 0 || width > kMaxHeadWidth) {
      return fail(Errc::unsupported, "{}: head width {} (want a multiple of 4, at most {})", arch, width,
                  kMaxHeadWidth);
    }
  }
  if (std::uint64_t{p.n_heads} * std::max(p.d_head_k, p.d_head_v) > kMaxWidth) {
    return fail(Errc::corrupt, "{}: {} heads of width {} are more than {} values",
                full_key(arch, "attention.head_count"), p.n_heads, std::max(p.d_head_k, p.d_head_v), kMaxWidth);
  }
  p.attention_scale = 1.0f / std::sqrt(static_cast<float>(p.d_head_k));
  return {};
}

Status read_experts(const gguf::GgufFile& file, std::string_view arch, HyperParams& p) {
  QUERN_TRY(p.n_experts, read_count_or(file, arch, "expert_count", 0, kMaxExperts, 0));
  QUERN_TRY(p.n_experts_used, read_count_or(file, arch, "expert_used_count", 0, kMaxExperts, 0));
  if (p.n_experts > 0 && (p.n_experts_used == 0 || p.n_experts_used > p.n_experts)) {
    return fail(Errc::corrupt, "{}: want 1 to {}, found {}", full_key(arch, "expert_used_count"), p.n_experts,
                p.n_experts_used);
  }
  return {};
}

// The vocabulary's size is the number of tokens; models without a tokenizer state it.
Result<std::uint32_t> read_vocab_size(const gguf::GgufFile& file, std::string_view arch) {
  if (const gguf::Value* tokens = file.find("tokenizer.ggml.tokens"); tokens != nullptr) {
    if (tokens->type != gguf::ValueType::array || tokens->array.count == 0 || tokens->array.count > kMaxVocab) {
      return fail(Errc::corrupt, "tokenizer.ggml.tokens: want an array of 1 to {} strings", kMaxVocab);
    }
    return static_cast<std::uint32_t>(tokens->array.count);
  }
  return read_count(file, arch, "vocab_size", 1, kMaxVocab);
}

}  // namespace

Result<std::uint32_t> read_count(const gguf::GgufFile& file, std::string_view arch, std::string_view key,
                                 std::uint64_t min, std::uint64_t max) {
  const std::string name = full_key(arch, key);
  QUERN_TRY(const std::uint64_t value, file.get_uint(name));
  if (value < min || value > max) return fail(Errc::corrupt, "{}: want {} to {}, found {}", name, min, max, value);
  return static_cast<std::uint32_t>(value);
}

Result<std::uint32_t> read_count_or(const gguf::GgufFile& file, std::string_view arch, std::string_view key,
                                    std::uint64_t min, std::uint64_t max, std::uint32_t fallback) {
  if (file.find(full_key(arch, key)) == nullptr) return fallback;
  return read_count(file, arch, key, min, max);
}

Result<double> read_positive_or(const gguf::GgufFile& file, std::string_view arch, std::string_view key, double max,
                                double fallback) {
  const std::string name = full_key(arch, key);
  QUERN_TRY(const double value, file.get_float_or(name, fallback));
  if (!std::isfinite(value) || value <= 0 || value > max) {
    return fail(Errc::corrupt, "{}: want a number above 0 and up to {}, found {}", name, max, value);
  }
  return value;
}

Result<HyperParams> read_decoder_params(const gguf::GgufFile& file, std::string_view arch) {
  HyperParams p;
  QUERN_TRY(p.n_layers, read_count(file, arch, "block_count", 1, kMaxLayers));
  QUERN_TRY(p.d_model, read_count(file, arch, "embedding_length", 1, kMaxWidth));
  QUERN_TRY(p.d_ff, read_count(file, arch, "feed_forward_length", 1, kMaxWidth));
  QUERN_TRY(p.n_context_train, read_count(file, arch, "context_length", 1, kMaxContext));
  QUERN_TRY(p.n_vocab, read_vocab_size(file, arch));
  QUERN_CHECK(read_heads(file, arch, p));
  QUERN_CHECK(read_experts(file, arch, p));
  QUERN_TRY(const double eps, read_positive_or(file, arch, "attention.layer_norm_rms_epsilon", 1.0, 1e-5));
  p.norm_eps = static_cast<float>(eps);
  QUERN_TRY(p.rope, read_rope(file, arch, p));
  return p;
}

}  // namespace quern::engine
