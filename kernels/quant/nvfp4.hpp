// nvfp4: 64 floats of 4 bits (E2M1, see mxfp4.hpp) in 4 sub-blocks of 16, each with an unsigned float scale of 8 bits
// (E4M3, bias 7); 4.5 bits per value. Byte l of sub-block s (q[8 s + l], l = 0..7) holds value 16 s + l in its low half
// and value 16 s + 8 + l in its high half. The scale codes 0 and 127 stand for zero.
// Source: GGUF specification, block_nvfp4.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockNvfp4 {
  std::uint8_t scales[4];
  std::uint8_t q[32];
};
static_assert(sizeof(BlockNvfp4) == 36);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_nvfp4(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
