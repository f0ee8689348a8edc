// What the files of this folder fill in: each overrides the part of the table that it implements.
#pragma once

#include "kernels/cpu/avx512/intrinsics.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels::QUERN_AVX512 {

void fill_matmul(KernelTable& table) noexcept;
void fill_attention(KernelTable& table) noexcept;
void fill_elementwise(KernelTable& table) noexcept;

// Extensions: over the plain table, where the CPU has them, in this order.
void fill_bf16(KernelTable& table) noexcept;    // AVX512_BF16: coarse prefill of every type but F32
void fill_vnni(KernelTable& table) noexcept;    // AVX512_VNNI: the types with integer weights, every role
void fill_packed(KernelTable& table) noexcept;  // AVX512_VNNI

}  // namespace quern::kernels::QUERN_AVX512
