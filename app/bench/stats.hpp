// Robust summary of a few repeated measurements. Threads: pure function.
#pragma once

#include <span>

namespace quern::app {

struct Summary {
  double median = 0;
  double min = 0, max = 0;
  // Half the range as a share of the median: the "+-" of the table. 0 for one value.
  double spread() const noexcept { return median > 0 ? (max - min) / 2 / median : 0; }
};

// The median of an even count is the mean of the middle two. REQUIRES: at least one value.
Summary summarize(std::span<const double> values);

}  // namespace quern::app
