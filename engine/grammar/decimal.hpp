// Numbers by their digits: exact, of any size. Threads: plain data, pure functions.
#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace quern::engine::grammar {

struct Decimal {
  bool negative = false;  // never of zero
  std::string whole;      // digits without leading zeros: empty for what is below one
  std::string fraction;   // digits without trailing zeros

  bool is_zero() const noexcept { return whole.empty() && fraction.empty(); }
  bool is_whole() const noexcept { return fraction.empty(); }
  Decimal negated() const;
  std::string text() const;
};

// A JSON number. Errors: bad_input: not one, or with an exponent beyond +-400.
Result<Decimal> parse_decimal(std::string_view text);

int compare(const Decimal& a, const Decimal& b);  // < 0, 0, > 0

// The nearest whole number that is not smaller, or not larger.
Decimal round_up(const Decimal& value);
Decimal round_down(const Decimal& value);

}  // namespace quern::engine::grammar
