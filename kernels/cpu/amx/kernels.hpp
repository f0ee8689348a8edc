// What the files of this folder fill in, over a table of the AVX-512 tier.
#pragma once

#include "kernels/cpu/amx/tiles.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels::QUERN_AMX {

void fill_bf16(KernelTable& table) noexcept;   // coarse prefill of every type but F32
void fill_int15(KernelTable& table) noexcept;  // prefill of every type but F32

}  // namespace quern::kernels::QUERN_AMX
