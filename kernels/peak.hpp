// The instructions that a matrix product spends its time in. What the machine's cores can do of each is measured
// (kernels/roofs), so that a speed can be told as a share of what bounds it.
#pragma once

#include <cstddef>
#include <cstdint>

namespace quern::kernels {

enum class Peak : std::uint8_t {
  none,            // plain C++: nobody asks how close it is to a limit
  fma_256,         // F32 multiply-add: AVX2
  fma_512,         // and AVX-512
  int16_madd_256,  // 16-bit integers, multiplied and added in two instructions: AVX2
  int16_dot_256,   // in one: AVX-VNNI, AVX-512 VNNI
  int8_madd_256,   // bytes, multiplied to 16 bits and added there: AVX2
  int8_dot_256,    // bytes, multiplied and added to 32 bits in one instruction: AVX-VNNI
  int8_dot_512,    // and AVX-512 VNNI
  bf16_dot_512,    // AVX-512 BF16
  bf16_tile,       // AMX
  int8_tile,
  fma_128,            // NEON
  int8_widening_128,  // bytes, multiplied to 16 bits and added to 32: every AArch64
  int8_dot_128,       // in one instruction
  int8_matrix_128,    // 2 x 8 by 8 x 2
  bf16_matrix_128,    // 2 x 4 by 4 x 2
};
inline constexpr std::size_t kPeaks = 16;

}  // namespace quern::kernels
