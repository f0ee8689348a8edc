// Tests only: the AVX2 tier as it is on CPUs without AVX-VNNI, also where this CPU has it. REQUIRES: AVX2, FMA, F16C.
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels {

const KernelTable& avx2_plain_table() noexcept;  // isa: "avx2-plain"

}  // namespace quern::kernels
