// How the AVX2 and AVX-512 tiers decode weights that are multiplied as floats: a format is cut into groups of 32
// values, and a group becomes 32 / V::kLanes vectors of F32: in order of k, or in the strided order of V::widen_u8, as
// the prepared activations of the block formats are. The bytes are taken apart with 256-bit integer instructions in
// both tiers; V widens them. Layouts: kernels/quant/<type>.hpp. A format has kBlockValues, kBlockBytes, a State (what
// the groups of one block share), open() and group(). Here: the plain types. See small_groups.hpp and grid_groups.hpp.
#pragma once

#include "kernels/cpu/simd/plain_groups.hpp"
#include "kernels/cpu/x86/common.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kGroupValues = 32;

template <class V>
using GroupsF32 = PlainGroups<V, LoadF32<V>>;
template <class V>
using GroupsF16 = PlainGroups<V, LoadF16<V>>;
template <class V>
using GroupsBf16 = PlainGroups<V, LoadBf16<V>>;

}  // namespace
}  // namespace quern::kernels
