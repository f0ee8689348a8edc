// The types whose products are computed in integers, for a tier with 256-bit vectors.
#pragma once

#include "kernels/cpu/x86/int16_formats.hpp"
#include "kernels/cpu/x86/int16_formats32.hpp"
#include "kernels/cpu/x86/int16_panel.hpp"
#include "kernels/quant/tensor_type.hpp"

namespace quern::kernels {
namespace {

// One arithmetic for both roles.
template <class Dot, class Format>
void set_int16_matmul(KernelTable& table, TensorType type) noexcept {
  for (auto& by_type : table.matmul) {
    by_type[static_cast<std::size_t>(type)] = {.prepared_row_bytes = &int16_row_bytes,
                                               .prepare = &prepare_int16,
                                               .run = &int16_matmul<Dot, Format>,
                                               .peak = Dot::kPeak};
  }
}

template <class Dot>
void fill_int16_matmul(KernelTable& table) noexcept {
  set_int16_matmul<Dot, Int16Q4K>(table, TensorType::q4_k);
  set_int16_matmul<Dot, Int16Q5K>(table, TensorType::q5_k);
  set_int16_matmul<Dot, Int16Q6K>(table, TensorType::q6_k);
  set_int16_matmul<Dot, Int16Q2K>(table, TensorType::q2_k);
  set_int16_matmul<Dot, Int16Q3K>(table, TensorType::q3_k);
  set_int16_matmul<Dot, Int16Iq4Xs>(table, TensorType::iq4_xs);
  set_int16_matmul<Dot, Int16Tq2_0>(table, TensorType::tq2_0);
  set_int16_matmul<Dot, Int16Q8_0>(table, TensorType::q8_0);
  set_int16_matmul<Dot, Int16Q4_0>(table, TensorType::q4_0);
  set_int16_matmul<Dot, Int16Q4_1>(table, TensorType::q4_1);
  set_int16_matmul<Dot, Int16Q5_0>(table, TensorType::q5_0);
  set_int16_matmul<Dot, Int16Q5_1>(table, TensorType::q5_1);
  set_int16_matmul<Dot, Int16Iq4Nl>(table, TensorType::iq4_nl);
  set_int16_matmul<Dot, Int16Mxfp4>(table, TensorType::mxfp4);
}

}  // namespace
}  // namespace quern::kernels
