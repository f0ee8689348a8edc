#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/avx2/vec.hpp"
#include "kernels/cpu/x86/int16_list.hpp"
#include "kernels/cpu/x86/matmul_list.hpp"

namespace quern::kernels::avx2 {

void fill_matmul(KernelTable& table) noexcept {
  fill_float_matmul<Vec>(table);
  fill_int16_matmul<DotAvx2>(table);
}

}  // namespace quern::kernels::avx2
