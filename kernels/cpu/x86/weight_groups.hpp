// How the AVX2 and AVX-512 tiers decode weights that are multiplied as floats: a format is cut into groups of 32
// values, and a group becomes 32 / V::kLanes vectors of F32: in order of k, or in the strided order of V::widen_u8, as
// the prepared activations of the block formats are. The bytes are taken apart with 256-bit integer instructions in
// both tiers; V widens them. Layouts: kernels/quant/<type>.hpp. A format has kBlockValues, kBlockBytes, a State (what
// the groups of one block share), open() and group(). Here: the plain types. See small_groups.hpp and grid_groups.hpp.
#pragma once

#include "kernels/cpu/simd/loaders.hpp"
#include "kernels/cpu/x86/common.hpp"

namespace quern::kernels {
namespace {

inline constexpr std::size_t kGroupValues = 32;

// The unquantized types: rows of any length, so the last group may be cut short.
template <class V, class Loader>
struct GroupsPlain {
  using F = typename V::F;
  using Element = typename Loader::Element;
  static constexpr std::size_t kBlockValues = 32, kBlockBytes = 32 * sizeof(Element);
  struct State {
    const Element* values;
  };
  static void open(const std::byte* block, State& state) noexcept {
    state.values = reinterpret_cast<const Element*>(block);
  }
  static void group(const State& state, std::size_t, F* out) noexcept {
    for (std::size_t i = 0; i < kGroupValues / V::kLanes; ++i) out[i] = Loader::load(state.values + i * V::kLanes);
  }
  // The first n < 32 values, zeros up to the next whole vector; returns the number of vectors.
  static std::size_t partial_group(const State& state, std::size_t n, F* out) noexcept {
    std::size_t i = 0;
    for (; (i + 1) * V::kLanes <= n; ++i) out[i] = Loader::load(state.values + i * V::kLanes);
    if (i * V::kLanes < n) {
      out[i] = Loader::load_partial(state.values + i * V::kLanes, n - i * V::kLanes);
      ++i;
    }
    return i;
  }
};
template <class V>
using GroupsF32 = GroupsPlain<V, LoadF32<V>>;
template <class V>
using GroupsF16 = GroupsPlain<V, LoadF16<V>>;
template <class V>
using GroupsBf16 = GroupsPlain<V, LoadBf16<V>>;

}  // namespace
}  // namespace quern::kernels
