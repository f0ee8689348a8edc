// The numbers that make one model: read from GGUF metadata by its architecture, checked, then constant.
#pragma once

#include "engine/rope_params.hpp"
#include "kernels/kernel_table.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace quern::engine {

// What mixes tokens in a layer.
enum class Mixer : std::uint8_t {
  attention,
  latent_attention,  // keys and values compressed into one vector per token (MLA)
  delta_net,         // gated delta rule over a recurrent state
  short_conv,        // gated convolution over the last few tokens
};

constexpr bool is_recurrent(Mixer mixer) noexcept {
  return mixer == Mixer::delta_net || mixer == Mixer::short_conv;
}

// How a sequence becomes one vector. Values as in "<arch>.pooling_type".
enum class Pooling : std::uint8_t { none = 0, mean = 1, cls = 2, last = 3, rank = 4 };

// How router logits become expert weights. Values as in "<arch>.expert_gating_func".
enum class Gating : std::uint8_t { softmax = 1, sigmoid = 2, softmax_of_chosen = 3 };

struct LayerParams {
  static constexpr std::uint8_t kNoRope = 255;
  Mixer mixer = Mixer::attention;
  bool experts = false;            // a mixture of experts instead of the dense feed-forward block
  std::uint8_t rope = 0;           // index into HyperParams::rope, or kNoRope
  std::uint32_t window = 0;        // see kernels::WindowKind; 0: none
  std::uint32_t cache_layer = 0;   // attention: layer of the KV arena; recurrent: layer of a state page
  bool query_temperature = false;  // queries grow with the position: see HyperParams::temperature_scale
  bool unit_qk = false;            // queries and keys are scaled to a mean square of 1 after rotation
};

struct MoeParams {
  std::uint32_t n_experts = 0;  // 0: the model has none
  std::uint32_t n_used = 0;
  std::uint32_t d_ff = 0;         // of one expert
  std::uint32_t d_ff_shared = 0;  // of the expert that every token visits; 0: none
  Gating gating = Gating::softmax;
  bool normalize = true;                          // weights of the chosen experts sum to 1
  bool weight_inputs = false;                     // the weight multiplies an expert's input instead of its answer
  float scale = 1.0f;                             // of the weights
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
  std::uint32_t d_state = 0;  // width of a head's query, key and value

  std::uint32_t k_width() const noexcept { return n_k_heads * d_state; }
  std::uint32_t v_width() const noexcept { return n_v_heads * d_state; }
  std::uint32_t conv_width() const noexcept { return 2 * k_width() + v_width(); }
};

struct HyperParams {
  std::uint32_t d_model = 0;
  std::uint32_t n_heads = 0;
  std::uint32_t n_kv_heads = 0;  // divides n_heads
  std::uint32_t d_head_k = 0;    // as attention sees it and the KV arena holds it
  std::uint32_t d_head_v = 0;
  std::uint32_t d_ff = 0;
  std::uint32_t n_vocab = 0;
  std::uint32_t n_context_train = 0;
  std::uint32_t n_learned_positions = 0;  // rows of position_embd; 0: none, positions have no limit
  std::uint32_t n_labels = 0;             // outputs of the classification head; 0: none
  std::uint32_t d_dense = 0;              // width between the two linear layers after pooling; 0: the model has none
  float norm_eps = 1e-5f;
  float attention_scale = 0;  // applied to q.k
  float attention_softcap = 0;
  float alibi_max_bias = 0;                                                 // 0: none
  float embedding_scale = 1.0f, residual_scale = 1.0f, logit_scale = 1.0f;  // all multiply
  float final_softcap = 0;
  // Llama 4: queries of layers without rope are multiplied by 1 + scale * log(1 + floor((position + 1) / floor_scale)).
  float temperature_scale = 0, temperature_floor = 0;
  bool causal = true;
  bool parallel_residual = false;  // attention and feed-forward both read the layer's input
  kernels::WindowKind window_kind = kernels::WindowKind::before;
  Pooling pooling = Pooling::none;
  std::array<RopeParams, 2> rope;  // 0: most models' only one; 1: of layers with a window where it differs
  MoeParams moe;
  LatentParams latent;
  DeltaParams delta;
  std::uint32_t conv_kernel = 0;  // tokens that a recurrent layer's convolution sees, its own among them
  std::vector<LayerParams> layers;
  std::uint32_t n_extra_layers = 0;  // blocks of the file behind `layers` that take no part in the next token

  std::uint32_t n_layers() const noexcept { return static_cast<std::uint32_t>(layers.size()); }
  std::uint32_t q_width() const noexcept { return n_heads * d_head_k; }
  std::uint32_t k_width() const noexcept { return n_kv_heads * d_head_k; }
  std::uint32_t v_width() const noexcept { return n_kv_heads * d_head_v; }
  std::uint32_t attn_width() const noexcept { return n_heads * d_head_v; }
  std::uint32_t heads_per_kv() const noexcept { return n_heads / n_kv_heads; }
  // Layers that keep K and V, and those that keep a state.
  std::uint32_t n_kv_layers() const noexcept;
  std::uint32_t n_state_layers() const noexcept;
  // Values that a recurrent layer remembers: the inputs of its convolution, then its delta state.
  std::uint32_t conv_width() const noexcept { return delta.n_v_heads > 0 ? delta.conv_width() : d_model; }
  std::uint64_t state_values() const noexcept;
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

}  // namespace quern::engine
