// tq1_0: 256 ternary values, five to a byte (four in the last four bytes), share one f16 scale: value = d * (digit -
// 1); 1.6875 bits per value. A byte is a base-3 fraction scaled to 256: multiplying by 3^n modulo 256 brings digit n to
// the front, and the front digit is byte * 3 / 256. Digit n of q[l] is value 32 n + l for l < 32 (n = 0..4) and value
// 160 + 16 n + l - 32 for l >= 32; digit n of last[l] is value 240 + 4 n + l (n = 0..3). Source: GGUF specification,
// block_tq1_0.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockTq1_0 {
  std::uint8_t q[48];
  std::uint8_t last[4];
  std::uint8_t d[2];  // f16
};
static_assert(sizeof(BlockTq1_0) == 54);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_tq1_0(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
