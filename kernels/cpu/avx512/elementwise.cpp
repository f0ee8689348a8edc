#include "kernels/cpu/simd/elementwise.hpp"

#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/avx512/vec.hpp"

namespace quern::kernels::QUERN_AVX512 {

void fill_elementwise(KernelTable& table) noexcept {
  kernels::fill_elementwise<Vec>(table);
}

}  // namespace quern::kernels::QUERN_AVX512
