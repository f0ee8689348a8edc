#include "bench/kernels/roofs.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <vector>

#include <time.h>

namespace quern::bench {

namespace {

constexpr int kRepeats = 7;
constexpr std::size_t kSteps = 250'000;

double seconds() {
  timespec now{};
  ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

template <class Body>
double best_rate(double units, Body&& body) {
  double best = 0;
  for (int repeat = 0; repeat < kRepeats; ++repeat) {
    const double start = seconds();
    body();
    best = std::max(best, units / (seconds() - start) / 1e9);
  }
  return best;
}

double measure(kernels::Peak peak) {
  for (const kernels::PeakLoop& loop : kernels::peak_loops()) {
    if (loop.peak != peak || !loop.supported()) continue;
    return best_rate(loop.operations_per_step * kSteps, [&] { loop.run(kSteps); });
  }
  return 0;
}

}  // namespace

double read_roof_gb_per_s() {
  static const double roof = [] {
    struct alignas(64) Line {
      std::byte bytes[64];
    };
    const std::vector<Line> lines(std::size_t{4} << 20, Line{{std::byte{1}}});  // 256 MiB
    const std::size_t n_bytes = lines.size() * sizeof(Line);
    return best_rate(static_cast<double>(n_bytes), [&] { kernels::read_bytes(lines.front().bytes, n_bytes); });
  }();
  return roof;
}

double peak_gop_per_s(kernels::Peak peak) {
  static std::array<double, kernels::kPeaks> measured{};
  double& value = measured[static_cast<std::size_t>(peak)];
  if (value == 0) value = measure(peak);
  return value;
}

}  // namespace quern::bench
