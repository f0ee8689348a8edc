// f32: plain IEEE 754 binary32, little endian. Any row length, any address.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_f32(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
