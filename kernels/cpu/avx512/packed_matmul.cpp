// Products of packed weights with VPDPBUSD on 512 bits, for CPUs with AVX512_VNNI.
#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/packed/list.hpp"
#include "kernels/cpu/packed/ops512.hpp"

namespace quern::kernels::QUERN_AVX512 {

void fill_packed(KernelTable& table) noexcept {
  fill_packed_matmul<PackedOps512>(table);
}

}  // namespace quern::kernels::QUERN_AVX512
