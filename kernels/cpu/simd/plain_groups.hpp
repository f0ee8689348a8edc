// The unquantized types as groups of 32 values for simd/matmul.hpp: rows of any length, so the last group may be cut
// short.
#pragma once

#include "kernels/cpu/simd/loaders.hpp"

namespace quern::kernels {
namespace {

template <class V, class Loader>
struct PlainGroups {
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
    for (std::size_t i = 0; i < 32 / V::kLanes; ++i) out[i] = Loader::load(state.values + i * V::kLanes);
  }
  // The first n < 32 values, zeros up to the next whole vector; returns the number of vectors.
  static std::size_t partial_group(const State& state, std::size_t n, F* out) noexcept {
    std::size_t n_vectors = 0;
    for (std::size_t done = 0; done < n; done += V::kLanes) {
      const Element* from = state.values + done;
      out[n_vectors++] = n - done < V::kLanes ? Loader::load_partial(from, n - done) : Loader::load(from);
    }
    return n_vectors;
  }
};

}  // namespace
}  // namespace quern::kernels
