#include "kernels/cpu/neon/int15_list.hpp"
#include "kernels/cpu/neon/kernels.hpp"

namespace quern::kernels::neon {

void fill_int15_widening(KernelTable& table) noexcept {
  fill_int15_matmul<DotWidening>(table);
}

}  // namespace quern::kernels::neon
