// The unquantized types: f32, f16, bf16 ("blocks" of one value). Threads: pure functions.
#pragma once

#include <cstddef>

namespace quern::kernels {

void dequantize_f32(const void* values, std::size_t n, float* out) noexcept;
void dequantize_f16(const void* values, std::size_t n, float* out) noexcept;
void dequantize_bf16(const void* values, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
