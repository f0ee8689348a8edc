// Tiny GGUF files, whole or split, for tests of what reads their headers.
#pragma once

#include "tests/support/gguf_builder.hpp"
#include "tests/support/temp_dir.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::registry {

inline std::string text_of(const std::vector<std::byte>& bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

inline test::GgufBuilder tiny_builder() {
  test::GgufBuilder out;
  out.key("general.architecture", "llama").key("general.file_type", 15u).key("llama.context_length", 2048u);
  out.key("llama.block_count", 3u).key("tokenizer.ggml.tokens", std::vector<std::string>{"a", "b", "c", "d"});
  return out;
}

// seed: makes files differ.
inline std::string tiny_gguf(std::uint32_t seed = 0) {
  return text_of(tiny_builder()
                     .key("seed", seed)
                     .tensor("token_embd.weight", kernels::TensorType::q4_k, {256, 4})
                     .tensor("norm.weight", kernels::TensorType::f32, {256})
                     .build());
}

inline std::string tiny_adapter() {
  return text_of(test::GgufBuilder()
                     .key("general.architecture", "llama")
                     .key("general.type", "adapter")
                     .tensor("blk.0.lora_a", kernels::TensorType::f32, {8})
                     .build());
}

// File `no` (from 0) of `count`, each with one tensor.
inline std::string tiny_split(std::uint32_t no, std::uint32_t count) {
  test::GgufBuilder out = no == 0 ? tiny_builder() : test::GgufBuilder();
  out.key("split.no", no).key("split.count", count).key("split.tensors.count", static_cast<std::int32_t>(count));
  out.tensor("tensor." + std::to_string(no), kernels::TensorType::f32, {16});
  return text_of(out.build());
}

}  // namespace quern::registry
