#include "kernels/cpu/amx/int15_tiles.hpp"
#include "kernels/cpu/amx/kernels.hpp"
#include "kernels/cpu/avx512/format_list.hpp"

namespace quern::kernels {
namespace {

template <class Groups>
void int15_matmul(const MatmulArgs& args) noexcept {
  Int15Product<Groups> product;
  tile_matmul(args, product);
}

}  // namespace

namespace QUERN_AMX {

void fill_int15(KernelTable& table) noexcept {
  for_each_format([&table]<class Groups>(TensorType type) {
    if (type == TensorType::f32) return;  // an F32 model keeps what it has
    table.matmul[static_cast<std::size_t>(Role::prefill)][static_cast<std::size_t>(type)] = {
        .prepared_row_bytes = &int15_row_bytes,
        .prepare = &prepare_int15,
        .run = &int15_matmul<Groups>,
        .peak = Peak::int8_tile,
        .passes = 3,
        .piece_rows = kTilePieceRows};
  });
}

}  // namespace QUERN_AMX
}  // namespace quern::kernels
