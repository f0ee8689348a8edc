// What the files of this folder fill in: each overrides the part of the table that it implements.
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels::avx2 {

void fill_matmul(KernelTable& table) noexcept;
void fill_vnni(KernelTable& table) noexcept;  // AVX-VNNI: the types with integer weights
void fill_packed(KernelTable& table) noexcept;
void fill_packed_vnni(KernelTable& table) noexcept;  // AVX-VNNI
void fill_attention(KernelTable& table) noexcept;
void fill_elementwise(KernelTable& table) noexcept;

}  // namespace quern::kernels::avx2
