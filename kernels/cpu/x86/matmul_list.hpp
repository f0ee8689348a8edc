// The matmul kernels of an x86 tier: which types have a vector decoder, and which use the scalar one.
#pragma once

#include "kernels/cpu/simd/matmul.hpp"
#include "kernels/cpu/x86/grid_groups.hpp"
#include "kernels/cpu/x86/weight_groups.hpp"
#include "kernels/quant/iq4_nl.hpp"
#include "kernels/quant/iq4_xs.hpp"
#include "kernels/quant/mxfp4.hpp"
#include "kernels/quant/nvfp4.hpp"
#include "kernels/quant/q1_0.hpp"
#include "kernels/quant/q2_0.hpp"
#include "kernels/quant/q2_k.hpp"
#include "kernels/quant/q3_k.hpp"
#include "kernels/quant/q4_1.hpp"
#include "kernels/quant/q5_0.hpp"
#include "kernels/quant/q5_1.hpp"
#include "kernels/quant/tensor_type.hpp"
#include "kernels/quant/tq1_0.hpp"
#include "kernels/quant/tq2_0.hpp"

namespace quern::kernels {
namespace {

// Activations stay F32, so both roles use the same kernel. prepare() is the scalar tier's copy unless said otherwise.
inline void set_matmul(KernelTable& table, TensorType type, void (*run)(const MatmulArgs&) noexcept) noexcept {
  for (auto& by_type : table.matmul) by_type[static_cast<std::size_t>(type)].run = run;
}

template <class V, class Groups>
void set_block_matmul(KernelTable& table, TensorType type) noexcept {
  set_matmul(table, type, &matmul<V, Groups>);
  if constexpr (V::kStridedGroups) {
    for (auto& by_type : table.matmul) by_type[static_cast<std::size_t>(type)].prepare = &prepare_strided_groups<V>;
  }
}

template <class V>
void fill_x86_matmul(KernelTable& table) noexcept {
  set_matmul(table, TensorType::f32, &matmul<V, GroupsF32<V>>);
  set_matmul(table, TensorType::f16, &matmul<V, GroupsF16<V>>);
  set_matmul(table, TensorType::bf16, &matmul<V, GroupsBf16<V>>);
  set_block_matmul<V, GroupsQ8_0<V>>(table, TensorType::q8_0);
  set_block_matmul<V, GroupsQ4_0<V>>(table, TensorType::q4_0);
  set_block_matmul<V, GroupsQ4K<V>>(table, TensorType::q4_k);
  set_block_matmul<V, GroupsQ5K<V>>(table, TensorType::q5_k);
  set_block_matmul<V, GroupsQ6K<V>>(table, TensorType::q6_k);
  set_block_matmul<V, GroupsIq1S<V>>(table, TensorType::iq1_s);
  set_block_matmul<V, GroupsIq1M<V>>(table, TensorType::iq1_m);
  set_block_matmul<V, GroupsIq2Xxs<V>>(table, TensorType::iq2_xxs);
  set_block_matmul<V, GroupsIq2Xs<V>>(table, TensorType::iq2_xs);
  set_block_matmul<V, GroupsIq2S<V>>(table, TensorType::iq2_s);
  set_block_matmul<V, GroupsIq3Xxs<V>>(table, TensorType::iq3_xxs);
  set_block_matmul<V, GroupsIq3S<V>>(table, TensorType::iq3_s);

  set_matmul(table, TensorType::q4_1, &matmul_scalar_decode<V, 32, sizeof(BlockQ4_1), &dequantize_q4_1>);
  set_matmul(table, TensorType::q5_0, &matmul_scalar_decode<V, 32, sizeof(BlockQ5_0), &dequantize_q5_0>);
  set_matmul(table, TensorType::q5_1, &matmul_scalar_decode<V, 32, sizeof(BlockQ5_1), &dequantize_q5_1>);
  set_matmul(table, TensorType::q2_k, &matmul_scalar_decode<V, 256, sizeof(BlockQ2K), &dequantize_q2_k>);
  set_matmul(table, TensorType::q3_k, &matmul_scalar_decode<V, 256, sizeof(BlockQ3K), &dequantize_q3_k>);
  set_matmul(table, TensorType::iq4_nl, &matmul_scalar_decode<V, 32, sizeof(BlockIq4Nl), &dequantize_iq4_nl>);
  set_matmul(table, TensorType::iq4_xs, &matmul_scalar_decode<V, 256, sizeof(BlockIq4Xs), &dequantize_iq4_xs>);
  set_matmul(table, TensorType::tq1_0, &matmul_scalar_decode<V, 256, sizeof(BlockTq1_0), &dequantize_tq1_0>);
  set_matmul(table, TensorType::tq2_0, &matmul_scalar_decode<V, 256, sizeof(BlockTq2_0), &dequantize_tq2_0>);
  set_matmul(table, TensorType::mxfp4, &matmul_scalar_decode<V, 32, sizeof(BlockMxfp4), &dequantize_mxfp4>);
  set_matmul(table, TensorType::nvfp4, &matmul_scalar_decode<V, 64, sizeof(BlockNvfp4), &dequantize_nvfp4>);
  set_matmul(table, TensorType::q1_0, &matmul_scalar_decode<V, 128, sizeof(BlockQ1_0), &dequantize_q1_0>);
  set_matmul(table, TensorType::q2_0, &matmul_scalar_decode<V, 64, sizeof(BlockQ2_0), &dequantize_q2_0>);
}

}  // namespace
}  // namespace quern::kernels
