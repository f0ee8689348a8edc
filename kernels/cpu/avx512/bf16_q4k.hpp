// q4_k to bf16 by table: a sub-block has 16 different values, so the values of two sub-blocks, computed and rounded
// once, are the 32 entries that one VPERMW looks up. About 12 instructions for 64 weights instead of the 26 of the
// general path (GroupsQ4K and a conversion), on paper 7 cycles with the scales of the block instead of 13.
#pragma once

#include "kernels/cpu/avx512/bf16.hpp"
#include "kernels/cpu/avx512/weight_groups.hpp"

namespace quern::kernels {
namespace {

// Rounds to nearest, ties away from zero; subnormals keep their upper bits. Even words from `even`, odd ones from
// `odd`.
inline __m512i interleaved_bf16(__m512 even, __m512 odd) noexcept {
  const __m512i half = _mm512_set1_epi32(0x8000);
  const __m512i low = _mm512_add_epi32(_mm512_castps_si512(even), half);
  const __m512i high = _mm512_add_epi32(_mm512_castps_si512(odd), half);
  return _mm512_mask_blend_epi16(0xAAAAAAAAu, _mm512_srli_epi32(low, 16), high);
}

template <>
inline void unpack_bf16<GroupsQ4K<Vec>>(const std::byte* row, std::size_t k, std::size_t n, std::byte* out,
                                        std::size_t stride) noexcept {
  const auto* block = reinterpret_cast<const BlockQ4K*>(row) + k / 256;
  const __m512 code = Vec::iota();
  const __m512i one = _mm512_set1_epi16(1);
  for (; n != 0; n -= 256, ++block) {
    ScalesAndMins sub;
    sub.decode(*block);
    asm volatile(""
                 : "+m"(sub));  // broadcasts from memory cost no shuffle; g++ would take the lanes apart in registers
#pragma GCC unroll 4
    for (std::size_t pair = 0; pair < 4; ++pair, out += 2 * stride) {
      const __m512 low = Vec::fmsub(code, Vec::set1(sub.scale[2 * pair]), Vec::set1(sub.min[2 * pair]));
      const __m512 high = Vec::fmsub(code, Vec::set1(sub.scale[2 * pair + 1]), Vec::set1(sub.min[2 * pair + 1]));
      const __m512i table = interleaved_bf16(low, high);
      // A look-up uses five bits: twice the code, which is in bits 0 to 3 or 4 to 7, and which of the sub-blocks.
      const __m512i codes = _mm512_cvtepu8_epi16(load_bytes32(block->q + 32 * pair));
      const __m512i low_index = _mm512_slli_epi16(codes, 1);
      const __m512i high_index = _mm512_or_si512(_mm512_srli_epi16(codes, 3), one);
      _mm512_store_si512(out, _mm512_permutexvar_epi16(low_index, table));
      _mm512_store_si512(out + stride, _mm512_permutexvar_epi16(high_index, table));
    }
  }
}

}  // namespace
}  // namespace quern::kernels
