// An architecture is data: which GGUF keys and tensors it has, and which variant of each block its layers use. What a
// spec leaves out is as in Llama. A new one is a few lines in a file beside llama.cpp and a row in registry.cpp;
// docs/ADDING_AN_ARCHITECTURE.md shows how.
// Threads: constants.
#pragma once

#include "base/result.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/key_reader.hpp"
#include "engine/arch/tensor_spec.hpp"
#include "engine/hyper_params.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace quern::engine {

enum class NormKind : std::uint8_t {
  rms,
  rms_with_bias,
  layer,
  bare_layer,  // LayerNorm without weights, which no file has tensors of
};
enum class Activation : std::uint8_t { silu, gelu, gelu_or_relu, relu, squared_relu, xielu, clamped_swiglu };
enum class PoolRow : std::uint8_t { first, last };  // the token that stands for the sequence in a ranking model

// How queries and keys are normalized, where the model has the weights.
enum class QkNorm : std::uint8_t {
  head,       // each head, all with the same weights
  each_head,  // each head with weights of its own
  whole,      // all heads together
};

// Sigmoid gates on the heads' answers.
enum class AttentionGate : std::uint8_t {
  none,
  in_query,  // attn_q holds, per head, a query and a gate
  apart,     // attn_gate gives them
};

// What a ranking model does with its one token before and after the last layer of the head.
struct RankHead {
  PoolRow row = PoolRow::first;
  bool gelu = false;     // activation of the first layer of the head: GELU, else tanh
  bool softmax = false;  // of the labels
};

// How the keys of a mixture of experts are read, and what they mean where a file is silent.
struct MixtureRule {
  enum class Use : std::uint8_t { no, optional, required };
  // Of one expert where expert_feed_forward_length is missing: an error, or the dense width, or that divided among the
  // experts used.
  enum class Width : std::uint8_t { own, dense, dense_share };
  // The width of the expert of every token.
  enum class Shared : std::uint8_t { none, length, length_or_dense, length_or_expert, count, length_times_count };
  Use use = Use::no;
  Width width = Width::dense;
  Shared shared = Shared::none;
  Gating gating = Gating::softmax;
  bool gating_key = false;  // expert_gating_func may say otherwise
  bool normalize = true;
  bool normalize_key = false;  // expert_weights_norm may say otherwise; missing: `normalize`
  bool groups = false;         // expert_group_count and expert_group_used_count are read
  bool dense_first = false;    // leading_dense_block_count is read
};

struct ArchSpec {
  const char* gguf_arch;             // general.architecture
  const char* layer_prefix = "blk";  // of the names of layers' tensors
  NormKind norm = NormKind::rms;
  RopeStyle rope = RopeStyle::interleaved;
  RopeSections sections = RopeSections::none;  // rope.dimension_sections is read
  Activation activation = Activation::silu;
  QkNorm qk_norm = QkNorm::head;
  bool qk_norm_last = false;  // after rotation
  AttentionGate attention_gate = AttentionGate::none;
  bool router_first = false;  // routers read the layer's input, before any norm
  bool attends = true;        // false: no layer has attention, heads or rotations
  bool varied = false;        // layers may have no heads, or a feed-forward block of width 0
  bool draft_layers = false;  // nextn_predict_layers of the block_count layers take no part in the next token
  bool generates = true;      // false: an encoder, which only embeds
  RankHead rank;
  MixtureRule mixture;
  Status (*adjust)(const KeyReader& keys, HyperParams& p) = nullptr;  // what the fields above cannot say
  // `output` may be missing where the model generates: then it is tied to token_embd.
  std::span<const TensorSpec<ModelWeights>> model_tensors = blocks::kDecoder;
  std::span<const TensorGroup> layer_tensors = blocks::kLlamaLayer;
};

// All supported architectures. nullptr: not supported.
std::span<const ArchSpec* const> architectures() noexcept;
const ArchSpec* find_architecture(std::string_view gguf_arch) noexcept;

}  // namespace quern::engine
