#include "engine/chat/jinja/integers.hpp"

#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <bit>
#include <charconv>
#include <cmath>
#include <iterator>
#include <limits>
#include <vector>

#include <boost/multiprecision/cpp_int.hpp>

namespace quern::engine::chat::jinja {

namespace {

using Int = boost::multiprecision::cpp_int;

constexpr std::int64_t kLowest = std::numeric_limits<std::int64_t>::min();

std::size_t limbs(const Int& value) noexcept {
  return value.backend().size();
}

std::size_t bits(const Int& value) {
  return value.is_zero() ? 0 : static_cast<std::size_t>(msb(abs(value))) + 1;
}

[[noreturn]] void throw_too_large() {
  throw_failure(FailureKind::limit, "an integer has more than {} bits", kMaxIntegerBits);
}

}  // namespace

class Big final : public Payload {
 public:
  Big(Heap& heap, Int number)
      : Payload(heap, sizeof(*this) + limbs(number) * sizeof(std::uint64_t)), value(std::move(number)) {}
  const Int value;
};

Value::Value(Big& big) noexcept : Value(Kind::big, big) {}

namespace {

const Int& int_of(const Big& big) noexcept {
  return big.value;
}

const Int& wide(const Value& value) noexcept {
  return int_of(static_cast<const Big&>(value.payload()));
}

Int int_of(const Value& value) {
  return value.is(Kind::big) ? wide(value) : Int(value.as_int());
}

Value value_of(Heap& heap, Int value) {
  if (value >= kLowest && value <= std::numeric_limits<std::int64_t>::max())
    return Value::integer(static_cast<std::int64_t>(value));
  if (bits(value) > kMaxIntegerBits) throw_too_large();
  return Value(*new Big(heap, std::move(value)));
}

// About a nanosecond for each pair of limbs, twenty to a step.
void charge(Heap& heap, std::size_t n, std::size_t m) {
  heap.step(1 + n * m / 16);
}

// To the nearest double, halves to even. exponent: of the lowest bit; sticky: lower bits were cut off.
double rounded(Int magnitude, std::int64_t exponent, bool sticky) {
  const std::size_t n = bits(magnitude);
  if (n > 64) {
    const std::size_t cut = n - 64;
    sticky = sticky || static_cast<std::size_t>(lsb(magnitude)) < cut;
    magnitude >>= cut;
    exponent += static_cast<std::int64_t>(cut);
  }
  // Eleven bits are rounded away below, so the lowest may stand for all that were cut off.
  const std::uint64_t top = static_cast<std::uint64_t>(magnitude) | (sticky ? 1u : 0u);
  return std::ldexp(static_cast<double>(top), static_cast<int>(std::clamp<std::int64_t>(exponent, -4000, 4000)));
}

Value power_of(Heap& heap, const Value& base, const Value& exponent) {
  Int b = int_of(base);
  const bool even = exponent.is(Kind::big) ? !bit_test(wide(exponent), 0) : exponent.as_int() % 2 == 0;
  if (exponent.is_int() && exponent.as_int() == 0) return Value::integer(1);
  if (b == 0 || b == 1) return Value::integer(static_cast<std::int64_t>(b));
  if (b == -1) return Value::integer(even ? 1 : -1);
  const std::size_t least = bits(b) - 1;  // the result has at least this many bits for each of the exponent
  if (exponent.is(Kind::big) || static_cast<std::uint64_t>(exponent.as_int()) > kMaxIntegerBits / least)
    throw_too_large();
  const auto n = static_cast<unsigned>(exponent.as_int());
  const std::size_t size = (least + 1) * n / 64 + 1;
  charge(heap, size, size);
  return value_of(heap, pow(b, n));
}

Value divided(Heap& heap, bool wants_rest, const Int& a, const Int& b) {
  if (b == 0) throw_type("division by zero");
  charge(heap, limbs(a), 4 * limbs(b));
  Int quotient, rest;
  divide_qr(a, b, quotient, rest);
  if (rest != 0 && (rest < 0) != (b < 0)) {
    quotient -= 1;
    rest += b;
  }
  return value_of(heap, wants_rest ? rest : quotient);
}

int prefix_base(std::string_view text) noexcept {
  if (text.size() < 3 || text[0] != '0') return 0;
  const char c = static_cast<char>(text[1] | 0x20);
  return c == 'x' ? 16 : c == 'o' ? 8 : c == 'b' ? 2 : 0;
}

int digit_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  const char l = static_cast<char>(c | 0x20);
  return l >= 'a' && l <= 'z' ? l - 'a' + 10 : 99;
}

// Digits of `base` with single underscores between them; false where there are others.
bool take_digits(std::string_view text, int base, std::string& out) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '_') {
      if (i == 0 || i + 1 == text.size() || text[i - 1] == '_') return false;
    } else if (digit_value(text[i]) < base) {
      out += text[i];
    } else {
      return false;
    }
  }
  return !out.empty();
}

