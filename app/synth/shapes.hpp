// The real models that `quern synth` can imitate: hyperparameters as their publishers give them.
// Threads: constants.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <span>
#include <string_view>

namespace quern::app {

enum class VocabularyKind : std::uint8_t {
  spm,        // SentencePiece with byte fallback, as Llama 2
  bpe_smol,   // byte-level BPE with the pre-tokenizer of SmolLM
  bpe_qwen2,  // ... of Qwen 2
  bpe_llama3  // ... of Llama 3
};

struct Shape {
  std::string_view name;
  std::string_view title;         // general.name
  std::string_view architecture;  // general.architecture
  std::uint32_t d_model, n_layers, d_ff, n_heads, n_kv_heads, d_head;
  std::uint32_t n_vocab, context;
  float rope_base, norm_eps;
  VocabularyKind vocabulary;
  bool tied = false;  // no output.weight: token_embd.weight serves both ends
  bool qkv_bias = false;
  float rope_scaling_factor = 0;  // of the rope_freqs.weight tensor of Llama 3.1 and later; 0: no such tensor
  bool qk_norm = false;           // norms of query and key heads
  bool post_norms = false;        // norms behind both blocks
  bool gpt_oss = false;           // biases everywhere, sinks, and its name for the second norm
  std::uint32_t window = 0;       // attention.sliding_window
  float linear_factor = 0, yarn_factor = 0;  // rope.scaling.factor
  std::uint32_t n_experts = 0, n_used = 0, d_expert = 0,
                d_shared = 0;  // d_ff is then what the key says, and no tensor's
  // Of each layer what mixes tokens: attention, short convolution or Mamba 2. Empty: attention in all.
  std::string_view mixers = {};  // a, c, m
  std::uint32_t conv_kernel = 0, d_inner = 0, d_state = 0, n_ssm_heads = 0;
  float embedding_scale = 0, residual_scale = 0, attention_scale = 0, logit_scale = 0;  // 0: no such keys

  char mixer(std::uint32_t layer) const noexcept { return mixers.empty() ? 'a' : mixers[layer]; }
  std::uint32_t q_width() const noexcept { return n_heads * d_head; }
  std::uint32_t kv_width() const noexcept { return n_kv_heads * d_head; }
};

std::span<const Shape> shapes() noexcept;
// Errors: bad_input with the list of names.
Result<Shape> find_shape(std::string_view name);

}  // namespace quern::app
