#include "kernels/cpu/features.hpp"

#ifdef __x86_64__
#include <cpuid.h>
#endif

namespace quern::kernels {
namespace {

constexpr bool has(std::uint64_t value, std::uint64_t bits) noexcept {
  return (value & bits) == bits;
}
constexpr std::uint64_t bit(int n) noexcept {
  return std::uint64_t{1} << n;
}

// Source: Intel SDM volume 1, chapters 13 (XCR0) and 14.5 to 15.4 (detection of AVX2, FMA, F16C, AVX-512).
constexpr std::uint64_t kYmmState = bit(1) | bit(2);
constexpr std::uint64_t kZmmState = kYmmState | bit(5) | bit(6) | bit(7);
constexpr std::uint64_t kLeaf1Osxsave = bit(27);
constexpr std::uint64_t kLeaf1Avx2Tier = bit(12) /* FMA */ | kLeaf1Osxsave | bit(28) /* AVX */ | bit(29) /* F16C */;
constexpr std::uint64_t kLeaf7Avx2 = bit(5);
constexpr std::uint64_t kLeaf7Avx512Tier = bit(16) /* F */ | bit(17) /* DQ */ | bit(30) /* BW */ | bit(31) /* VL */;

CpuidRegisters read_registers() noexcept {
  CpuidRegisters registers;
#ifdef __x86_64__
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) registers.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) registers.leaf7_ebx = ebx;
  if (has(registers.leaf1_ecx, kLeaf1Osxsave)) {
    std::uint32_t low = 0, high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));  // the intrinsic would need -mxsave
    registers.xcr0 = (std::uint64_t{high} << 32) | low;
  }
#endif
  return registers;
}

}  // namespace

CpuFeatures decode_features(const CpuidRegisters& registers) noexcept {
  CpuFeatures features;
  features.avx2 = has(registers.leaf1_ecx, kLeaf1Avx2Tier) && has(registers.leaf7_ebx, kLeaf7Avx2) &&
                  has(registers.xcr0, kYmmState);
  features.avx512 = features.avx2 && has(registers.leaf7_ebx, kLeaf7Avx512Tier) && has(registers.xcr0, kZmmState);
  return features;
}

const CpuFeatures& cpu_features() noexcept {
  static const CpuFeatures features = decode_features(read_registers());
  return features;
}

}  // namespace quern::kernels
