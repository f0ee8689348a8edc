#include "kernels/cpu/simd/elementwise.hpp"

#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/avx2/vec.hpp"

namespace quern::kernels::avx2 {

void fill_elementwise(KernelTable& table) noexcept {
  kernels::fill_elementwise<Vec>(table);
}

}  // namespace quern::kernels::avx2
