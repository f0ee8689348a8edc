// An architecture is data: which GGUF keys and tensors it has, and which variant of each block its layers use.
// A new one is a file beside llama.cpp and a row in registry.cpp; docs/ADDING_AN_ARCHITECTURE.md shows how.
// Threads: constants.
#pragma once

#include "base/result.hpp"
#include "engine/arch/key_reader.hpp"
#include "engine/arch/tensor_spec.hpp"
#include "engine/hyper_params.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace quern::engine {

enum class NormKind : std::uint8_t { rms, layer };
enum class RopeStyle : std::uint8_t { interleaved, split };
enum class Activation : std::uint8_t { silu, gelu, clamped_swiglu };
enum class PoolRow : std::uint8_t { first, last };  // the token that stands for the sequence in a ranking model

// How queries and keys are normalized before rotation, where the model has the weights.
enum class QkNorm : std::uint8_t {
  head,       // each head, all with the same weights
  each_head,  // each head with weights of its own
  whole,      // all heads together
};

// What a ranking model does with its one token before and after the last layer of the head.
struct RankHead {
  PoolRow row = PoolRow::first;
  bool gelu = false;     // activation of the first layer of the head: GELU, else tanh
  bool softmax = false;  // of the labels
};

struct ArchSpec {
  const char* gguf_arch;  // general.architecture
  NormKind norm = NormKind::rms;
  RopeStyle rope = RopeStyle::interleaved;
  Activation activation = Activation::silu;
  QkNorm qk_norm = QkNorm::head;
  bool gated_attention = false;  // attn_q holds, per head, a query and a gate for the head's answer
  bool generates = true;         // false: an encoder, which only embeds
  RankHead rank;
  Result<HyperParams> (*read_params)(const KeyReader& keys);
  // `output` may be missing where the model generates: then it is tied to token_embd.
  std::span<const TensorSpec<ModelWeights>> model_tensors;
  std::span<const TensorGroup> layer_tensors;
};

// All supported architectures. nullptr: not supported.
std::span<const ArchSpec* const> architectures() noexcept;
const ArchSpec* find_architecture(std::string_view gguf_arch) noexcept;

}  // namespace quern::engine
