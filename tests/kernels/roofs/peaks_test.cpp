#include "kernels/roofs/peaks.hpp"

#include "kernels/cpu/isa.hpp"

#include <algorithm>
#include <set>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

const PeakLoop* loop_of(Peak peak) {
  const auto loops = peak_loops();
  const auto found = std::find_if(loops.begin(), loops.end(), [&](const PeakLoop& loop) { return loop.peak == peak; });
  return found == loops.end() ? nullptr : &*found;
}

TEST(Peaks, EveryLoopThatIsSupportedRunsAndHasAPeakOfItsOwn) {
  std::set<Peak> seen;
  for (const PeakLoop& loop : peak_loops()) {
    EXPECT_TRUE(seen.insert(loop.peak).second) << loop.name;
    EXPECT_GT(loop.operations_per_step, 0) << loop.name;
    EXPECT_LT(static_cast<std::size_t>(loop.peak), kPeaks) << loop.name;
    if (loop.supported()) loop.run(3);
  }
}

// What bounds a kernel that this CPU runs can be measured on this CPU.
TEST(Peaks, EveryKernelHereHasALoop) {
  for (const Tier& tier : tiers()) {
    if (!tier.supported()) continue;
    std::set<Peak> used{tier.table().attention_peak};
    for (const auto& by_type : tier.table().matmul) {
      for (const MatmulKernel& kernel : by_type) used.insert(kernel.peak);
    }
    used.erase(Peak::none);
    for (const Peak peak : used) {
      const PeakLoop* loop = loop_of(peak);
      ASSERT_NE(loop, nullptr) << tier.isa << " " << static_cast<int>(peak);
      EXPECT_TRUE(loop->supported()) << tier.isa << " " << loop->name;
    }
  }
}

TEST(Peaks, ReadsWhatItIsGiven) {
  const std::vector<std::uint64_t> words(8 * kReadGranularity / sizeof(std::uint64_t) + 8, 1);
  const auto address = reinterpret_cast<std::uintptr_t>(words.data());
  read_bytes(reinterpret_cast<const std::byte*>((address + 63) / 64 * 64), 8 * kReadGranularity);
}

}  // namespace
}  // namespace quern::kernels
