// The matrix products of an x86 tier that are computed in floats.
#pragma once

#include "kernels/cpu/simd/matmul.hpp"
#include "kernels/cpu/x86/format_list.hpp"

namespace quern::kernels {
namespace {

// Activations stay F32, so all roles use the same kernel. prepare() is the scalar tier's copy unless groups are decoded
// in another order than that of k.
template <class V>
void fill_float_matmul(KernelTable& table) noexcept {
  for_each_float_format<V>([&table]<class Groups>(TensorType type) {
    for (auto& by_type : table.matmul) {
      MatmulKernel& kernel = by_type[static_cast<std::size_t>(type)];
      kernel.run = &matmul<V, Groups>;
      kernel.peak = V::kLanes == 16 ? Peak::fma_512 : Peak::fma_256;
      constexpr bool kAnyLength = requires {
        &Groups::partial_group;
      };
      if constexpr (V::kStridedGroups && !kAnyLength) kernel.prepare = &prepare_strided_groups<V>;
    }
  });
}

}  // namespace
}  // namespace quern::kernels
