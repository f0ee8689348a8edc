#include "kernels/cpu/simd/attention.hpp"

#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/avx512/vec.hpp"

namespace quern::kernels::QUERN_AVX512 {

void fill_attention(KernelTable& table) noexcept {
  table.attention[static_cast<std::size_t>(KvType::f16)] = &attention<Vec, LoadF16<Vec>>;
  table.attention[static_cast<std::size_t>(KvType::f32)] = &attention<Vec, LoadF32<Vec>>;
}

}  // namespace quern::kernels::QUERN_AVX512
