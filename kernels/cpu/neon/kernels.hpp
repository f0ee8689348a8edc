// What the files of this folder fill in: each overrides the part of the table that it implements.
#pragma once

#include "kernels/kernel_table.hpp"

namespace quern::kernels::neon {

void fill_float_matmul(KernelTable& table) noexcept;
void fill_attention(KernelTable& table) noexcept;
void fill_elementwise(KernelTable& table) noexcept;

// The quantized types, with the instructions that every CPU has, and with those that newer ones have: bit-equal.
void fill_int15_widening(KernelTable& table) noexcept;
void fill_int15_dotprod(KernelTable& table) noexcept;  // FEAT_DotProd
void fill_int15_i8mm(KernelTable& table) noexcept;     // FEAT_DotProd and FEAT_I8MM

void fill_bf16(KernelTable& table) noexcept;  // FEAT_BF16: F16 and BF16 matrices, coarse roles

}  // namespace quern::kernels::neon
