// iq4_nl: 32 indexes of 4 bits into a fixed table of 16 signed bytes (iq4_codebook.hpp): value = d * table[index];
// 4.5 bits per value. Byte i holds value i in its low half and value 16 + i in its high half.
// Source: GGUF specification, block_iq4_nl.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

struct BlockIq4Nl {
  std::uint8_t d[2];  // f16
  std::uint8_t q[16];
};
static_assert(sizeof(BlockIq4Nl) == 18);  // file format: do not reorder or pad

// out[n] = the values of the blocks, bit-equal to the reference.
void dequantize_iq4_nl(const void* blocks, std::size_t n, float* out) noexcept;

}  // namespace quern::kernels
