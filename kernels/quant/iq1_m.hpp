// iq1_m: 256 values in 16 sub-blocks of 16: value = d * (2 * scale + 1) * (point + shift) as in iq1_s, with a shift for
// each point of 8 values; 1.75 bits per value.
// Point p: the low eight bits of its index are low[p]; the low (p even) or high half of high[p / 2] holds the upper
// three, and, in its top bit, whether the shift is negative.
// words (little endian): the scale of sub-block s is bits 3 (s % 4) .. 3 (s % 4) + 2 of word s / 4; the top four bits
// of the words are d, an f16, lowest bits in the first word.
// Source: GGUF specification, block_iq1_m.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq1M {
  std::uint8_t low[32];
  std::uint8_t high[16];
  std::uint8_t words[4][2];
};
static_assert(sizeof(BlockIq1M) == 56);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq1_m(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
