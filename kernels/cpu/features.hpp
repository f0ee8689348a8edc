// What this CPU can do and the operating system lets it do. Compiled without ISA flags.
// Threads: any. A feature that needs a per-process permission (AMX: arch_prctl ARCH_REQ_XCOMP_PERM) asks for it here,
// when its flag is computed, so that "supported" always means "may be executed".
#pragma once

#include <cstdint>

namespace quern::kernels {

struct CpuFeatures {
  bool avx2 = false;         // AVX2, FMA and F16C, and the OS saves ymm registers
  bool avx_vnni = false;     // avx2, and VPDPWSSD and VPDPBUSD in the encoding of AVX
  bool avx512 = false;       // F, BW, DQ and VL besides all of the above, and the OS saves zmm and mask registers
  bool avx512_vnni = false;  // avx512, and products of bytes summed to 32 bits (VPDPBUSD, VPDPWSSD)
  bool avx512_bf16 = false;  // avx512, and products of pairs of bf16 summed to F32 (VDPBF16PS)
  bool amx = false;  // all of the above, tiles of 16 rows x 64 bytes for int8 and bf16, and this process may use them

  bool neon = false;          // AArch64 with vectors of 128 bits (Advanced SIMD)
  bool neon_dotprod = false;  // and products of bytes, summed by fours (SDOT)
  bool neon_i8mm = false;     // all of the above, and products of 2 x 8 and 8 x 2 bytes (SMMLA)
  bool neon_bf16 = false;     // neon, and products of 2 x 4 and 4 x 2 bf16 (BFMMLA)
};

// The raw registers that the flags above are computed from (x86-64). Zero where the CPU has no such leaf.
struct CpuidRegisters {
  std::uint32_t leaf1_ecx = 0;
  std::uint32_t leaf7_ebx = 0, leaf7_ecx = 0, leaf7_edx = 0;
  std::uint32_t leaf7_1_eax = 0;                                 // leaf 7, sub-leaf 1
  std::uint32_t leaf1d_eax = 0, leaf1d_ebx = 0, leaf1d_ecx = 0;  // sub-leaf 1: the tiles of palette 1
  std::uint64_t xcr0 = 0;                                        // register sets that the OS saves; 0 without OSXSAVE
};

// What Linux says of an AArch64 CPU: the words AT_HWCAP and AT_HWCAP2 of the auxiliary vector. Zero elsewhere.
struct ArmCapabilities {
  std::uint64_t hwcap = 0, hwcap2 = 0;
};

// tiles_permitted: the operating system has let this process use the tile registers.
CpuFeatures decode_features(const CpuidRegisters& registers, bool tiles_permitted) noexcept;
CpuFeatures decode_features(const ArmCapabilities& capabilities) noexcept;
// Of this machine, read once; asks for the tile registers where the CPU has them.
const CpuFeatures& cpu_features() noexcept;

}  // namespace quern::kernels
