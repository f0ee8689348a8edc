// Reading hyperparameters from GGUF metadata: what many architectures share. Each function checks what it reads; an
// error names the key, the found value and what was wanted. Threads: any; nothing is kept.
// Source: GGUF specification and the key names of llama.cpp's gguf constants.
#pragma once

#include "base/result.hpp"
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/key_reader.hpp"
#include "engine/hyper_params.hpp"

#include <cstdint>

namespace quern::engine {

inline constexpr double kMaxFloatKey = 1e6;  // any scale, factor or cap

// All of a model's: what the spec says, then what its own function adds, then layers and caches in order.
Result<HyperParams> read_params(const ArchSpec& arch, const KeyReader& keys);

// Layers, sizes, heads, norm epsilon, rope, pooling, causality. All layers are attention layers with rope 0 and a dense
// feed-forward block.
Result<HyperParams> read_common(const ArchSpec& arch, const KeyReader& keys);

// expert_count and the keys that go with it, as the rule says. All layers behind the leading dense ones become mixtures
// where there are experts.
Status read_mixture(const KeyReader& keys, const MixtureRule& rule, HyperParams& p);

// The keys ssm.*: of Mamba 1 (n_heads 0 in the result), or of Mamba 2 and its relatives. Mixers are the caller's.
enum class SsmKind : std::uint8_t { mamba1, mamba2, plamo };
Status read_ssm(const KeyReader& keys, SsmKind kind, HyperParams& p);
// Layers without KV heads get that mixer.
void mix_where_no_kv(Mixer mixer, HyperParams& p) noexcept;

// attention.sliding_window and its pattern: of every `period` layers all but one see the window only. The full one is
// the last of the period, or the first. `fallback`: the window where the key is missing; 0: no layer has one.
enum class FullLayer : std::uint8_t { last, first };
Status read_windows(const KeyReader& keys, std::uint32_t period, FullLayer full, std::uint32_t fallback,
                    HyperParams& p);
// Layers without a window have no rotation either.
void rotate_in_windows(HyperParams& p) noexcept;
void rotate_nowhere(HyperParams& p) noexcept;

// Gives layers with a window a rotation of their own: rope.freq_base_swa, or `base` where it is missing, and none of
// the context extension of the others.
Status read_local_rope(const KeyReader& keys, double base, HyperParams& p);

// An encoder has no causal mask: attention.causal may say so, and nothing else.
Status read_encoder_mask(const KeyReader& keys, HyperParams& p);

// For a number that the architecture fixes: the file may state it too (found), but no other. A key that is missing says
// nothing.
Status require_same(const KeyReader& keys, std::string_view key, std::uint64_t found, std::uint64_t want);

}  // namespace quern::engine
