#include "engine/grammar/decimal.hpp"

#include <algorithm>
#include <charconv>

namespace quern::engine::grammar {
namespace {

constexpr int kMaxExponent = 400;  // beyond what a double can hold

void trim(Decimal& value) {
  value.whole.erase(0, std::min(value.whole.find_first_not_of('0'), value.whole.size()));
  const std::size_t last = value.fraction.find_last_not_of('0');
  value.fraction.erase(last == std::string::npos ? 0 : last + 1);
  if (value.is_zero()) value.negative = false;
}

int compare_sizes(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size() ? -1 : 1;
  if (const int whole = a.whole.compare(b.whole); whole != 0) return whole;
  return a.fraction.compare(b.fraction);  // without trailing zeros, a beginning is the smaller one
}

void increase(std::string& digits) {
  for (std::size_t i = digits.size(); i-- > 0;) {
    if (digits[i] != '9') {
      ++digits[i];
      return;
    }
    digits[i] = '0';
  }
  digits.insert(digits.begin(), '1');
}

}  // namespace

Decimal Decimal::negated() const {
  Decimal out = *this;
  out.negative = !negative && !is_zero();
  return out;
}

std::string Decimal::text() const {
  std::string out = negative ? "-" : "";
  out += whole.empty() ? "0" : whole;
  if (!fraction.empty()) out += "." + fraction;
  return out;
}

Result<Decimal> parse_decimal(std::string_view text) {
  Decimal out;
  std::string_view rest = text;
  const auto bad = [&] { return fail(Errc::bad_input, "expected a number, found \"{}\"", text); };
  if (rest.starts_with('-')) {
    out.negative = true;
    rest.remove_prefix(1);
  }
  const auto digits = [&] {
    const std::size_t n = std::min(rest.find_first_not_of("0123456789"), rest.size());
    const std::string_view out_digits = rest.substr(0, n);
    rest.remove_prefix(n);
    return out_digits;
  };
  out.whole = digits();
  if (out.whole.empty()) return bad();
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    out.fraction = digits();
  }
  if (!rest.empty()) {
    if (rest.front() != 'e' && rest.front() != 'E') return bad();
    rest.remove_prefix(1);
    if (rest.starts_with('+')) rest.remove_prefix(1);
    int exponent = 0;
    const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), exponent);
    if (error != std::errc() || end != rest.data() + rest.size()) return bad();
    if (exponent > kMaxExponent || exponent < -kMaxExponent) return bad();
    for (; exponent > 0; --exponent) {
      out.whole += out.fraction.empty() ? '0' : out.fraction.front();
      if (!out.fraction.empty()) out.fraction.erase(0, 1);
    }
    for (; exponent < 0; ++exponent) {
      out.fraction.insert(out.fraction.begin(), out.whole.empty() ? '0' : out.whole.back());
      if (!out.whole.empty()) out.whole.pop_back();
    }
  }
  trim(out);
  return out;
}

int compare(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  return a.negative ? compare_sizes(b, a) : compare_sizes(a, b);
}

Decimal round_up(const Decimal& value) {
  Decimal out = value;
  out.fraction.clear();
  if (!value.fraction.empty() && !value.negative) increase(out.whole);
  trim(out);
  return out;
}

Decimal round_down(const Decimal& value) {
  return round_up(value.negated()).negated();
}

}  // namespace quern::engine::grammar
