// Written as assembly: no compiler flags are needed, and nothing is optimized away. Twelve sums hide the latency of an
// instruction (at most 6 cycles, two started in each); all registers are zero, which costs what any number costs.
#include "kernels/cpu/amx/tiles.hpp"
#include "kernels/cpu/features.hpp"
#include "kernels/roofs/peaks.hpp"

namespace quern::kernels {
namespace {

#define QUERN_CLOBBERS                                                                                             \
  "cc", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", \
      "xmm13", "xmm14", "xmm15"

// Clears the registers, then repeats `body` (in which \i counts the twelve sums) n_steps times.
#define QUERN_PEAK_LOOP(body)                                                                       \
  asm volatile(                                                                                     \
      ".irp i,0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15\n vpxor %%ymm\\i, %%ymm\\i, %%ymm\\i\n .endr\n" \
      "1:\n .irp i,0,1,2,3,4,5,6,7,8,9,10,11\n" body "\n.endr\n dec %0\n jnz 1b\n vzeroupper"       \
      : "+r"(n_steps)                                                                               \
      :                                                                                             \
      : QUERN_CLOBBERS)

constexpr double kSums = 12;

void fma_256(std::size_t n_steps) noexcept {
  QUERN_PEAK_LOOP("vfmadd231ps %%ymm12, %%ymm13, %%ymm\\i");
}
void fma_512(std::size_t n_steps) noexcept {
  QUERN_PEAK_LOOP("vfmadd231ps %%zmm12, %%zmm13, %%zmm\\i");
}
void int16_madd_256(std::size_t n_steps) noexcept {
  QUERN_PEAK_LOOP("vpmaddwd %%ymm12, %%ymm13, %%ymm14\n vpaddd %%ymm14, %%ymm\\i, %%ymm\\i");
}
void int16_dot_256(std::size_t n_steps) noexcept {
  if (cpu_features().avx_vnni) {
    QUERN_PEAK_LOOP("%{vex%} vpdpwssd %%ymm12, %%ymm13, %%ymm\\i");
  } else {
    QUERN_PEAK_LOOP("vpdpwssd %%ymm12, %%ymm13, %%ymm\\i");
  }
}
void int8_madd_256(std::size_t n_steps) noexcept {
  QUERN_PEAK_LOOP("vpmaddubsw %%ymm12, %%ymm13, %%ymm14\n vpaddw %%ymm14, %%ymm\\i, %%ymm\\i");
}
void int8_dot_256(std::size_t n_steps) noexcept {
  if (cpu_features().avx_vnni) {
    QUERN_PEAK_LOOP("%{vex%} vpdpbusd %%ymm12, %%ymm13, %%ymm\\i");
  } else {
    QUERN_PEAK_LOOP("vpdpbusd %%ymm12, %%ymm13, %%ymm\\i");
  }
}
void int8_dot_512(std::size_t n_steps) noexcept {
  QUERN_PEAK_LOOP("vpdpbusd %%zmm12, %%zmm13, %%zmm\\i");
}
bool has_int16_dot() noexcept {
  return cpu_features().avx_vnni || cpu_features().avx512_vnni;
}
void bf16_dot_512(std::size_t n_steps) noexcept {
  QUERN_PEAK_LOOP("vdpbf16ps %%zmm12, %%zmm13, %%zmm\\i");
}

// Four sums: a product starts every 16 cycles and takes 52.
void bf16_tile(std::size_t n_steps) noexcept {
  const TileScope tiles;
  for (std::size_t i = 0; i < n_steps; ++i) {
    tile_dot_bf16<0, 4, 6>();
    tile_dot_bf16<1, 4, 7>();
    tile_dot_bf16<2, 5, 6>();
    tile_dot_bf16<3, 5, 7>();
  }
}
void int8_tile(std::size_t n_steps) noexcept {
  const TileScope tiles;
  for (std::size_t i = 0; i < n_steps; ++i) {
    tile_dot_ss<0, 4, 6>();
    tile_dot_ss<1, 4, 7>();
    tile_dot_ss<2, 5, 6>();
    tile_dot_ss<3, 5, 7>();
  }
}

template <bool CpuFeatures::*kFlag>
bool has() noexcept {
  return cpu_features().*kFlag;
}

constexpr PeakLoop kLoops[] = {
    {Peak::fma_256, "F32 multiply-add, 256 bits", kSums * 2 * 8, &has<&CpuFeatures::avx2>, &fma_256},
    {Peak::int16_madd_256, "int16 multiply and add, 256 bits", kSums * 2 * 16, &has<&CpuFeatures::avx2>,
     &int16_madd_256},
    {Peak::fma_512, "F32 multiply-add, 512 bits", kSums * 2 * 16, &has<&CpuFeatures::avx512>, &fma_512},
    {Peak::int16_dot_256, "int16 dot (VNNI), 256 bits", kSums * 2 * 16, &has_int16_dot, &int16_dot_256},
    {Peak::int8_madd_256, "int8 multiply and add, 256 bits", kSums * 2 * 32, &has<&CpuFeatures::avx2>, &int8_madd_256},
    {Peak::int8_dot_256, "int8 dot (VNNI), 256 bits", kSums * 2 * 32, &has_int16_dot, &int8_dot_256},
    {Peak::int8_dot_512, "int8 dot (VNNI), 512 bits", kSums * 2 * 64, &has<&CpuFeatures::avx512_vnni>, &int8_dot_512},
    {Peak::bf16_dot_512, "bf16 dot, 512 bits", kSums * 2 * 32, &has<&CpuFeatures::avx512_bf16>, &bf16_dot_512},
    {Peak::bf16_tile, "bf16 tiles (AMX)", 4 * 2.0 * 16 * 16 * 32, &has<&CpuFeatures::amx>, &bf16_tile},
    {Peak::int8_tile, "int8 tiles (AMX)", 4 * 2.0 * 16 * 16 * 64, &has<&CpuFeatures::amx>, &int8_tile},
};

}  // namespace

std::span<const PeakLoop> peak_loops() noexcept {
  return kLoops;
}

void read_bytes(const std::byte* data, std::size_t n) noexcept {
  const std::byte *a = data, *b = data + n / 4, *c = data + n / 2, *d = data + n / 4 * 3;
  const std::byte* end = b;
  if (n == 0) return;
  if (cpu_features().avx2) {
    asm volatile(
        "1:\n .irp i,0,32,64,96\n"
        "vmovdqa \\i(%0), %%ymm0\n vmovdqa \\i(%1), %%ymm1\n vmovdqa \\i(%2), %%ymm2\n vmovdqa \\i(%3), %%ymm3\n "
        ".endr\n"
        "sub $-128, %0\n sub $-128, %1\n sub $-128, %2\n sub $-128, %3\n cmp %4, %0\n jne 1b\n vzeroupper"
        : "+&r"(a), "+&r"(b), "+&r"(c), "+&r"(d)
        : "r"(end)
        : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3");
    return;
  }
  asm volatile(
      "1:\n .irp i,0,16,32,48,64,80,96,112\n"
      "movdqa \\i(%0), %%xmm0\n movdqa \\i(%1), %%xmm1\n movdqa \\i(%2), %%xmm2\n movdqa \\i(%3), %%xmm3\n .endr\n"
      "sub $-128, %0\n sub $-128, %1\n sub $-128, %2\n sub $-128, %3\n cmp %4, %0\n jne 1b"
      : "+&r"(a), "+&r"(b), "+&r"(c), "+&r"(d)
      : "r"(end)
      : "cc", "memory", "xmm0", "xmm1", "xmm2", "xmm3");
}

}  // namespace quern::kernels
