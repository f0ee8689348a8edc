// What this CPU can do and the operating system lets it do. Compiled without ISA flags.
// Threads: any. A feature that needs a per-process permission (AMX: arch_prctl ARCH_REQ_XCOMP_PERM) asks for it here,
// when its flag is computed, so that "supported" always means "may be executed".
#pragma once

#include <cstdint>

namespace quern::kernels {

struct CpuFeatures {
  bool avx2 = false;    // AVX2, FMA and F16C, and the OS saves ymm registers
  bool avx512 = false;  // F, BW, DQ and VL besides all of the above, and the OS saves zmm and mask registers
};

// The raw registers that the flags above are computed from (x86-64). Zero where the CPU has no such leaf.
struct CpuidRegisters {
  std::uint32_t leaf1_ecx = 0;
  std::uint32_t leaf7_ebx = 0;
  std::uint64_t xcr0 = 0;  // register sets that the OS saves; 0 without OSXSAVE
};

CpuFeatures decode_features(const CpuidRegisters& registers) noexcept;
const CpuFeatures& cpu_features() noexcept;  // of this machine, read once

}  // namespace quern::kernels
