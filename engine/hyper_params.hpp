// The numbers that make one model: read from GGUF metadata by its architecture, checked, then constant.
#pragma once

#include "engine/layer_params.hpp"
#include "engine/rope_params.hpp"
#include "kernels/kernel_table.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace quern::engine {

// How a sequence becomes one vector. Values as in "<arch>.pooling_type".
enum class Pooling : std::uint8_t { none = 0, mean = 1, cls = 2, last = 3, rank = 4 };

// How router logits become expert weights. Values as in "<arch>.expert_gating_func".
enum class Gating : std::uint8_t { softmax = 1, sigmoid = 2, softmax_of_chosen = 3, sqrt_softplus = 4 };

struct MoeParams {
  std::uint32_t n_experts = 0;  // 0: the model has none
  std::uint32_t n_used = 0;
  std::uint32_t d_ff = 0;         // of one expert
  std::uint32_t d_ff_shared = 0;  // of the expert that every token visits; 0: none
  std::uint32_t d_latent = 0;     // width that experts work on; 0: d_model
  Gating gating = Gating::softmax;
  bool normalize = true;       // weights of the chosen experts sum to 1
  bool weight_inputs = false;  // the weight multiplies an expert's input instead of its answer
  float scale = 1.0f;          // of the weights
  float router_scale = 1.0f;   // of the logits
  float sum_scale = 1.0f;      // of the experts' answer and the dense block's, where a layer has both
  std::uint32_t n_groups = 1, n_groups_used = 1;  // experts are chosen from the best groups only
};

// Widths of latent attention, per head: queries and keys have a part without position and a rotated part.
struct LatentParams {
  std::uint32_t q_rank = 0;   // 0: queries are not compressed
  std::uint32_t kv_rank = 0;  // of the vector that is cached
  std::uint32_t d_nope = 0, d_rope = 0;
  std::uint32_t d_value = 0;
  bool joint = false;  // the file holds keys and values of a head as one matrix, as they are multiplied with kv_down
};

struct DeltaParams {
  std::uint32_t n_k_heads = 0, n_v_heads = 0;
  std::uint32_t d_state = 0;    // width of a head's query, key and value
  bool adjacent_heads = false;  // value heads that share a key head follow each other; else they take turns
  bool fused = false;           // one matrix gives, per key head, its query, key, values and gates

  std::uint32_t k_width() const noexcept { return n_k_heads * d_state; }
  std::uint32_t v_width() const noexcept { return n_v_heads * d_state; }
  std::uint32_t conv_width() const noexcept { return 2 * k_width() + v_width(); }
};

// State space layers (Mamba): d_inner channels, each with d_state values of memory.
struct SsmParams {
  std::uint32_t d_inner = 0;  // 0: the model has none
  std::uint32_t d_state = 0;
  std::uint32_t n_heads = 0;   // Mamba 2: channels of a head share a time step; 0: Mamba 1
  std::uint32_t n_groups = 0;  // Mamba 2: of heads that share B and C
  std::uint32_t dt_rank = 0;   // of the time step before its projection; 0: there is none
  bool unit_norms = false;     // time step, B and C are normalized without weights
  bool gates_first = false;    // the input matrix gives each head its gate and then its channels

  std::uint32_t d_head() const noexcept { return n_heads > 0 ? d_inner / n_heads : 0; }
  bool projects() const noexcept { return dt_rank > 0; }  // B, C and time steps come from the channels
  std::uint32_t bc_width() const noexcept { return n_groups * d_state; }
  // Channels that the convolution sees; values that the input matrix and the second projection give.
  std::uint32_t conv_width() const noexcept { return projects() ? d_inner : d_inner + 2 * bc_width(); }
  std::uint32_t in_width() const noexcept { return d_inner + conv_width() + (projects() ? 0 : n_heads); }
  std::uint32_t x_width() const noexcept { return dt_rank + 2 * d_state; }
  std::uint32_t n_steps() const noexcept { return n_heads > 0 ? n_heads : d_inner; }  // time steps of a token
};

// RWKV: a matrix per head, and the last token's inputs of both blocks.
struct RwkvParams {
  std::uint32_t d_head = 0;                    // 0: the model has none
  std::uint32_t mix_rank = 0, decay_rank = 0;  // of the projections that find mixtures and decays
  std::uint32_t rate_rank = 0, value_rank = 0, gate_rank = 0;
  std::uint32_t rescale_every = 0;  // layers after which the stream is halved; 0: never
};

