// Every tensor type with its decoder, once for all kernels of the x86 tiers that take weights as floats.
#pragma once

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

// A format without a vector decoder: dequantize() in the place of groups.
template <std::size_t kValues, std::size_t kBytes, void (*kDequantize)(const void*, std::size_t, float*) noexcept>
struct ScalarGroups {
  static constexpr std::size_t kBlockValues = kValues, kBlockBytes = kBytes;
  static void dequantize(const void* blocks, std::size_t n, float* out) noexcept { kDequantize(blocks, n, out); }
};

// visit.operator()<Groups>(type) for every type.
template <class V, class Visitor>
void for_each_format(Visitor visit) noexcept {
  visit.template operator()<GroupsF32<V>>(TensorType::f32);
  visit.template operator()<GroupsF16<V>>(TensorType::f16);
  visit.template operator()<GroupsBf16<V>>(TensorType::bf16);
  visit.template operator()<GroupsQ8_0<V>>(TensorType::q8_0);
  visit.template operator()<GroupsQ4_0<V>>(TensorType::q4_0);
  visit.template operator()<GroupsQ4K<V>>(TensorType::q4_k);
  visit.template operator()<GroupsQ5K<V>>(TensorType::q5_k);
  visit.template operator()<GroupsQ6K<V>>(TensorType::q6_k);
  visit.template operator()<GroupsIq1S<V>>(TensorType::iq1_s);
  visit.template operator()<GroupsIq1M<V>>(TensorType::iq1_m);
  visit.template operator()<GroupsIq2Xxs<V>>(TensorType::iq2_xxs);
  visit.template operator()<GroupsIq2Xs<V>>(TensorType::iq2_xs);
  visit.template operator()<GroupsIq2S<V>>(TensorType::iq2_s);
  visit.template operator()<GroupsIq3Xxs<V>>(TensorType::iq3_xxs);
  visit.template operator()<GroupsIq3S<V>>(TensorType::iq3_s);
  visit.template operator()<ScalarGroups<32, sizeof(BlockQ4_1), &dequantize_q4_1>>(TensorType::q4_1);
  visit.template operator()<ScalarGroups<32, sizeof(BlockQ5_0), &dequantize_q5_0>>(TensorType::q5_0);
  visit.template operator()<ScalarGroups<32, sizeof(BlockQ5_1), &dequantize_q5_1>>(TensorType::q5_1);
  visit.template operator()<ScalarGroups<256, sizeof(BlockQ2K), &dequantize_q2_k>>(TensorType::q2_k);
  visit.template operator()<ScalarGroups<256, sizeof(BlockQ3K), &dequantize_q3_k>>(TensorType::q3_k);
  visit.template operator()<ScalarGroups<32, sizeof(BlockIq4Nl), &dequantize_iq4_nl>>(TensorType::iq4_nl);
  visit.template operator()<ScalarGroups<256, sizeof(BlockIq4Xs), &dequantize_iq4_xs>>(TensorType::iq4_xs);
  visit.template operator()<ScalarGroups<256, sizeof(BlockTq1_0), &dequantize_tq1_0>>(TensorType::tq1_0);
  visit.template operator()<ScalarGroups<256, sizeof(BlockTq2_0), &dequantize_tq2_0>>(TensorType::tq2_0);
  visit.template operator()<ScalarGroups<32, sizeof(BlockMxfp4), &dequantize_mxfp4>>(TensorType::mxfp4);
  visit.template operator()<ScalarGroups<64, sizeof(BlockNvfp4), &dequantize_nvfp4>>(TensorType::nvfp4);
  visit.template operator()<ScalarGroups<128, sizeof(BlockQ1_0), &dequantize_q1_0>>(TensorType::q1_0);
  visit.template operator()<ScalarGroups<64, sizeof(BlockQ2_0), &dequantize_q2_0>>(TensorType::q2_0);
}

}  // namespace
}  // namespace quern::kernels
