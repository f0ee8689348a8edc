// Tests only (library quern_cpu_emulated): the kernels of this folder on an emulation of AVX-512.
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels {

const KernelTable& avx512_emulated_table() noexcept;       // "avx512-emulated": no extensions
const KernelTable& avx512_bf16_emulated_table() noexcept;  // "avx512-bf16-emulated": with VNNI and BF16

}  // namespace quern::kernels
