// The NEON tier as CPUs of different age run it. The product asks for neon_table(); tests compare these with it.
#pragma once

#include "kernels/cpu/features.hpp"
#include "kernels/kernel_table.hpp"

#include <span>

namespace quern::kernels {

struct NeonVariant {
  const char* name;
  CpuFeatures features;                    // what it uses
  const KernelTable& (*table)() noexcept;  // REQUIRES: this CPU has the features
};

std::span<const NeonVariant> neon_variants() noexcept;  // the plainest first

}  // namespace quern::kernels
