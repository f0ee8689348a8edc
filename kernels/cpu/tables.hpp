// One function per ISA folder: its kernel table. Call only on a CPU that has the ISA (see isa.cpp).
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels {

const KernelTable& scalar_table() noexcept;
#ifdef __x86_64__
const KernelTable& avx2_table() noexcept;
const KernelTable& avx512_table() noexcept;  // with the extensions that this CPU has
const KernelTable& amx_table() noexcept;
#endif
#ifdef __aarch64__
const KernelTable& neon_table() noexcept;  // with the extensions that this CPU has
#endif

}  // namespace quern::kernels
