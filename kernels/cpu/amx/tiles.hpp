// The tile instructions of AMX: eight tiles of 16 rows x 64 bytes, used here at full size only. The CPU's own, or
// (QUERN_EMULATE_AVX512, tests only) an emulation. Threads: tiles are registers of the thread that has a TileScope.
// Written as assembly instead of the compiler's intrinsics: those of g++ 12 do not say that they read memory, so stores
// to a scratch or to most of the configuration could be dropped or moved behind them.
#pragma once

#include <cstddef>
#include <cstdint>

#ifdef QUERN_EMULATE_AVX512
#define QUERN_AMX amx_emulated
#include "kernels/cpu/amx/emulated_tiles.hpp"
#else
#define QUERN_AMX amx

namespace quern::kernels {
namespace {

// Palette 1, all eight tiles with 16 rows of 64 bytes. Source: Intel SDM volume 2, LDTILECFG.
struct alignas(64) TileConfig {
  std::uint8_t palette = 1, start_row = 0;
  std::uint8_t reserved[14] = {};
  std::uint16_t row_bytes[16] = {64, 64, 64, 64, 64, 64, 64, 64};
  std::uint8_t rows[16] = {16, 16, 16, 16, 16, 16, 16, 16};
};
static_assert(sizeof(TileConfig) == 64);

// Tiles may be used while one lives. Its end returns them to their initial state, so that a context switch has no 8 KiB
// to save: workers sleep between stages. Costs a few dozen cycles, once per product.
class TileScope {
 public:
  TileScope() noexcept {
    const TileConfig config;
    asm volatile("ldtilecfg %0" : : "m"(config) : "memory");
  }
  ~TileScope() { asm volatile("tilerelease" : : : "memory"); }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

// 16 rows of 64 bytes, stride bytes apart.
template <int kTile>
inline void tile_load(const void* p, std::size_t stride) noexcept {
  asm volatile("tileloadd (%0,%1,1), %%tmm%c2" : : "r"(p), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
inline void tile_store(void* p, std::size_t stride) noexcept {
  asm volatile("tilestored %%tmm%c2, (%0,%1,1)" : : "r"(p), "r"(stride), "i"(kTile) : "memory");
}
template <int kTile>
inline void tile_zero() noexcept {
  asm volatile("tilezero %%tmm%c0" : : "i"(kTile));
}

// sum[i, j] += over p < 16 of a[i, 2 p] * b[p, 2 j] + a[i, 2 p + 1] * b[p, 2 j + 1], bf16 to F32: the even and the odd
// products are summed apart, then added to each other and to the sum. Subnormals count as zero.
template <int kSum, int kA, int kB>
inline void tile_dot_bf16() noexcept {
  asm volatile("tdpbf16ps %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}
// sum[i, j] += over p < 16 and q < 4 of a[i, 4 p + q] * b[p, 4 j + q], bytes to 32 bits. s: signed, u: unsigned bytes.
template <int kSum, int kA, int kB>
inline void tile_dot_ss() noexcept {
  asm volatile("tdpbssd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}
template <int kSum, int kA, int kB>
inline void tile_dot_su() noexcept {
  asm volatile("tdpbsud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}
template <int kSum, int kA, int kB>
inline void tile_dot_us() noexcept {
  asm volatile("tdpbusd %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}
template <int kSum, int kA, int kB>
inline void tile_dot_uu() noexcept {
  asm volatile("tdpbuud %%tmm%c2, %%tmm%c1, %%tmm%c0" : : "i"(kSum), "i"(kA), "i"(kB));
}

}  // namespace
}  // namespace quern::kernels
#endif
