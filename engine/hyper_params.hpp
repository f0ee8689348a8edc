// The numbers that make one model: read from GGUF metadata by its architecture, checked, then constant.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"

#include <cstdint>

namespace quern::engine {

enum class RopeScaling : std::uint8_t { none, linear, yarn };

struct RopeParams {
  std::uint32_t n_rot = 0;  // values of a head that rotate, even
  double freq_base = 10000.0;
  RopeScaling scaling = RopeScaling::none;
  double factor = 1.0;  // context extension; positions (or the low frequencies) are divided by it
  std::uint32_t original_context = 0;
  double attn_factor = 1.0;                  // multiplies cos and sin
  double beta_fast = 32.0, beta_slow = 1.0;  // YaRN: rotations over the original context where the ramp begins and ends
};

struct HyperParams {
  std::uint32_t n_layers = 0;
  std::uint32_t d_model = 0;
  std::uint32_t n_heads = 0;
  std::uint32_t n_kv_heads = 0;  // divides n_heads
  std::uint32_t d_head_k = 0;
  std::uint32_t d_head_v = 0;
  std::uint32_t d_ff = 0;
  std::uint32_t n_vocab = 0;
  std::uint32_t n_context_train = 0;
  std::uint32_t n_experts = 0;  // 0: dense feed-forward
  std::uint32_t n_experts_used = 0;
  float norm_eps = 1e-5f;
  float attention_scale = 0;  // applied to q.k
  RopeParams rope;

  std::uint32_t q_width() const noexcept { return n_heads * d_head_k; }
  std::uint32_t k_width() const noexcept { return n_kv_heads * d_head_k; }
  std::uint32_t v_width() const noexcept { return n_kv_heads * d_head_v; }
  std::uint32_t attn_width() const noexcept { return n_heads * d_head_v; }
  std::uint32_t heads_per_kv() const noexcept { return n_heads / n_kv_heads; }
};

// Limits on outside values: products of any two of them fit 64 bits with room, and buffers stay allocatable.
inline constexpr std::uint64_t kMaxLayers = 1024;
inline constexpr std::uint64_t kMaxWidth = 1u << 20;  // any vector length but the vocabulary
inline constexpr std::uint64_t kMaxVocab = 1u << 22;
inline constexpr std::uint64_t kMaxHeads = 4096;
inline constexpr std::uint64_t kMaxHeadWidth = 512;  // what attention kernels keep on their stack
inline constexpr std::uint64_t kMaxExperts = 1024;
inline constexpr std::uint64_t kMaxContext = 1u << 24;

// "<arch>.<key>" as an integer in [min, max]. Errors name the key, the found value and the range.
Result<std::uint32_t> read_count(const gguf::GgufFile& file, std::string_view arch, std::string_view key,
                                 std::uint64_t min, std::uint64_t max);
Result<std::uint32_t> read_count_or(const gguf::GgufFile& file, std::string_view arch, std::string_view key,
                                    std::uint64_t min, std::uint64_t max, std::uint32_t fallback);
// A finite float in (min, max].
Result<double> read_positive_or(const gguf::GgufFile& file, std::string_view arch, std::string_view key, double max,
                                double fallback);

// What nearly every decoder has: sizes, heads, experts, norm epsilon, rope. Architectures call it first.
Result<HyperParams> read_decoder_params(const gguf::GgufFile& file, std::string_view arch);

}  // namespace quern::engine
