// The types whose products are computed in integers.
#pragma once

#include "kernels/cpu/neon/block_formats.hpp"
#include "kernels/cpu/neon/grid_formats.hpp"
#include "kernels/cpu/neon/group_formats.hpp"
#include "kernels/cpu/neon/int15_matmul.hpp"
#include "kernels/quant/tensor_type.hpp"

namespace quern::kernels {
namespace {

// One arithmetic for all roles: nothing coarser would be cheaper.
template <class Dot, class Pair>
void set_int15_matmul(KernelTable& table, TensorType type) noexcept {
  for (auto& by_type : table.matmul) {
    by_type[static_cast<std::size_t>(type)] = {.prepared_row_bytes = &int15_row_bytes,
                                               .prepare = &prepare_int15,
                                               .run = &int15_matmul<Dot, Pair>,
                                               .peak = Dot::kPeak,
                                               .passes = 2};
  }
}

template <class Dot>
void fill_int15_matmul(KernelTable& table) noexcept {
  set_int15_matmul<Dot, BlockPair<FormatQ2K>>(table, TensorType::q2_k);
  set_int15_matmul<Dot, BlockPair<FormatQ3K>>(table, TensorType::q3_k);
  set_int15_matmul<Dot, BlockPair<FormatQ4K>>(table, TensorType::q4_k);
  set_int15_matmul<Dot, BlockPair<FormatQ5K>>(table, TensorType::q5_k);
  set_int15_matmul<Dot, BlockPair<FormatQ6K>>(table, TensorType::q6_k);
  set_int15_matmul<Dot, BlockPair<FormatIq4Xs>>(table, TensorType::iq4_xs);
  set_int15_matmul<Dot, BlockPair<FormatTq1_0>>(table, TensorType::tq1_0);
  set_int15_matmul<Dot, BlockPair<FormatTq2_0>>(table, TensorType::tq2_0);
  set_int15_matmul<Dot, BlockPair<FormatIq1S>>(table, TensorType::iq1_s);
  set_int15_matmul<Dot, BlockPair<FormatIq1M>>(table, TensorType::iq1_m);
  set_int15_matmul<Dot, BlockPair<FormatIq2Xxs>>(table, TensorType::iq2_xxs);
  set_int15_matmul<Dot, BlockPair<FormatIq2Xs>>(table, TensorType::iq2_xs);
  set_int15_matmul<Dot, BlockPair<FormatIq2S>>(table, TensorType::iq2_s);
  set_int15_matmul<Dot, BlockPair<FormatIq3Xxs>>(table, TensorType::iq3_xxs);
  set_int15_matmul<Dot, BlockPair<FormatIq3S>>(table, TensorType::iq3_s);
  set_int15_matmul<Dot, GroupPair<FormatQ8_0>>(table, TensorType::q8_0);
  set_int15_matmul<Dot, GroupPair<FormatQ4_0>>(table, TensorType::q4_0);
  set_int15_matmul<Dot, GroupPair<FormatQ4_1>>(table, TensorType::q4_1);
  set_int15_matmul<Dot, GroupPair<FormatQ5_0>>(table, TensorType::q5_0);
  set_int15_matmul<Dot, GroupPair<FormatQ5_1>>(table, TensorType::q5_1);
  set_int15_matmul<Dot, GroupPair<FormatIq4Nl>>(table, TensorType::iq4_nl);
  set_int15_matmul<Dot, GroupPair<FormatMxfp4>>(table, TensorType::mxfp4);
  set_int15_matmul<Dot, GroupPair<FormatNvfp4>>(table, TensorType::nvfp4);
  set_int15_matmul<Dot, GroupPair<FormatQ1_0>>(table, TensorType::q1_0);
  set_int15_matmul<Dot, GroupPair<FormatQ2_0>>(table, TensorType::q2_0);
}

}  // namespace
}  // namespace quern::kernels
