// Every tensor type with its decoder to floats, for kernels that convert weights to another form.
#pragma once

#include "kernels/cpu/avx512/integer_groups.hpp"
#include "kernels/cpu/avx512/weight_groups.hpp"
#include "kernels/cpu/x86/format_list.hpp"

namespace quern::kernels {
namespace {

// visit.operator()<Groups>(type) for every type.
template <class Visitor>
void for_each_format(Visitor visit) noexcept {
  for_each_float_format<Vec>(visit);
  visit.template operator()<GroupsQ8_0<Vec>>(TensorType::q8_0);
  visit.template operator()<GroupsQ4_0<Vec>>(TensorType::q4_0);
  visit.template operator()<GroupsQ4K<Vec>>(TensorType::q4_k);
  visit.template operator()<GroupsQ5K<Vec>>(TensorType::q5_k);
  visit.template operator()<GroupsQ6K<Vec>>(TensorType::q6_k);
  visit.template operator()<IntegerGroups<Int16Q2K>>(TensorType::q2_k);
  visit.template operator()<IntegerGroups<Int16Q3K>>(TensorType::q3_k);
  visit.template operator()<IntegerGroups<Int16Iq4Xs>>(TensorType::iq4_xs);
  visit.template operator()<IntegerGroups<Int16Tq2_0>>(TensorType::tq2_0);
  visit.template operator()<IntegerGroups32<Int16Q4_1>>(TensorType::q4_1);
  visit.template operator()<IntegerGroups32<Int16Q5_0>>(TensorType::q5_0);
  visit.template operator()<IntegerGroups32<Int16Q5_1>>(TensorType::q5_1);
  visit.template operator()<IntegerGroups32<Int16Iq4Nl>>(TensorType::iq4_nl);
  visit.template operator()<IntegerGroups32<Int16Mxfp4>>(TensorType::mxfp4);
}

}  // namespace
}  // namespace quern::kernels
