// Tests only (library quern_cpu_emulated): the kernels of this folder on an emulation of AVX-512; isa is
// "avx512-emulated".
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels {

const KernelTable& avx512_emulated_table() noexcept;

}  // namespace quern::kernels
