// The tensor types whose products are computed in floats, with their decoders. The others are computed in integers: see
// int16_list.hpp.
#pragma once

#include "kernels/cpu/x86/grid_groups.hpp"
#include "kernels/cpu/x86/small_groups.hpp"
#include "kernels/cpu/x86/weight_groups.hpp"
#include "kernels/quant/tensor_type.hpp"

namespace quern::kernels {
namespace {

// visit.operator()<Groups>(type) for each of them.
template <class V, class Visitor>
void for_each_float_format(Visitor visit) noexcept {
  visit.template operator()<GroupsF32<V>>(TensorType::f32);
  visit.template operator()<GroupsF16<V>>(TensorType::f16);
  visit.template operator()<GroupsBf16<V>>(TensorType::bf16);
  visit.template operator()<GroupsIq1S<V>>(TensorType::iq1_s);
  visit.template operator()<GroupsIq1M<V>>(TensorType::iq1_m);
  visit.template operator()<GroupsIq2Xxs<V>>(TensorType::iq2_xxs);
  visit.template operator()<GroupsIq2Xs<V>>(TensorType::iq2_xs);
  visit.template operator()<GroupsIq2S<V>>(TensorType::iq2_s);
  visit.template operator()<GroupsIq3Xxs<V>>(TensorType::iq3_xxs);
  visit.template operator()<GroupsIq3S<V>>(TensorType::iq3_s);
  visit.template operator()<GroupsTq1_0<V>>(TensorType::tq1_0);
  visit.template operator()<GroupsNvfp4<V>>(TensorType::nvfp4);
  visit.template operator()<GroupsQ1_0<V>>(TensorType::q1_0);
  visit.template operator()<GroupsQ2_0<V>>(TensorType::q2_0);
}

}  // namespace
}  // namespace quern::kernels
