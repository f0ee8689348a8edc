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
  delta_fused_width,
  delta_fused_gates,
  d_state,
  d_inner,
  ssm_in_width,
  ssm_conv_width,
  ssm_x_width,
  ssm_rank,
  ssm_state,
  ssm_heads,
  ssm_groups,
  d_inner_of_group,
  d_expert_in,
  d_latent,
  per_layer_width,
  per_layer_all,
  other_streams,
  n_streams,
  n_streams_squared,
  laurel_rank,
  d_model_x5,
  d_model_x6,
  five,
  mix_rank,
  mix_rank_x5,
  decay_rank,
  rate_rank,
  gate_rank,
  distance_biases,
};

enum class Presence : std::uint8_t { required, optional };

// A target that is loaded already is left alone, so alternatives (one fused tensor, or three) are listed one after the
// other: the fused one first and optional. Biases are optional always: ".bias" beside ".weight".
template <class Owner>
struct TensorSpec {
  using Part = std::pair<Linear Owner::*, Dim>;  // of a fused tensor: where these rows go, and how many they are

  const char* name;  // full for a Vector, Taps or Matrix; without ".weight" for what may have a bias or lack the ending
  Presence presence;
  Vector Owner::*vector = nullptr;               // [rows], in any number of dimensions
  Taps Owner::*taps = nullptr;                   // file: [rows][cols], kept as [cols][rows]
  Norm Owner::*norm = nullptr;                   // [rows], or [count][rows]
  Matrix Owner::*matrix = nullptr;               // [rows, cols]
  std::vector<Linear> Owner::*many = nullptr;    // [count][rows, cols]
  std::vector<Linear> Owner::*values = nullptr;  // with many: see Joint
  std::vector<Linear> Owner::*second = nullptr;  // with many: see Halves
  std::array<Part, 3> parts{};                   // one Linear [rows, cols], or several one after the other
  Dim count = Dim::one, rows = Dim::one, cols = Dim::one;
  bool bare = false;  // what stands beside it (".bias", ".scale") is not this matrix's

  // Latent attention's keys and values per head, d_nope rows and d_value rows in turn; the keys' are wanted transposed.
  struct Joint {
    std::vector<Linear> Owner::*keys;
    std::vector<Linear> Owner::*values;
  };

  // Of each matrix of several, the first half of its rows and the second.
  struct Halves {
    std::vector<Linear> Owner::*first;
    std::vector<Linear> Owner::*second;
  };
  enum class Beside : std::uint8_t { taken, left };

  constexpr TensorSpec(const char* n, Presence p, Vector Owner::*to, Dim r)
      : name(n), presence(p), vector(to), rows(r) {}
  constexpr TensorSpec(const char* n, Presence p, Taps Owner::*to, Dim r, Dim c)
      : name(n), presence(p), taps(to), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, Norm Owner::*to, Dim r, Dim number = Dim::one)
      : name(n), presence(p), norm(to), count(number), rows(r) {}
  constexpr TensorSpec(const char* n, Presence p, Matrix Owner::*to, Dim r, Dim c)
      : name(n), presence(p), matrix(to), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, Linear Owner::*to, Dim r, Dim c, Beside beside = Beside::taken)
      : name(n), presence(p), parts{Part{to, r}}, cols(c), bare(beside == Beside::left) {}
  constexpr TensorSpec(const char* n, Presence p, std::array<Part, 3> fused, Dim c)
      : name(n), presence(p), parts(fused), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, std::vector<Linear> Owner::*to, Dim number, Dim r, Dim c)
      : name(n), presence(p), many(to), count(number), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, Halves to, Dim number, Dim r, Dim c)
      : name(n), presence(p), many(to.first), second(to.second), count(number), rows(r), cols(c) {}
  constexpr TensorSpec(const char* n, Presence p, Joint to, Dim r, Dim c)
      : name(n), presence(p), many(to.keys), values(to.values), rows(r), cols(c) {}
};

// Which layers have a group of tensors.
enum class Where : std::uint8_t {
  every_layer,
  mixed,    // whatever mixes tokens there
  unmixed,  // nothing does
  fed,      // with a feed-forward block
  attention,
  own_kv,  // attention that has keys and values of its own
  linear,
  latent_attention,
  latent_split,     // with matrices of their own for keys and values
  latent_joint,     // with one matrix for both
  latent_plain_q,   // latent attention whose queries are not compressed
  latent_ranked_q,  // and where they are
  delta_net,
  delta_split,  // with matrices of their own for what is mixed and for gates
  delta_fused,
  short_conv,
  mamba,
  dense,
  experts,
  shared_expert,
  latent_experts,  // that work on a projection of their input
  per_layer,       // with an embedding of its own for each token
};

struct HyperParams;
struct LayerParams;
bool has_group(Where where, const HyperParams& p, const LayerParams& layer) noexcept;
// `found`: what Dim::any stands for.
std::uint64_t length_of(Dim dim, const HyperParams& p, const LayerParams& layer, std::uint64_t found) noexcept;

// Tensors of layers: names follow "blk.<n>." (ArchSpec::layer_prefix).
struct TensorGroup {
  Where where;
  std::span<const TensorSpec<LayerWeights>> tensors;
};

}  // namespace quern::engine
