#include "kernels/cpu/simd/attention.hpp"

#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/avx512/vec.hpp"

namespace quern::kernels::QUERN_AVX512 {

void fill_attention(KernelTable& table) noexcept {
  kernels::fill_attention<Vec>(table, Peak::fma_512);
}

}  // namespace quern::kernels::QUERN_AVX512
