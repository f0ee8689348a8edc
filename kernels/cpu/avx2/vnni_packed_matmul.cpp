// Products of packed weights with VPDPBUSD on 256 bits, on CPUs of this tier that have it (AVX-VNNI).
#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/packed/list.hpp"
#include "kernels/cpu/packed/ops256.hpp"

namespace quern::kernels::avx2 {

void fill_packed_vnni(KernelTable& table) noexcept {
  fill_packed_matmul<PackedOpsVnni256>(table);
}

}  // namespace quern::kernels::avx2
