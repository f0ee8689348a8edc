#include "kernels/cpu/features.hpp"

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

// A CPU that has everything, under an operating system that saves everything.
constexpr CpuidRegisters kAll{.leaf1_ecx = ~0u,
                              .leaf7_ebx = ~0u,
                              .leaf7_ecx = ~0u,
                              .leaf7_edx = ~0u,
                              .leaf7_1_eax = ~0u,
                              .leaf1d_eax = 1024u << 16 | 8192u,
                              .leaf1d_ebx = 8u << 16 | 64u,
                              .leaf1d_ecx = 16,
                              .xcr0 = 0x600e7};

CpuFeatures decode(const CpuidRegisters& registers) {
  return decode_features(registers, true);
}

TEST(Features, AllThere) {
  EXPECT_TRUE(decode(kAll).avx2);
  EXPECT_TRUE(decode(kAll).avx512);
  EXPECT_TRUE(decode(kAll).avx512_vnni);
  EXPECT_TRUE(decode(kAll).avx512_bf16);
  EXPECT_TRUE(decode(kAll).amx);
  EXPECT_FALSE(decode({}).avx2);
}

TEST(Features, EveryInstructionSetOfTheTierIsNeeded) {
  for (const int bit : {12 /* FMA */, 27 /* OSXSAVE */, 28 /* AVX */, 29 /* F16C */}) {
    CpuidRegisters registers = kAll;
    registers.leaf1_ecx &= ~(1u << bit);
    EXPECT_FALSE(decode(registers).avx2) << bit;
    EXPECT_FALSE(decode(registers).avx512) << bit;
  }
  for (const int bit : {16 /* F */, 17 /* DQ */, 30 /* BW */, 31 /* VL */}) {
    CpuidRegisters registers = kAll;
    registers.leaf7_ebx &= ~(1u << bit);
    EXPECT_TRUE(decode(registers).avx2) << bit;
    EXPECT_FALSE(decode(registers).avx512) << bit;
  }
  CpuidRegisters registers = kAll;
  registers.leaf7_ebx &= ~(1u << 5);  // AVX2
  EXPECT_FALSE(decode(registers).avx2);
}

// The instructions exist, but the system would not save their registers.
TEST(Features, OperatingSystemSupportIsNeeded) {
  CpuidRegisters registers = kAll;
  registers.xcr0 = 0x07;  // x87, xmm, ymm
  EXPECT_TRUE(decode(registers).avx2);
  EXPECT_FALSE(decode(registers).avx512);
  registers.xcr0 = 0x03;
  EXPECT_FALSE(decode(registers).avx2);
}

TEST(Features, AvxVnniIsAnExtensionOfAvx2) {
  EXPECT_TRUE(decode(kAll).avx_vnni);
  CpuidRegisters registers = kAll;
  registers.leaf7_1_eax &= ~(1u << 4);
  EXPECT_TRUE(decode(registers).avx2 && !decode(registers).avx_vnni);
  registers = kAll;
  registers.xcr0 = 0x03;
  EXPECT_FALSE(decode(registers).avx_vnni);
}

TEST(Features, VnniAndBf16AreSeparateExtensionsOfAvx512) {
  CpuidRegisters registers = kAll;
  registers.leaf7_ecx &= ~(1u << 11);
  EXPECT_TRUE(decode(registers).avx512);
  EXPECT_FALSE(decode(registers).avx512_vnni);
  EXPECT_TRUE(decode(registers).avx512_bf16);
  EXPECT_FALSE(decode(registers).amx);
  registers = kAll;
  registers.leaf7_1_eax &= ~(1u << 5);
  EXPECT_TRUE(decode(registers).avx512_vnni);
  EXPECT_FALSE(decode(registers).avx512_bf16);
  EXPECT_FALSE(decode(registers).amx);
  registers = kAll;
  registers.xcr0 = 0x07;
  EXPECT_FALSE(decode(registers).avx512_vnni || decode(registers).avx512_bf16);
}

TEST(Features, TilesNeedTheirInstructionsTheirShapeTheSystemAndThePermission) {
  for (const int bit : {22 /* bf16 */, 24 /* tile */, 25 /* int8 */}) {
    CpuidRegisters registers = kAll;
    registers.leaf7_edx &= ~(1u << bit);
    EXPECT_FALSE(decode(registers).amx) << bit;
    EXPECT_TRUE(decode(registers).avx512_bf16) << bit;
  }
  for (const int bit : {17 /* TILECFG */, 18 /* TILEDATA */}) {
    CpuidRegisters registers = kAll;
    registers.xcr0 &= ~(std::uint64_t{1} << bit);
    EXPECT_FALSE(decode(registers).amx) << bit;
  }
  CpuidRegisters registers = kAll;
  registers.leaf1d_ebx = 4u << 16 | 64u;  // only four tiles
  EXPECT_FALSE(decode(registers).amx);
  EXPECT_FALSE(decode_features(kAll, false).amx);
  EXPECT_TRUE(decode_features(kAll, false).avx512_bf16);
}

TEST(Features, EveryNeonExtensionNeedsTheOnesBefore) {
  constexpr std::uint64_t kAsimd = 1u << 1, kDotProduct = 1u << 20, kI8mm = 1u << 13;
  const CpuFeatures none = decode_features(ArmCapabilities{});
  EXPECT_FALSE(none.neon || none.neon_dotprod || none.neon_i8mm);
  const CpuFeatures first = decode_features(ArmCapabilities{.hwcap = kAsimd});
  EXPECT_TRUE(first.neon && !first.neon_dotprod && !first.neon_i8mm);
  const CpuFeatures second = decode_features(ArmCapabilities{.hwcap = kAsimd | kDotProduct});
  EXPECT_TRUE(second.neon && second.neon_dotprod && !second.neon_i8mm);
  const CpuFeatures all = decode_features(ArmCapabilities{.hwcap = kAsimd | kDotProduct, .hwcap2 = kI8mm});
  EXPECT_TRUE(all.neon && all.neon_dotprod && all.neon_i8mm && !all.avx2);
  EXPECT_FALSE(decode_features(ArmCapabilities{.hwcap = kAsimd, .hwcap2 = kI8mm}).neon_i8mm);
  EXPECT_FALSE(decode_features(ArmCapabilities{.hwcap = kDotProduct, .hwcap2 = kI8mm}).neon_dotprod);
  EXPECT_TRUE(decode_features(ArmCapabilities{.hwcap = kAsimd, .hwcap2 = 1u << 14}).neon_bf16);
  EXPECT_FALSE(decode_features(ArmCapabilities{.hwcap2 = 1u << 14}).neon_bf16 || all.neon_bf16);
}

TEST(Features, ThisMachineIsConsistent) {
  const CpuFeatures& here = cpu_features();
  EXPECT_TRUE(here.avx2 || !here.avx512);
  EXPECT_TRUE(here.avx512 || !(here.avx512_vnni || here.avx512_bf16));
  EXPECT_TRUE((here.avx512_vnni && here.avx512_bf16) || !here.amx);
  EXPECT_TRUE(here.neon || !here.neon_dotprod);
  EXPECT_TRUE(here.neon_dotprod || !here.neon_i8mm);
  EXPECT_TRUE(here.neon || !here.neon_bf16);
}

}  // namespace
}  // namespace quern::kernels
