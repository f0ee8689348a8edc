// tq2_0: 256 ternary values of 2 bits share one f16 scale: value = d * (code - 1); 2.0625 bits per value.
// The code of value 128 h + 32 j + l (h = 0..1, j = 0..3, l = 0..31) is bits 2 j and 2 j + 1 of byte 32 h + l.
// Source: GGUF specification, block_tq2_0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockTq2_0 {
  std::uint8_t q[64];
  std::uint8_t d[2];  // f16
};
static_assert(sizeof(BlockTq2_0) == 66);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_tq2_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
