#include "kernels/cpu/simd/attention.hpp"

#include "kernels/cpu/neon/kernels.hpp"
#include "kernels/cpu/neon/vec.hpp"

namespace quern::kernels::neon {

void fill_attention(KernelTable& table) noexcept {
  kernels::fill_attention<Vec>(table, Peak::fma_128);
}

}  // namespace quern::kernels::neon
