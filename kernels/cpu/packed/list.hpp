// The types that have a packed layout, for a tier with vectors O.
#pragma once

#include "kernels/cpu/packed/matmul.hpp"
#include "kernels/peak.hpp"
#include "kernels/quant/tensor_type.hpp"

namespace quern::kernels {
namespace {

// Two planes of bytes where errors count, one where they do not (Role).
template <class O, class Format>
void set_packed(KernelTable& table, TensorType type) noexcept {
  const auto i = static_cast<std::size_t>(type);
  table.layout[i] = {.group_bytes = &packed_group_bytes<Format>, .pack = &pack_groups<Format>};
  constexpr std::uint32_t kPieceRows = 64;  // whole pairs of groups
  using Exact = PackedInputOf<O, true>;
  using Fast = PackedInputOf<O, false>;
  const MatmulKernel exact{.prepared_row_bytes = &packed_input_bytes<Exact>,
                           .prepare = &prepare_packed<Exact>,
                           .run = &packed_matmul<O, Format, Exact>,
                           .peak = O::kPeak,
                           .passes = 2,
                           .piece_rows = kPieceRows};
  const MatmulKernel fast{.prepared_row_bytes = &packed_input_bytes<Fast>,
                          .prepare = &prepare_packed<Fast>,
                          .run = &packed_matmul<O, Format, Fast>,
                          .peak = O::kPeak,
                          .passes = 1,
                          .piece_rows = kPieceRows};
  for (std::size_t role = 0; role < kRoles; ++role) {
    const bool coarse =
        role == static_cast<std::size_t>(Role::prefill_coarse) || role == static_cast<std::size_t>(Role::decode_coarse);
    table.packed[role][i] = coarse ? fast : exact;
  }
}

template <class O>
void fill_packed_matmul(KernelTable& table) noexcept {
  set_packed<O, PackedQ4K>(table, TensorType::q4_k);
  set_packed<O, PackedQ5K>(table, TensorType::q5_k);
  set_packed<O, PackedQ6K>(table, TensorType::q6_k);
  set_packed<O, PackedQ2K>(table, TensorType::q2_k);
  set_packed<O, PackedQ3K>(table, TensorType::q3_k);
  set_packed<O, PackedIq4Xs>(table, TensorType::iq4_xs);
  set_packed<O, PackedQ8_0>(table, TensorType::q8_0);
  set_packed<O, PackedQ4_0>(table, TensorType::q4_0);
  set_packed<O, PackedQ4_1>(table, TensorType::q4_1);
  set_packed<O, PackedQ5_0>(table, TensorType::q5_0);
  set_packed<O, PackedQ5_1>(table, TensorType::q5_1);
  set_packed<O, PackedIq4Nl>(table, TensorType::iq4_nl);
  set_packed<O, PackedMxfp4>(table, TensorType::mxfp4);
}

}  // namespace
}  // namespace quern::kernels
