#include "kernels/cpu/features.hpp"

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

// A CPU that has everything, under an operating system that saves everything.
constexpr CpuidRegisters kAll{.leaf1_ecx = ~0u, .leaf7_ebx = ~0u, .xcr0 = 0xe7};

TEST(Features, AllThere) {
  EXPECT_TRUE(decode_features(kAll).avx2);
  EXPECT_TRUE(decode_features(kAll).avx512);
  EXPECT_FALSE(decode_features({}).avx2);
}

TEST(Features, EveryInstructionSetOfTheTierIsNeeded) {
  for (const int bit : {12 /* FMA */, 27 /* OSXSAVE */, 28 /* AVX */, 29 /* F16C */}) {
    CpuidRegisters registers = kAll;
    registers.leaf1_ecx &= ~(1u << bit);
    EXPECT_FALSE(decode_features(registers).avx2) << bit;
    EXPECT_FALSE(decode_features(registers).avx512) << bit;
  }
  for (const int bit : {16 /* F */, 17 /* DQ */, 30 /* BW */, 31 /* VL */}) {
    CpuidRegisters registers = kAll;
    registers.leaf7_ebx &= ~(1u << bit);
    EXPECT_TRUE(decode_features(registers).avx2) << bit;
    EXPECT_FALSE(decode_features(registers).avx512) << bit;
  }
  CpuidRegisters registers = kAll;
  registers.leaf7_ebx &= ~(1u << 5);  // AVX2
  EXPECT_FALSE(decode_features(registers).avx2);
}

// The instructions exist, but the system would not save their registers.
TEST(Features, OperatingSystemSupportIsNeeded) {
  CpuidRegisters registers = kAll;
  registers.xcr0 = 0x07;  // x87, xmm, ymm
  EXPECT_TRUE(decode_features(registers).avx2);
  EXPECT_FALSE(decode_features(registers).avx512);
  registers.xcr0 = 0x03;
  EXPECT_FALSE(decode_features(registers).avx2);
}

TEST(Features, ThisMachineIsConsistent) {
  EXPECT_TRUE(cpu_features().avx2 || !cpu_features().avx512);
}

}  // namespace
}  // namespace quern::kernels
