// Reading hyperparameters from GGUF metadata: what many architectures share. Each function checks what it reads; an
// error names the key, the found value and what was wanted. Threads: any; nothing is kept.
// Source: GGUF specification and the key names of llama.cpp's gguf constants.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/hyper_params.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::engine {

// Reads "<arch>.<key>".
class KeyReader {
 public:
  KeyReader(const gguf::GgufFile& file, std::string_view arch) : file_(file), arch_(arch) {}

  const gguf::GgufFile& file() const noexcept { return file_; }
  std::string name(std::string_view key) const;
  bool has(std::string_view key) const { return file_.find(name(key)) != nullptr; }

  // An integer in [min, max]; a missing key is an error. An array is accepted where all its items are equal.
  Result<std::uint32_t> count(std::string_view key, std::uint64_t min, std::uint64_t max) const;
  Result<std::uint32_t> count_or(std::string_view key, std::uint64_t min, std::uint64_t max,
                                 std::uint32_t fallback) const;
  // A finite float in (0, max].
  Result<float> positive(std::string_view key, double max) const;
  Result<double> positive_or(std::string_view key, double max, double fallback) const;
  Result<bool> flag_or(std::string_view key, bool fallback) const;
  // For keys that are known, change the computation, and are not supported: an error where the key is present.
  Status refuse(std::string_view key) const;

 private:
  const gguf::GgufFile& file_;
  std::string_view arch_;
};

inline constexpr double kMaxFloatKey = 1e6;  // any scale, factor or cap

enum class EpsKey : std::uint8_t { rms, layer };  // attention.layer_norm_rms_epsilon or attention.layer_norm_epsilon

// What nearly every model has: layers, sizes, heads, norm epsilon, rope, pooling, causality. All layers are attention
// layers with rope 0 and a dense feed-forward block.
Result<HyperParams> read_common(const KeyReader& keys, EpsKey eps);

// expert_count and the keys that go with it. All layers become mixtures where there are experts.
// d_ff: of one expert where expert_feed_forward_length is missing.
Status read_experts(const KeyReader& keys, std::uint32_t d_ff, HyperParams& p);

// attention.sliding_window and its pattern: of every `period` layers all but one see the window only. The full one is
// the last of the period, or the first. `fallback`: the window where the key is missing; 0: no layer has one.
enum class FullLayer : std::uint8_t { last, first };
Status read_windows(const KeyReader& keys, std::uint32_t period, FullLayer full, std::uint32_t fallback,
                    HyperParams& p);

// Gives layers with a window a rotation of their own: rope.freq_base_swa, or `base` where it is missing, and none of
// the context extension of the others.
Status read_local_rope(const KeyReader& keys, double base, HyperParams& p);

// Numbers the layers of the KV arena and of the state pages. Every architecture calls it last.
void assign_cache_layers(HyperParams& p) noexcept;

}  // namespace quern::engine
