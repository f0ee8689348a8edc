// Integer sums of a group of 32 columns, and what becomes of them: the steps that all regimes of packed products share,
// so that they agree bit for bit. Integer sums are exact, so their order is free; floats are
//   part = sum of S[s] * float(sum[s]) over the sub-blocks; total += part * scale of x; total -= M[s] * sum of x.
#pragma once

#include "kernels/cpu/packed/activations.hpp"
#include "kernels/cpu/packed/decode.hpp"

namespace quern::kernels {
namespace {

// Of a format, what the integer products have to know.
template <class O, int kMaxCode, int kZeroCode, std::size_t kSubBlocks, std::size_t kMinimums>
struct PackedKind {
  static constexpr std::size_t kSubs = kSubBlocks, kMins = kMinimums;
  static constexpr bool kSigned = !O::kDots && kMaxCode == 255;  // multiplied without the offset
  // How many quads of products fit 16 bits: codes up to kMaxCode times two bytes of up to 127, n times.
  static constexpr int kFit = 32767 / (kMaxCode * 127 * 2);
  static constexpr std::size_t kChain = O::kDots || kSigned ? 0 : kFit >= 8 ? 8 : kFit >= 4 ? 4 : kFit >= 2 ? 2 : 1;
  static constexpr int kZero = kSigned ? 0 : kZeroCode;
  static constexpr int kZeroShift = kZero == 0 ? 0 : __builtin_ctz(static_cast<unsigned>(kZero));
  static_assert((kZero & (kZero - 1)) == 0);
};
template <class O, class Format>
using PackedKindOf = PackedKind<O, Format::kMaxCode, Format::kZero, Format::kSubs, Format::kMins>;

// The form of activations: one plane, or two for exact products.
template <class O, bool kExact>
using PackedInputOf = PackedInput<kExact ? 2 : 1, kExact && !O::kDots>;

// What the sums of sub-block s of a group start with: minus the zero code for each value.
template <class O, class Kind, class Input>
typename O::I offset_of(const Input& x, std::size_t s) noexcept {
  if constexpr (Kind::kZero == 0) return O::zero();
  return O::template left32<Kind::kZeroShift>(O::set1(Kind::kSubs == 1 ? x.negated32 : x.negated16[s]));
}

template <class O, class Input>
typename O::I broadcast_quad(const Input& x, std::size_t plane, std::size_t quad) noexcept {
  std::int32_t four;
  __builtin_memcpy(&four, x.plane[plane] + 4 * quad, sizeof four);
  return O::set1(four);
}

// total += what sums say of a group with scales S and minimums M.
template <class O, class Kind, class Input>
typename O::F scale_sums(const typename O::I (&sums)[Kind::kSubs], const typename O::F (&scales)[Kind::kSubs],
                         const typename O::F* mins, const Input& x, typename O::F total) noexcept {
  typename O::F part = O::mul(O::floats(sums[0]), scales[0]);
  if constexpr (Kind::kSubs == 2) part = O::fma(O::floats(sums[1]), scales[1], part);
  total = O::fma(part, O::set1_f(x.scale), total);
  if constexpr (Kind::kMins == 1) total = O::fnma(mins[0], O::set1_f(x.sum32), total);
  if constexpr (Kind::kMins == 2) {
    total = O::fnma(mins[0], O::set1_f(x.sum16[0]), total);
    total = O::fnma(mins[1], O::set1_f(x.sum16[1]), total);
  }
  return total;
}

}  // namespace
}  // namespace quern::kernels
