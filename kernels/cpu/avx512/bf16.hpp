// bf16 in 512-bit registers (AVX512_BF16): conversion from F32, products of pairs, and activation rows and weights in
// that form. Shared by the AVX-512 prefill (bf16_matmul.cpp) and by the tile kernels (kernels/cpu/amx/).
// Rounding both factors to 8 bits costs a product of random rows an NMSE of about 2 * (2^-9)^2 / 3 = 2.5e-6.
#pragma once

#include "kernels/cpu/avx512/intrinsics.hpp"
#include "kernels/cpu/avx512/vec.hpp"

namespace quern::kernels {
namespace {

#ifndef QUERN_EMULATE_AVX512
// 32 values, `first` in the lower half; to nearest even, subnormals become zero.
inline __m512i to_bf16(__m512 first, __m512 second) noexcept {
  return (__m512i)_mm512_cvtne2ps_pbh(second, first);
}
// sum[i] + a[2 i] * b[2 i] + a[2 i + 1] * b[2 i + 1]
inline __m512 dot_bf16(__m512 sum, __m512i a, __m512i b) noexcept {
  return _mm512_dpbf16_ps(sum, (__m512bh)a, (__m512bh)b);
}
#endif

inline constexpr std::size_t kBf16Group = 32;  // values in one register
inline constexpr std::size_t kBf16GroupBytes = 64;

// An activation row: n_cols values and zeros up to an odd number of 64-byte lines, since rows that are a power of two
// apart would share cache sets.
inline std::size_t bf16_row_bytes(std::size_t n_cols) noexcept {
  return (((n_cols + kBf16Group - 1) / kBf16Group) | 1u) * kBf16GroupBytes;
}

// MatmulKernel::prepare.
inline void prepare_bf16(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  const std::size_t row_bytes = bf16_row_bytes(n_cols);
  for (std::size_t t = 0; t < n_tokens; ++t, x += n_cols, out += row_bytes) {
    std::size_t k = 0;
    for (; k + kBf16Group <= n_cols; k += kBf16Group) {
      _mm512_storeu_si512(out + 2 * k, to_bf16(Vec::load(x + k), Vec::load(x + k + 16)));
    }
    if (k < n_cols) {
      const std::size_t n = n_cols - k;
      const __m512 first = n < 16 ? Vec::load_partial(x + k, n) : Vec::load(x + k);
      const __m512 second = n > 16 ? Vec::load_partial(x + k + 16, n - 16) : Vec::zero();
      _mm512_storeu_si512(out + 2 * k, to_bf16(first, second));
      k += kBf16Group;
    }
    for (; 2 * k < row_bytes; k += kBf16Group) _mm512_storeu_si512(out + 2 * k, _mm512_setzero_si512());
  }
}

// Decodes values [k, k + n) of a weight row (k a multiple of the block size) to bf16: group i of 32 goes to
// out + i * stride, with zeros behind the last value. out is 64-byte aligned.
using UnpackBf16Fn = void (*)(const std::byte* row, std::size_t k, std::size_t n, std::byte* out,
                              std::size_t stride) noexcept;

template <class Groups>
void unpack_bf16(const std::byte* row, std::size_t k, std::size_t n, std::byte* out, std::size_t stride) noexcept {
  static_assert(!Vec::kStridedGroups && kBf16Group % Vec::kLanes == 0);
  const std::byte* block = row + k / Groups::kBlockValues * Groups::kBlockBytes;
  typename Groups::State state;
  __m512 weights[2];
  for (; n >= Groups::kBlockValues; n -= Groups::kBlockValues, block += Groups::kBlockBytes) {
    Groups::open(block, state);
#pragma GCC unroll 8
    for (std::size_t g = 0; g < Groups::kBlockValues / kBf16Group; ++g, out += stride) {
      Groups::group(state, g, weights);
      _mm512_store_si512(out, to_bf16(weights[0], weights[1]));
    }
  }
  if constexpr (requires { &Groups::partial_group; }) {
    if (n == 0) return;
    weights[0] = weights[1] = Vec::zero();
    Groups::open(block, state);
    Groups::partial_group(state, n, weights);
    _mm512_store_si512(out, to_bf16(weights[0], weights[1]));
  }
}

}  // namespace
}  // namespace quern::kernels