// As many digits at once as fit into 64 bits.
Int accumulate(Heap& heap, std::string_view digits, int base) {
  std::size_t each = 0;
  std::uint64_t unit = 1;
  for (; unit <= std::numeric_limits<std::uint64_t>::max() / static_cast<std::uint64_t>(base); ++each)
    unit *= static_cast<std::uint64_t>(base);
  Int out = 0;
  for (std::size_t at = 0; at < digits.size();) {
    const std::size_t n = at == 0 && digits.size() % each != 0 ? digits.size() % each : each;
    std::uint64_t part = 0;
    std::from_chars(digits.data() + at, digits.data() + at + n, part, base);
    heap.step(1 + limbs(out) / 16);
    out *= unit;
    out += part;
    at += n;
  }
  return out;
}

}  // namespace

std::optional<Value> read_integer(Heap& heap, std::string_view text, int base) {
  heap.work(text.size());
  const std::string ascii = with_ascii_digits(strip(text, nullptr, true, true));
  std::string_view rest = ascii;
  const bool negative = rest.starts_with('-');
  if (negative || rest.starts_with('+')) rest.remove_prefix(1);
  const int prefix = prefix_base(rest);
  const bool has_prefix = prefix != 0 && (base == prefix || base == 0);
  if (has_prefix) rest.remove_prefix(rest.size() > 3 && rest[2] == '_' ? 3 : 2);
  const bool by_prefix = base == 0;
  if (by_prefix) base = has_prefix ? prefix : 10;
  if (base < 2 || base > 36) return std::nullopt;
  std::string digits;
  if (!take_digits(rest, base, digits)) return std::nullopt;
  // int("010", 0) is no number, as in the source of a program.
  if (by_prefix && !has_prefix && digits[0] == '0' && digits.find_first_not_of('0') != std::string::npos)
    return std::nullopt;
  std::int64_t small = 0;
  const std::string with_sign = (negative ? "-" : "") + digits;
  const auto read = std::from_chars(with_sign.data(), with_sign.data() + with_sign.size(), small, base);
  if (read.ec == std::errc()) return Value::integer(small);
  const std::size_t leading = std::min(digits.find_first_not_of('0'), digits.size());
  const std::string_view shown = std::string_view(digits).substr(leading);
  if (static_cast<double>(shown.size() - 1) * std::log2(base) > static_cast<double>(kMaxIntegerBits)) throw_too_large();
  Int value = accumulate(heap, shown, base);
  if (negative) value = -value;
  return value_of(heap, std::move(value));
}

Value whole_of(Heap& heap, double real) {
  if (real > -9.2e18 && real < 9.2e18) return Value::integer(static_cast<std::int64_t>(real));
  int exponent = 0;
  const double fraction = std::frexp(real, &exponent);  // 53 bits and zeros below them
  Int value = static_cast<std::int64_t>(std::ldexp(fraction, 53));
  value <<= exponent - 53;
  return value_of(heap, std::move(value));
}

Value whole_numbers(Heap& heap, BinaryOp op, const Value& a, const Value& b) {
  if (op == BinaryOp::power) return power_of(heap, a, b);
  const Int x = int_of(a), y = int_of(b);
  switch (op) {
    case BinaryOp::add:
      charge(heap, limbs(x) + limbs(y), 1);
      return value_of(heap, x + y);
    case BinaryOp::subtract:
      charge(heap, limbs(x) + limbs(y), 1);
      return value_of(heap, x - y);
    case BinaryOp::multiply:
      charge(heap, limbs(x), limbs(y));
      return value_of(heap, x * y);
    default:
      return divided(heap, op == BinaryOp::modulo, x, y);
  }
}

