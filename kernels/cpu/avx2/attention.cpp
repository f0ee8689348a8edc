#include "kernels/cpu/simd/attention.hpp"

#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/avx2/vec.hpp"

namespace quern::kernels::avx2 {

void fill_attention(KernelTable& table) noexcept {
  table.attention[static_cast<std::size_t>(KvType::f16)] = &attention<Vec, LoadF16<Vec>>;
  table.attention[static_cast<std::size_t>(KvType::f32)] = &attention<Vec, LoadF32<Vec>>;
}

}  // namespace quern::kernels::avx2
