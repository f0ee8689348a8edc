// mxfp4: 32 floats of 4 bits (E2M1: 0, 0.5, 1, 1.5, 2, 3, 4, 6 and a sign) share one power-of-two exponent (E8M0);
// 4.25 bits per value. Byte i holds value i in its low half and value 16 + i in its high half.
// The codes are doubled to integers and the scale halved, as the reference does.
// Source: OCP Microscaling Formats (MX) 1.0; GGUF specification, block_mxfp4.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockMxfp4 {
  std::uint8_t exponent;  // scale = 2^(exponent - 127)
  std::uint8_t q[16];
};
static_assert(sizeof(BlockMxfp4) == 17);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_mxfp4(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
