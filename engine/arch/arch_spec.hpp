// An architecture is data: which GGUF keys and tensors it has, and which variant of each block its layers use.
// A new one is a file beside llama.cpp and a row in registry.cpp. Threads: constants.
#pragma once

#include "engine/hyper_params.hpp"
#include "engine/weights.hpp"

#include <cstdint>
#include <span>

namespace quern::engine {

enum class RopeStyle : std::uint8_t { none, interleaved, split };

// Lengths that a tensor's shape may name.
enum class Dim : std::uint8_t { d_model, q_width, k_width, v_width, attn_width, d_ff, n_experts, n_vocab, rope_pairs };

enum class Presence : std::uint8_t {
  required,
  optional,
  dense,   // required where the model has no experts, absent otherwise
  expert,  // required where it has some
};

// One tensor of a block or of the model: its name, where it goes, and the shape it must have.
template <class Owner>
struct TensorSpec {
  const char* name;  // "attn_q.weight"; of a layer: prefixed with "blk.<n>."
  Presence presence;
  Vector Owner::*vector = nullptr;                // [rows]
  Matrix Owner::*matrix = nullptr;                // [rows, cols]
  std::vector<Matrix> Owner::*experts = nullptr;  // [n_experts][rows, cols]
  Dim rows;
  Dim cols;

  constexpr TensorSpec(const char* n, Presence p, Vector Owner::*to, Dim length)
      : name(n), presence(p), vector(to), rows(length), cols(length) {}
  constexpr TensorSpec(const char* n, Presence p, Matrix Owner::*to, Dim r, Dim c)
      : name(n), presence(p), matrix(to), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, std::vector<Matrix> Owner::*to, Dim r, Dim c)
      : name(n), presence(p), experts(to), rows(r), cols(c) {}
};

struct ArchSpec {
  const char* gguf_arch;  // general.architecture
  RopeStyle rope;
  Result<HyperParams> (*read_params)(const gguf::GgufFile& file);
  std::span<const TensorSpec<ModelWeights>> model_tensors;  // output may be missing: then it is tied to token_embd
  std::span<const TensorSpec<LayerWeights>> layer_tensors;
};

// All supported architectures. nullptr: not supported.
std::span<const ArchSpec* const> architectures() noexcept;
const ArchSpec* find_architecture(std::string_view gguf_arch) noexcept;

}  // namespace quern::engine
