// The tensor types of GGUF: identity, block geometry and the scalar decoder that every faster path is tested against.
// Adding a type: one pair of files beside this one and one row in formats.cpp.
// Source: GGUF specification, enum ggml_type (ids and block sizes are part of the file format).
#pragma once

#include "kernels/quant/tensor_type.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace quern::kernels {

struct QuantFormat {
  TensorType type;
  const char* name;            // "q4_k": lower case, as in `--quant`
  std::uint32_t block_values;  // values per block; a row holds a whole number of blocks
  std::uint32_t block_bytes;
  // out[n] = the values of n / block_values blocks, evaluated in F32 in the order of the reference (bit-exact).
  // nullptr: the geometry is known (files can be checked) but there is no decoder yet.
  void (*dequantize)(const void* blocks, std::size_t n, float* out) noexcept;

  constexpr std::size_t row_bytes(std::size_t n_values) const noexcept { return n_values / block_values * block_bytes; }
};

// All known types, in order of id. nullptr from find_*: no such type.
std::span<const QuantFormat> formats() noexcept;
const QuantFormat* find_format(std::uint32_t gguf_id) noexcept;
const QuantFormat* find_format(std::string_view name) noexcept;
inline const QuantFormat& format_of(TensorType type) noexcept {
  return *find_format(static_cast<std::uint32_t>(type));
}

}  // namespace quern::kernels
