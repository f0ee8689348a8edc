// Integer products with VPDPWSSD on CPUs of this tier that have it (AVX-VNNI: since Alder Lake and Zen 5).
#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/x86/int16_list.hpp"
#include "kernels/cpu/x86/vnni_dot.hpp"

namespace quern::kernels::avx2 {

void fill_vnni(KernelTable& table) noexcept {
  fill_int16_matmul<DotVnni>(table);
}

}  // namespace quern::kernels::avx2
