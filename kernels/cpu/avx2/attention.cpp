#include "kernels/cpu/simd/attention.hpp"

#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/avx2/vec.hpp"

namespace quern::kernels::avx2 {

void fill_attention(KernelTable& table) noexcept {
  kernels::fill_attention<Vec>(table, Peak::fma_256);
}

}  // namespace quern::kernels::avx2
