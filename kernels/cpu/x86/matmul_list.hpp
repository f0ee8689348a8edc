// The F32 matmul kernels of an x86 tier.
#pragma once

#include "kernels/cpu/simd/matmul.hpp"
#include "kernels/cpu/x86/format_list.hpp"

namespace quern::kernels {
namespace {

// Activations stay F32, so both roles use the same kernel. prepare() is the scalar tier's copy unless groups are
// decoded in another order than that of k.
template <class V>
void fill_x86_matmul(KernelTable& table) noexcept {
  for_each_format<V>([&table]<class Groups>(TensorType type) {
    for (auto& by_type : table.matmul) {
      MatmulKernel& kernel = by_type[static_cast<std::size_t>(type)];
      if constexpr (requires { &Groups::dequantize; }) {
        kernel.run = &matmul_scalar_decode<V, Groups::kBlockValues, Groups::kBlockBytes, &Groups::dequantize>;
      } else {
        kernel.run = &matmul<V, Groups>;
        constexpr bool kAnyLength = requires {
          &Groups::partial_group;
        };
        if constexpr (V::kStridedGroups && !kAnyLength) kernel.prepare = &prepare_strided_groups<V>;
      }
    }
  });
}

}  // namespace
}  // namespace quern::kernels
