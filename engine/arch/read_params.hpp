// Reading hyperparameters from GGUF metadata: what many architectures share. Each function checks what it reads; an
// error names the key, the found value and what was wanted. Threads: any; nothing is kept.
// Source: GGUF specification and the key names of llama.cpp's gguf constants.
#pragma once

#include "base/result.hpp"
#include "engine/arch/key_reader.hpp"
#include "engine/hyper_params.hpp"

#include <cstdint>

namespace quern::engine {

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

// An encoder has no causal mask: attention.causal may say so, and nothing else.
Status read_encoder_mask(const KeyReader& keys, HyperParams& p);

// For a number that the architecture fixes: the file may state it too (found), but no other. A key that is missing says
// nothing.
Status require_same(const KeyReader& keys, std::string_view key, std::uint64_t found, std::uint64_t want);

// Numbers the layers of the KV arena and of the state pages. Every architecture calls it last.
void assign_cache_layers(HyperParams& p) noexcept;

}  // namespace quern::engine
