// Tests only (library quern_cpu_emulated): the kernels of this folder on an emulation of tiles and AVX-512; isa is
// "amx-emulated".
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels {

const KernelTable& amx_emulated_table() noexcept;

}  // namespace quern::kernels
