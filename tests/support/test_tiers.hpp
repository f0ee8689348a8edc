// The kernel tiers that a test can run here: scalar first, then every tier that this CPU supports, then the AVX-512 and
// AMX kernels on an emulation of these, so that they are checked on every machine. An emulated tier is named as such in
// every message and is never part of the product.
#pragma once

#include "kernels/kernel_table.hpp"

#include <vector>

namespace quern::test {

struct TierUnderTest {
  const char*
      name;  // "scalar", "avx2", "avx2-plain", "avx512", "avx512-emulated", "avx512-bf16-emulated", "amx-emulated"
  const kernels::KernelTable* table;
};

std::vector<TierUnderTest> tiers_under_test();

}  // namespace quern::test
