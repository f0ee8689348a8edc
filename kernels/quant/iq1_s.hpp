// iq1_s: 256 values in 8 sub-blocks of 32: value = d * (2 * scale + 1) * (point + shift), where a point has the values
// -1, 0, 1 (iq_grids.hpp holds them in eighths) and shift is 1/8 or -1/8; 1.5625 bits per value.
// Word s (little endian) belongs to sub-block s: bits 3 l .. 3 l + 2 complete the index of its point l (values 8 l ..
// 8 l + 7), whose low eight bits are low[4 s + l]; bits 12-14 are the scale; bit 15: the shift is negative.
// Source: GGUF specification, block_iq1_s.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq1S {
  std::uint8_t d[2];  // f16
  std::uint8_t low[32];
  std::uint8_t words[8][2];
};
static_assert(sizeof(BlockIq1S) == 50);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq1_s(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