double quotient_of(Heap& heap, const Value& a, const Value& b) {
  Int x = int_of(a), y = int_of(b);
  if (y == 0) throw_type("division by zero");
  const bool negative = (x < 0) != (y < 0);
  x = abs(x);
  y = abs(y);
  charge(heap, limbs(x), 4 * limbs(y));
  // 66 bits or more of the quotient.
  const auto shift = static_cast<std::int64_t>(bits(y)) - static_cast<std::int64_t>(bits(x)) + 66;
  if (shift > 0)
    x <<= static_cast<std::size_t>(shift);
  else
    y <<= static_cast<std::size_t>(-shift);
  Int quotient, rest;
  divide_qr(x, y, quotient, rest);
  const double out = rounded(quotient, -shift, rest != 0);
  if (std::isinf(out)) throw_type("the quotient of these integers is too large for a float");
  return negative ? -out : out;
}

Value negated(Heap& heap, const Value& value) {
  if (value.is_int() && value.as_int() != kLowest) return Value::integer(-value.as_int());
  return value_of(heap, -int_of(value));
}

Value magnitude_of(Heap& heap, const Value& value) {
  if (is_negative(value)) return negated(heap, value);
  return value.is(Kind::boolean) ? Value::integer(value.as_int()) : value;
}

bool is_negative(const Value& value) noexcept {
  return value.is(Kind::big) ? wide(value).sign() < 0 : value.as_int() < 0;
}

std::int64_t clamped(const Value& value) noexcept {
  if (!value.is(Kind::big)) return value.as_int();
  return is_negative(value) ? kLowest : std::numeric_limits<std::int64_t>::max();
}

int compare_whole(const Value& a, const Value& b) noexcept {
  if (a.is_int() && b.is_int()) return a.as_int() < b.as_int() ? -1 : a.as_int() > b.as_int() ? 1 : 0;
  if (!a.is(Kind::big)) return is_negative(b) ? 1 : -1;
  if (!b.is(Kind::big)) return is_negative(a) ? -1 : 1;
  return wide(a).compare(wide(b));
}

// Without rounding either: beyond 2^53 a conversion would.
int compare_mixed(double real, const Value& whole) noexcept {
  if (std::isinf(real)) return real > 0 ? 1 : -1;
  if (!whole.is(Kind::big)) {
    if (real >= 9223372036854775808.0) return 1;
    if (real < -9223372036854775808.0) return -1;
    const double floor = std::floor(real);
    const auto as_integer = static_cast<std::int64_t>(floor);
    if (as_integer != whole.as_int()) return as_integer < whole.as_int() ? -1 : 1;
    return real > floor ? 1 : 0;
  }
  if (std::fabs(real) < 9223372036854775808.0) return is_negative(whole) ? 1 : -1;
  return Int(real).compare(wide(whole));  // a whole number itself
}

std::string digits_of(Heap& heap, const Value& value, int base) {
  if (value.is_int()) {
    const std::int64_t i = value.as_int();
    const std::uint64_t size = i < 0 ? 0 - static_cast<std::uint64_t>(i) : static_cast<std::uint64_t>(i);
    char text[64];
    return {text, std::to_chars(text, text + sizeof(text), size, base).ptr};
  }
  const Int size = abs(wide(value));
  if (base == 10) {
    charge(heap, limbs(size), 2 * limbs(size));
    return size.str();
  }
  charge(heap, limbs(size), 64);
  std::vector<unsigned char> parts;
  export_bits(size, std::back_inserter(parts), base == 16 ? 4 : base == 8 ? 3 : 1);
  std::string out;
  for (const unsigned char part : parts) out += "0123456789abcdef"[part];
  return out;
}

std::int64_t bit_length(const Value& value) noexcept {
  if (value.is(Kind::big)) return static_cast<std::int64_t>(bits(wide(value)));
  const std::int64_t i = value.as_int();
  return std::bit_width(i < 0 ? 0 - static_cast<std::uint64_t>(i) : static_cast<std::uint64_t>(i));
}

std::int64_t bit_count(const Value& value) {
  const Int size = abs(int_of(value));
  std::int64_t n = 0;
  for (std::size_t i = 0; i < limbs(size); ++i) n += std::popcount(size.backend().limbs()[i]);
  return n;
}

// Errors: type (too large for a float).
double Value::wide_real() const {
  const Int& value = wide(*this);
  const double out = rounded(abs(value), 0, false);
  if (std::isinf(out)) throw_type("the integer is too large for a float");
  return value < 0 ? -out : out;
}

bool Value::same_wide(const Value& other) const noexcept {
  return wide(*this) == wide(other);
}

}  // namespace quern::engine::chat::jinja
