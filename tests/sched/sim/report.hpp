// One line of the simulator's table: what a scenario reached, and what it must reach.
#pragma once

#include <algorithm>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quern::test::sim {

class Row {
 public:
  explicit Row(std::string scenario) : line_(fmt::format("sim | {:<58}", std::move(scenario))) {}
  Row(const Row&) = delete;
  ~Row() { fmt::print("{}\n", line_); }

  Row& at_least(const char* what, double found, double bar) { return check(what, found, ">=", bar, found >= bar); }
  Row& at_most(const char* what, double found, double bar) { return check(what, found, "<=", bar, found <= bar); }
  Row& none(const char* what, std::size_t found) { return check(what, static_cast<double>(found), "=", 0, found == 0); }

 private:
  Row& check(const char* what, double found, const char* relation, double bar, bool reached) {
    line_ += fmt::format(" | {} {:.3g} ({} {:.3g})", what, found, relation, bar);
    EXPECT_TRUE(reached) << what << ": " << found << ", must be " << relation << " " << bar;
    return *this;
  }

  std::string line_;
};

// Values in [0, 1]: 0.95 is the 95th percentile. 0 for none.
inline double quantile(std::vector<double> values, double q) {
  if (values.empty()) return 0;
  std::sort(values.begin(), values.end());
  return values[static_cast<std::size_t>(q * static_cast<double>(values.size() - 1) + 0.5)];
}

}  // namespace quern::test::sim
