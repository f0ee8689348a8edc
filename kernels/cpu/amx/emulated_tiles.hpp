// Tests only: the tile instructions of tiles.hpp in plain C++, with the results that the architecture defines:
// TDPBF16PS rounds to nearest even, treats subnormal inputs and results as zero and ignores the floating point
// environment. Tiles are per thread, as the registers are; their use outside a TileScope ends the program, as the CPU's
// fault would. Source: Intel SDM volume 2, pseudocode of TILELOADD, TILESTORED, TDPBF16PS and
// TDPBSSD/TDPBSUD/TDPBUSD/TDPBUUD.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace quern::kernels {
namespace {

struct EmulatedTile {
  alignas(64) std::byte bytes[16 * 64];
};
struct EmulatedTiles {
  EmulatedTile tile[8];
  bool configured;
};
inline EmulatedTiles& emulated_tiles() noexcept {
  static thread_local EmulatedTiles tiles;
  return tiles;
}
template <int kTile>
inline EmulatedTile& emulated_tile() noexcept {
  static_assert(kTile >= 0 && kTile < 8);
  EmulatedTiles& tiles = emulated_tiles();
  if (!tiles.configured) __builtin_trap();
  return tiles.tile[kTile];
}

class TileScope {
 public:
  TileScope() noexcept {
    if (emulated_tiles().configured) __builtin_trap();  // a nested scope would lose the outer one's tiles
    __builtin_memset(&emulated_tiles(), 0, sizeof(EmulatedTiles));
    emulated_tiles().configured = true;
  }
  ~TileScope() { emulated_tiles().configured = false; }
  TileScope(const TileScope&) = delete;
  TileScope& operator=(const TileScope&) = delete;
};

template <int kTile>
inline void tile_load(const void* p, std::size_t stride) noexcept {
  EmulatedTile& tile = emulated_tile<kTile>();
  for (std::size_t row = 0; row < 16; ++row) {
    __builtin_memcpy(tile.bytes + 64 * row, static_cast<const std::byte*>(p) + row * stride, 64);
  }
}
template <int kTile>
inline void tile_store(void* p, std::size_t stride) noexcept {
  const EmulatedTile& tile = emulated_tile<kTile>();
  for (std::size_t row = 0; row < 16; ++row) {
    __builtin_memcpy(static_cast<std::byte*>(p) + row * stride, tile.bytes + 64 * row, 64);
  }
}
template <int kTile>
inline void tile_zero() noexcept {
  __builtin_memset(&emulated_tile<kTile>(), 0, sizeof(EmulatedTile));
}

inline float emulated_float(std::uint32_t bits) noexcept {
  float value;
  __builtin_memcpy(&value, &bits, sizeof value);
  return value;
}
// A result: subnormals become a zero of the same sign.
inline float emulated_flush(float value) noexcept {
  const float magnitude = __builtin_fabsf(value);
  return magnitude < 0x1p-126f ? __builtin_copysignf(0.0f, value) : value;
}
// An operand.
inline float emulated_bf16(std::uint16_t half) noexcept {
  return emulated_flush(emulated_float(std::uint32_t{half} << 16));
}

template <int kSum, int kA, int kB>
inline void tile_dot_bf16() noexcept {
  EmulatedTile& sum = emulated_tile<kSum>();
  std::uint16_t a[16][32], b[16][32];
  float c[16][16], b_even[16][16], b_odd[16][16];
  __builtin_memcpy(a, emulated_tile<kA>().bytes, sizeof a);
  __builtin_memcpy(b, emulated_tile<kB>().bytes, sizeof b);
  __builtin_memcpy(c, sum.bytes, sizeof c);
  for (std::size_t p = 0; p < 16; ++p) {
    for (std::size_t j = 0; j < 16; ++j) {
      b_even[p][j] = emulated_bf16(b[p][2 * j]);
      b_odd[p][j] = emulated_bf16(b[p][2 * j + 1]);
    }
  }
  for (std::size_t i = 0; i < 16; ++i) {
    float even[16] = {}, odd[16] = {};
    for (std::size_t p = 0; p < 16; ++p) {
      const float a_even = emulated_bf16(a[i][2 * p]), a_odd = emulated_bf16(a[i][2 * p + 1]);
      for (std::size_t j = 0; j < 16; ++j) {
        even[j] = emulated_flush(__builtin_fmaf(a_even, b_even[p][j], even[j]));
        odd[j] = emulated_flush(__builtin_fmaf(a_odd, b_odd[p][j], odd[j]));
      }
    }
    for (std::size_t j = 0; j < 16; ++j) {
      c[i][j] = emulated_flush(emulated_flush(c[i][j]) + emulated_flush(even[j] + odd[j]));
    }
  }
  __builtin_memcpy(sum.bytes, c, sizeof c);
}

template <class A, class B, int kSum, int kA, int kB>
inline void emulated_dot_bytes() noexcept {
  EmulatedTile& sum = emulated_tile<kSum>();
  A a[16][64];
  B b[16][64];
  std::uint32_t c[16][16];       // sums wrap around
  std::int32_t of_byte[64][16];  // [byte of a row of A][column of B]
  __builtin_memcpy(a, emulated_tile<kA>().bytes, sizeof a);
  __builtin_memcpy(b, emulated_tile<kB>().bytes, sizeof b);
  __builtin_memcpy(c, sum.bytes, sizeof c);
  for (std::size_t k = 0; k < 64; ++k) {
    for (std::size_t j = 0; j < 16; ++j) of_byte[k][j] = b[k / 4][4 * j + k % 4];
  }
  for (std::size_t i = 0; i < 16; ++i) {
    for (std::size_t k = 0; k < 64; ++k) {
      for (std::size_t j = 0; j < 16; ++j) c[i][j] += static_cast<std::uint32_t>(a[i][k] * of_byte[k][j]);
    }
  }
  __builtin_memcpy(sum.bytes, c, sizeof c);
}
template <int kSum, int kA, int kB>
inline void tile_dot_ss() noexcept {
  emulated_dot_bytes<std::int8_t, std::int8_t, kSum, kA, kB>();
}
template <int kSum, int kA, int kB>
inline void tile_dot_su() noexcept {
  emulated_dot_bytes<std::int8_t, std::uint8_t, kSum, kA, kB>();
}
template <int kSum, int kA, int kB>
inline void tile_dot_us() noexcept {
  emulated_dot_bytes<std::uint8_t, std::int8_t, kSum, kA, kB>();
}
template <int kSum, int kA, int kB>
inline void tile_dot_uu() noexcept {
  emulated_dot_bytes<std::uint8_t, std::uint8_t, kSum, kA, kB>();
}

}  // namespace
}  // namespace quern::kernels
