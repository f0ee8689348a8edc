#include "kernels/cpu/simd/elementwise.hpp"

#include "kernels/cpu/neon/kernels.hpp"
#include "kernels/cpu/neon/vec.hpp"

namespace quern::kernels::neon {

void fill_elementwise(KernelTable& table) noexcept {
  kernels::fill_elementwise<Vec>(table);
}

}  // namespace quern::kernels::neon
