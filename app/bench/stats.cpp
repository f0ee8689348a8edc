#include "app/bench/stats.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <vector>

namespace quern::app {

Summary summarize(std::span<const double> values) {
  QUERN_ASSERT(!values.empty());
  std::vector<double> sorted(values.begin(), values.end());
  std::ranges::sort(sorted);
  const std::size_t upper = sorted.size() / 2, lower = (sorted.size() - 1) / 2;
  return {.median = (sorted[lower] + sorted[upper]) / 2, .min = sorted.front(), .max = sorted.back()};
}

}  // namespace quern::app
