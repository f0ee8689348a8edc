// Every tensor type that a product may round to bf16 on the way, with its decoder. F32 is not among them: an F32 model
// keeps what it has.
#pragma once

#include "kernels/cpu/avx512/bf16.hpp"
#include "kernels/cpu/avx512/bf16_q4k.hpp"
#include "kernels/cpu/avx512/format_list.hpp"
#include "kernels/kernel_table.hpp"

namespace quern::kernels {
namespace {

// Sets run<unpack> of `Product`, bounded by `peak`, for one role.
template <template <UnpackBf16Fn> class Product>
void fill_bf16_matmul(KernelTable& table, Role role, Peak peak) noexcept {
  for_each_format([&table, role, peak]<class Groups>(TensorType type) {
    if (type == TensorType::f32) return;
    table.matmul[static_cast<std::size_t>(role)][static_cast<std::size_t>(type)] = {
        .prepared_row_bytes = &bf16_row_bytes,
        .prepare = &prepare_bf16,
        .run = &Product<&unpack_bf16<Groups>>::run,
        .peak = peak,
        .piece_rows = Product<&unpack_bf16<Groups>>::kPieceRows};
  });
}

}  // namespace
}  // namespace quern::kernels
