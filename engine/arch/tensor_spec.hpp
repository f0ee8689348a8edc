// One tensor of a block or of the model as data: its name, where it goes, and the shape it must have.
// Threads: constants.
#pragma once

#include "engine/weights.hpp"

#include <array>
#include <cstdint>
#include <span>

namespace quern::engine {

// Lengths that a tensor's shape may name. any: whatever the file has, at least 1.
enum class Dim : std::uint8_t {
  one,
  any,
  d_model,
  d_model_x3,
  n_vocab,
  n_context,
  rope_pairs,
  n_heads,
  n_kv_heads,
  d_head_k,
  q_width,
  q_width_x2,
  k_width,
  v_width,
  attn_width,
  d_ff,
  n_experts,
  d_ff_expert,
  d_ff_shared,
  q_rank,
  kv_rank,
  kv_rank_and_rope,
  latent_q_width,
  latent_out_width,
  latent_joint_width,
  d_nope,
  d_value,
  conv_kernel,
  conv_width,
  d_dense,
  n_delta_heads,
  delta_width,
  d_state,
};

enum class Presence : std::uint8_t { required, optional };

// A target that is loaded already is left alone, so alternatives (one fused tensor, or three) are listed one after the
// other: the fused one first and optional. Biases are optional always: ".bias" beside ".weight".
template <class Owner>
struct TensorSpec {
  using Part = std::pair<Linear Owner::*, Dim>;  // of a fused tensor: where these rows go, and how many they are

  const char* name;  // full for a Vector, Taps or Matrix; without ".weight" for what may have a bias
  Presence presence;
  Vector Owner::*vector = nullptr;               // [rows]
  Taps Owner::*taps = nullptr;                   // file: [rows][cols], kept as [cols][rows]
  Norm Owner::*norm = nullptr;                   // [rows], or [count][rows]
  Matrix Owner::*matrix = nullptr;               // [rows, cols]
  std::vector<Linear> Owner::*many = nullptr;    // [count][rows, cols]
  std::vector<Linear> Owner::*values = nullptr;  // with many: see Joint
  std::array<Part, 3> parts{};                   // one Linear [rows, cols], or several one after the other
  Dim count = Dim::one, rows = Dim::one, cols = Dim::one;

  // Latent attention's keys and values per head, d_nope rows and d_value rows in turn; the keys' are wanted transposed.
  struct Joint {
    std::vector<Linear> Owner::*keys;
    std::vector<Linear> Owner::*values;
  };

  constexpr TensorSpec(const char* n, Presence p, Vector Owner::*to, Dim r)
      : name(n), presence(p), vector(to), rows(r) {}
  constexpr TensorSpec(const char* n, Presence p, Taps Owner::*to, Dim r, Dim c)
      : name(n), presence(p), taps(to), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, Norm Owner::*to, Dim r, Dim number = Dim::one)
      : name(n), presence(p), norm(to), count(number), rows(r) {}
  constexpr TensorSpec(const char* n, Presence p, Matrix Owner::*to, Dim r, Dim c)
      : name(n), presence(p), matrix(to), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, Linear Owner::*to, Dim r, Dim c)
      : name(n), presence(p), parts{Part{to, r}}, cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, std::array<Part, 3> fused, Dim c)
      : name(n), presence(p), parts(fused), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, std::vector<Linear> Owner::*to, Dim number, Dim r, Dim c)
      : name(n), presence(p), many(to), count(number), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, Joint to, Dim r, Dim c)
      : name(n), presence(p), many(to.keys), values(to.values), rows(r), cols(c) {}
};

// Which layers have a group of tensors.
enum class Where : std::uint8_t {
  every_layer,
  attention,
  latent_attention,
  latent_split,     // with matrices of their own for keys and values
  latent_joint,     // with one matrix for both
  latent_plain_q,   // latent attention whose queries are not compressed
  latent_ranked_q,  // and where they are
  delta_net,
  short_conv,
  dense,
  experts,
  shared_expert,
};

// Tensors of layers: names follow "blk.<n>.".
struct TensorGroup {
  Where where;
  std::span<const TensorSpec<LayerWeights>> tensors;
};

}  // namespace quern::engine