// Embeddings of each token for each layer, beside the model's own (Gemma 3n and 4).
struct PerLayerParams {
  std::uint32_t width = 0;      // 0: the model has none
  std::uint32_t n_streams = 1;  // AltUp: copies of the residual stream, of which a layer computes one
  std::uint32_t laurel_rank = 0;
};

struct HyperParams {
  std::uint32_t d_model = 0;
  // Of the layer that has most of it: what buffers are made for. The layers' own are in `layers`.
  std::uint32_t n_heads = 0;
  std::uint32_t n_kv_heads = 0;
  std::uint32_t d_head_k = 0;
  std::uint32_t d_head_v = 0;
  std::uint32_t d_ff = 0;
  std::uint32_t n_vocab = 0;
  std::uint32_t n_context_train = 0;
  std::uint32_t n_learned_positions = 0;  // rows of position_embd; 0: none, positions have no limit
  std::uint32_t n_labels = 0;             // outputs of the classification head; 0: none
  std::uint32_t d_dense = 0;              // width between the two linear layers after pooling; 0: the model has none
  std::uint32_t n_distance_buckets = 0;   // T5: biases of scores by distance; 0: none
  float norm_eps = 1e-5f;
  float attention_scale = 0;  // applied to q.k
  float attention_softcap = 0;
  float qkv_clamp = 0;                                                      // 0: none
  float alibi_max_bias = 0;                                                 // 0: none
  float embedding_scale = 1.0f, residual_scale = 1.0f, logit_scale = 1.0f;  // all multiply
  float final_softcap = 0;
  // Queries of the layers that say so are multiplied by 1 + scale * log(1 + floor((position + offset) / floor_scale)).
  float temperature_scale = 0, temperature_floor = 0, temperature_offset = 0;
  bool causal = true;
  bool parallel_residual = false;  // attention and feed-forward both read the layer's input
  kernels::WindowKind window_kind = kernels::WindowKind::before;
  Pooling pooling = Pooling::none;
  std::array<RopeParams, 2> rope;  // 0: most models' only one; 1: of layers with a window where it differs
  MoeParams moe;
  LatentParams latent;
  DeltaParams delta;
  SsmParams ssm;
  RwkvParams rwkv;
  PerLayerParams per_layer;
  std::uint32_t conv_kernel = 0;  // tokens that a recurrent layer's convolution sees, its own among them
  std::vector<LayerParams> layers;
  std::uint32_t n_extra_layers = 0;  // blocks of the file behind `layers` that take no part in the next token

  std::uint32_t n_layers() const noexcept { return static_cast<std::uint32_t>(layers.size()); }
  // The widest of all layers'.
  std::uint32_t q_width() const noexcept { return widest(&LayerParams::q_width); }
  std::uint32_t k_width() const noexcept { return widest(&LayerParams::k_width); }
  std::uint32_t v_width() const noexcept { return widest(&LayerParams::v_width); }
  std::uint32_t attn_width() const noexcept { return widest(&LayerParams::attn_width); }
  // Layers that keep K and V of their own, and those that keep a state.
  std::uint32_t n_kv_layers() const noexcept;
  std::uint32_t n_state_layers() const noexcept;
  // Whether all layers with keys and values have the same heads.
  bool same_heads() const noexcept;
  // Values that a recurrent layer remembers: the inputs of its convolution, then its state.
  std::uint32_t conv_width() const noexcept;
  std::uint64_t state_values() const noexcept;

 private:
  std::uint32_t widest(std::uint32_t (LayerParams::*width)() const noexcept) const noexcept;
};

// Limits on outside values: products of any two of them fit 64 bits with room, and buffers stay allocatable.
inline constexpr std::uint64_t kMaxLayers = 1024;
inline constexpr std::uint64_t kMaxWidth = 1u << 20;  // any vector length but the vocabulary
inline constexpr std::uint64_t kMaxVocab = 1u << 22;
inline constexpr std::uint64_t kMaxHeads = 4096;
inline constexpr std::uint64_t kMaxHeadWidth = kernels::kMaxHeadDim;  // what attention kernels keep on their stack
inline constexpr std::uint64_t kMaxExperts = 1024;
inline constexpr std::uint64_t kMaxContext = 1u << 24;
inline constexpr std::uint64_t kMaxConvKernel = 64;
inline constexpr std::uint64_t kMaxState = 1024;  // values that a channel of a state remembers

}  // namespace quern::engine
