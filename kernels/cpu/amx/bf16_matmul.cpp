#include "kernels/cpu/amx/bf16_stream.hpp"
#include "kernels/cpu/amx/kernels.hpp"
#include "kernels/cpu/avx512/bf16_list.hpp"

namespace quern::kernels {
namespace {

template <UnpackBf16Fn kUnpack>
struct Bf16Tiles {
  static constexpr std::uint32_t kPieceRows = kTilePieceRows;
  static void run(const MatmulArgs& args) noexcept {
    if (bf16_can_stream(args)) return bf16_stream<kUnpack>(args);
    Bf16Product product{kUnpack};
    tile_matmul(args, product);
  }
};

}  // namespace

namespace QUERN_AMX {

void fill_bf16(KernelTable& table) noexcept {
  fill_bf16_matmul<Bf16Tiles>(table, Role::prefill_coarse, Peak::bf16_tile);
  fill_bf16_matmul<Bf16Tiles>(table, Role::decode_coarse, Peak::bf16_tile);
}

}  // namespace QUERN_AMX
}  // namespace quern::kernels
