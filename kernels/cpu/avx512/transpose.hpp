// 16 x 16 transpose of 32-bit elements in registers: 64 shuffles.
#pragma once

#include "kernels/cpu/avx512/intrinsics.hpp"

namespace quern::kernels {
namespace {

// Element j of vector i becomes element i of vector j.
inline void transpose16(__m512i (&v)[16]) noexcept {
  // quads[4 q + c], 128-bit lane l: elements 4 l + c of the vectors 4 q .. 4 q + 3
  __m512i quads[16];
#pragma GCC unroll 4
  for (int q = 0; q < 4; ++q) {
    const __m512i low01 = _mm512_unpacklo_epi32(v[4 * q], v[4 * q + 1]);
    const __m512i high01 = _mm512_unpackhi_epi32(v[4 * q], v[4 * q + 1]);
    const __m512i low23 = _mm512_unpacklo_epi32(v[4 * q + 2], v[4 * q + 3]);
    const __m512i high23 = _mm512_unpackhi_epi32(v[4 * q + 2], v[4 * q + 3]);
    quads[4 * q] = _mm512_unpacklo_epi64(low01, low23);
    quads[4 * q + 1] = _mm512_unpackhi_epi64(low01, low23);
    quads[4 * q + 2] = _mm512_unpacklo_epi64(high01, high23);
    quads[4 * q + 3] = _mm512_unpackhi_epi64(high01, high23);
  }
#pragma GCC unroll 4
  for (int c = 0; c < 4; ++c) {  // 0x88: lanes 0 and 2 of each operand, 0xDD: lanes 1 and 3
    const __m512i even01 = _mm512_shuffle_i32x4(quads[c], quads[4 + c], 0x88);
    const __m512i odd01 = _mm512_shuffle_i32x4(quads[c], quads[4 + c], 0xDD);
    const __m512i even23 = _mm512_shuffle_i32x4(quads[8 + c], quads[12 + c], 0x88);
    const __m512i odd23 = _mm512_shuffle_i32x4(quads[8 + c], quads[12 + c], 0xDD);
    v[c] = _mm512_shuffle_i32x4(even01, even23, 0x88);
    v[4 + c] = _mm512_shuffle_i32x4(odd01, odd23, 0x88);
    v[8 + c] = _mm512_shuffle_i32x4(even01, even23, 0xDD);
    v[12 + c] = _mm512_shuffle_i32x4(odd01, odd23, 0xDD);
  }
}

}  // namespace
}  // namespace quern::kernels
