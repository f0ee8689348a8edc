// The Dot of int16_matmul.hpp as one VPDPWSSD, of AVX512_VNNI or of AVX-VNNI: the file that includes it is compiled for
// one of them. Half the instructions for each product, and sums bit-equal to those of VPMADDWD and VPADDD.
#pragma once

#include "kernels/cpu/x86/int16_matmul.hpp"

namespace quern::kernels {
namespace {

struct DotVnni : DotAvx2 {
  static constexpr Peak kPeak = Peak::int16_dot_256;
  static __m256i add(__m256i sum, __m256i a, __m256i b) noexcept {
#ifdef __AVXVNNI__
    return _mm256_dpwssd_avx_epi32(sum, a, b);
#else
    return _mm256_dpwssd_epi32(sum, a, b);
#endif
  }
  static __m256i add_in_place(__m256i sum, __m256i a, __m256i b) noexcept {
    return add(sum, a, b);
  }
};

}  // namespace
}  // namespace quern::kernels
