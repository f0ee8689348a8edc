// Products of packed weights with VPMADDUBSW.
#include "kernels/cpu/avx2/kernels.hpp"
#include "kernels/cpu/packed/list.hpp"
#include "kernels/cpu/packed/ops256.hpp"

namespace quern::kernels::avx2 {

void fill_packed(KernelTable& table) noexcept {
  fill_packed_matmul<PackedOps256>(table);
}

}  // namespace quern::kernels::avx2
