#include "kernels/cpu/features.hpp"

#ifdef __x86_64__
#include <cpuid.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif
#ifdef __aarch64__
#include <sys/auxv.h>
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
constexpr std::uint64_t kTileState = bit(17) /* TILECFG */ | bit(18) /* TILEDATA */;
constexpr std::uint64_t kLeaf1Osxsave = bit(27);
constexpr std::uint64_t kLeaf1Avx2Tier = bit(12) /* FMA */ | kLeaf1Osxsave | bit(28) /* AVX */ | bit(29) /* F16C */;
constexpr std::uint64_t kLeaf7Avx2 = bit(5);
constexpr std::uint64_t kLeaf7Avx512Tier = bit(16) /* F */ | bit(17) /* DQ */ | bit(30) /* BW */ | bit(31) /* VL */;
constexpr std::uint32_t kLeaf7EcxVnni = bit(11);
constexpr std::uint32_t kLeaf7EdxAmx = bit(22) /* AMX-BF16 */ | bit(24) /* AMX-TILE */ | bit(25) /* AMX-INT8 */;
constexpr std::uint32_t kLeaf71AvxVnni = bit(4), kLeaf71Bf16 = bit(5);

// Source: Linux, arch/arm64/include/uapi/asm/hwcap.h.
constexpr std::uint64_t kHwcapAsimd = bit(1), kHwcapAsimdDp = bit(20), kHwcap2I8mm = bit(13), kHwcap2Bf16 = bit(14);

// Palette 1: eight tiles of 1024 bytes, 16 rows of 64. Source: Intel SDM volume 2, CPUID leaf 1DH.
bool has_known_tiles(const CpuidRegisters& registers) noexcept {
  return registers.leaf1d_eax >> 16 >= 1024 && (registers.leaf1d_ebx & 0xffffu) >= 64 &&
         registers.leaf1d_ebx >> 16 >= 8 && (registers.leaf1d_ecx & 0xffffu) >= 16;
}

[[maybe_unused]] CpuidRegisters read_registers() noexcept {
  CpuidRegisters registers;
#ifdef __x86_64__
  unsigned eax = 0, ebx = 0, ecx = 0, edx = 0;
  if (__get_cpuid(1, &eax, &ebx, &ecx, &edx)) registers.leaf1_ecx = ecx;
  if (__get_cpuid_count(7, 0, &eax, &ebx, &ecx, &edx)) {
    const unsigned last_sub_leaf = eax;
    registers.leaf7_ebx = ebx;
    registers.leaf7_ecx = ecx;
    registers.leaf7_edx = edx;
    if (last_sub_leaf >= 1 && __get_cpuid_count(7, 1, &eax, &ebx, &ecx, &edx)) registers.leaf7_1_eax = eax;
  }
  if (__get_cpuid_count(0x1d, 1, &eax, &ebx, &ecx, &edx)) {
    registers.leaf1d_eax = eax;
    registers.leaf1d_ebx = ebx;
    registers.leaf1d_ecx = ecx;
  }
  if (has(registers.leaf1_ecx, kLeaf1Osxsave)) {
    std::uint32_t low = 0, high = 0;
    asm volatile("xgetbv" : "=a"(low), "=d"(high) : "c"(0));  // the intrinsic would need -mxsave
    registers.xcr0 = (std::uint64_t{high} << 32) | low;
  }
#endif
  return registers;
}

// Tile data is state that Linux saves only for processes that asked (8 KiB per thread); all threads may then use it.
// Refused by kernels before 5.16, by some sandboxes, and where a thread has too small an alternate signal stack.
// Source: Linux, Documentation/arch/x86/xstate.rst.
[[maybe_unused]] bool request_tiles() noexcept {
#if defined(__x86_64__) && defined(__linux__)
  constexpr long kRequestPermission = 0x1023;  // ARCH_REQ_XCOMP_PERM
  constexpr long kTileData = 18;
  return ::syscall(SYS_arch_prctl, kRequestPermission, kTileData) == 0;
#else
  return false;
#endif
}

}  // namespace

CpuFeatures decode_features(const CpuidRegisters& registers, bool tiles_permitted) noexcept {
  CpuFeatures features;
  features.avx2 = has(registers.leaf1_ecx, kLeaf1Avx2Tier) && has(registers.leaf7_ebx, kLeaf7Avx2) &&
                  has(registers.xcr0, kYmmState);
  features.avx_vnni = features.avx2 && has(registers.leaf7_1_eax, kLeaf71AvxVnni);
  features.avx512 = features.avx2 && has(registers.leaf7_ebx, kLeaf7Avx512Tier) && has(registers.xcr0, kZmmState);
  features.avx512_vnni = features.avx512 && has(registers.leaf7_ecx, kLeaf7EcxVnni);
  features.avx512_bf16 = features.avx512 && has(registers.leaf7_1_eax, kLeaf71Bf16);
  features.amx = features.avx512_vnni && features.avx512_bf16 && has(registers.leaf7_edx, kLeaf7EdxAmx) &&
                 has(registers.xcr0, kTileState) && has_known_tiles(registers) && tiles_permitted;
  return features;
}

CpuFeatures decode_features(const ArmCapabilities& capabilities) noexcept {
  CpuFeatures features;
  features.neon = has(capabilities.hwcap, kHwcapAsimd);
  features.neon_dotprod = features.neon && has(capabilities.hwcap, kHwcapAsimdDp);
  features.neon_i8mm = features.neon_dotprod && has(capabilities.hwcap2, kHwcap2I8mm);
  features.neon_bf16 = features.neon && has(capabilities.hwcap2, kHwcap2Bf16);
  return features;
}

const CpuFeatures& cpu_features() noexcept {
  static const CpuFeatures features = [] {
#ifdef __aarch64__
    return decode_features(ArmCapabilities{.hwcap = ::getauxval(AT_HWCAP), .hwcap2 = ::getauxval(AT_HWCAP2)});
#else
    const CpuidRegisters registers = read_registers();
    const bool ask = decode_features(registers, true).amx;
    return decode_features(registers, ask && request_tiles());
#endif
  }();
  return features;
}

}  // namespace quern::kernels
