#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/avx512/vec.hpp"
#include "kernels/cpu/x86/matmul_list.hpp"

namespace quern::kernels::QUERN_AVX512 {

void fill_matmul(KernelTable& table) noexcept {
  fill_float_matmul<Vec>(table);
}

}  // namespace quern::kernels::QUERN_AVX512
