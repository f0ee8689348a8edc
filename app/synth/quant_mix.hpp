// Which tensor type each weight of a model gets for a `--quant`: one type for all matrices, or a mix.
// Threads: pure functions.
// Source: llama.cpp's quantization mixes (llama-quant.cpp), as far as dense llama shapes go.
#pragma once

#include "base/result.hpp"
#include "kernels/quant/quant_format.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::app {

enum class WeightRole : std::uint8_t {
  token_embd,
  output,
  attn_q,
  attn_k,
  attn_v,
  attn_output,
  ffn_gate,
  ffn_up,
  ffn_down
};

struct WeightPlace {
  WeightRole role;
  std::uint32_t layer = 0, n_layers = 1;
  std::uint64_t n_cols = 0;  // row length
};

class QuantMix {
 public:
  // Errors: bad_input with the list of names; unsupported where a decoder is missing.
  static Result<QuantMix> find(std::string_view name);
  static std::vector<std::string> names();

  std::int32_t file_type() const noexcept { return file_type_; }  // general.file_type; -1: none
  // Rows that are not whole blocks get a type of smaller blocks, as llama.cpp does.
  kernels::TensorType type_of(const WeightPlace& place) const noexcept;

 private:
  using Choose = kernels::TensorType (*)(const WeightPlace&) noexcept;
  Choose choose_ = nullptr;  // nullptr: type_ for all
  kernels::TensorType type_ = kernels::TensorType::f32;
  std::int32_t file_type_ = -1;
};

}  // namespace quern::app
