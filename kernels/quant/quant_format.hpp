// The tensor types of GGUF: identity, block geometry and the scalar decoder that every faster path is tested against.
// Adding a type: one pair of files beside this one and one row in formats.cpp.
// Source: GGUF specification, enum ggml_type (ids and block sizes are part of the file format).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace quern::kernels {

enum class TensorType : std::uint32_t {
  f32 = 0, f16 = 1, q4_0 = 2, q4_1 = 3, q5_0 = 6, q5_1 = 7, q8_0 = 8, q8_1 = 9,
  q2_k = 10, q3_k = 11, q4_k = 12, q5_k = 13, q6_k = 14, q8_k = 15,
  iq2_xxs = 16, iq2_xs = 17, iq3_xxs = 18, iq1_s = 19, iq4_nl = 20, iq3_s = 21, iq2_s = 22, iq4_xs = 23,
  i8 = 24, i16 = 25, i32 = 26, i64 = 27, f64 = 28, iq1_m = 29, bf16 = 30, tq1_0 = 34, tq2_0 = 35, mxfp4 = 39,
  nvfp4 = 40, q1_0 = 41, q2_0 = 42,
};
inline constexpr std::size_t kTensorTypeIds = 43;  // ids are below this; also the size of per-type kernel tables

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
inline const QuantFormat& format_of(TensorType type) noexcept { return *find_format(static_cast<std::uint32_t>(type)); }

}  // namespace quern::kernels
