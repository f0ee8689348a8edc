#include "engine/chat/jinja/literals.hpp"

#include "engine/chat/jinja/text.hpp"

#include <charconv>
#include <cmath>
#include <cstdlib>

namespace quern::engine::chat::jinja {

namespace {

bool is_ascii_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) noexcept {
  return is_ascii_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

// The length of digits with single underscores between them.
template <class IsDigit>
std::size_t digits(std::string_view text, IsDigit is_one) {
  std::size_t n = 0;
  while (n < text.size() &&
         (is_one(text[n]) || (text[n] == '_' && n > 0 && n + 1 < text.size() && is_one(text[n + 1]))))
    ++n;
  return n;
}

std::string without_underscores(std::string_view text) {
  std::string out;
  for (const char c : text)
    if (c != '_') out += c;
  return out;
}

std::size_t exponent(std::string_view text) {
  if (text.empty() || (text[0] != 'e' && text[0] != 'E')) return 0;
  const std::size_t sign = text.size() > 1 && (text[1] == '+' || text[1] == '-') ? 2 : 1;
  const std::size_t n = digits(text.substr(sign), is_ascii_digit);
  return n == 0 ? 0 : sign + n;
}

int base_of_prefix(std::string_view text) {
  if (text.size() < 3 || text[0] != '0') return 0;
  switch (text[1] | 0x20) {
    case 'x':
      return 16;
    case 'o':
      return 8;
    case 'b':
      return 2;
    default:
      return 0;
  }
}

// The digits begin at `first`.
void set_integer(std::string_view written, std::size_t first, int base, Token& out) {
  static constexpr std::size_t kMaxDigits = 20'000;
  if (written.size() > kMaxDigits)
    throw_failure(FailureKind::syntax, "an integer of {} digits, at most {} are allowed", written.size(), kMaxDigits);
  if (const auto value = parse_integer(without_underscores(written.substr(first)), base); value)
    out.integer = *value;
  else
    out.text = written;
}

}  // namespace

std::size_t read_number(std::string_view text, bool may_be_real, Token& out) {
  if (const int base = base_of_prefix(text); base != 0) {
    const auto is_one = [base](char c) { return base == 16 ? is_hex(c) : c >= '0' && c < '0' + base; };
    const std::size_t first = text[2] == '_' ? 3 : 2;
    if (const std::size_t n = digits(text.substr(first), is_one); n > 0) {
      set_integer(text.substr(0, first + n), first, base, out);
      return first + n;
    }
  }
  std::size_t size = digits(text, is_ascii_digit);
  const std::size_t n_whole = size;
  if (may_be_real) {
    if (size < text.size() && text[size] == '.')
      if (const std::size_t n = digits(text.substr(size + 1), is_ascii_digit); n > 0) size += 1 + n;
    size += exponent(text.substr(size));
  }
  const std::string_view written = text.substr(0, size);
  if (size > n_whole) {
    out.kind = TokenKind::real;
    out.real = parse_real(written).value_or(0.0);
    return size;
  }
  set_integer(written, 0, 10, out);
  return size;
}

std::string unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      out += text[i];
      continue;
    }
    const char c = text[++i];
    static constexpr std::string_view kLetters = "abfnrtv\\'\"", kMeanings = "\a\b\f\n\r\t\v\\'\"";
    if (const std::size_t letter = kLetters.find(c); letter != std::string_view::npos) {
      out += kMeanings[letter];
    } else if (c == 'x' || c == 'u' || c == 'U') {
      const std::size_t n = c == 'x' ? 2 : c == 'u' ? 4 : 8;
      std::uint32_t code = 0;
      const std::string_view hex = text.substr(i + 1, n);
      const auto read = std::from_chars(hex.data(), hex.data() + hex.size(), code, 16);
      if (hex.size() != n || read.ptr != hex.data() + n || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        throw_failure(FailureKind::syntax, "'\\{}{}' is no character", c, hex);
      append_utf8(code, out);
      i += n;
    } else if (c >= '0' && c <= '7') {
      std::uint32_t code = 0;
      std::size_t n = 0;
      for (; n < 3 && i + n < text.size() && text[i + n] >= '0' && text[i + n] <= '7'; ++n)
        code = code * 8 + static_cast<std::uint32_t>(text[i + n] - '0');
      append_utf8(code, out);
      i += n - 1;
    } else if (c != '\n') {  // a line break after a backslash joins the lines
      out += '\\';
      out += c;
    }
  }
  return out;
}

std::optional<std::int64_t> parse_integer(std::string_view digits, int base) {
  std::int64_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto read = std::from_chars(digits.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  std::string number = with_ascii_digits(strip(text, nullptr, true, true));
  for (std::size_t at = number.find('_'); at != std::string::npos; at = number.find('_', at)) {
    if (at == 0 || at + 1 == number.size() || !is_ascii_digit(number[at - 1]) || !is_ascii_digit(number[at + 1]))
      return std::nullopt;
    number.erase(at, 1);
  }
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.erase(0, 1);
  const std::string lower = to_lower(number);
  double value = 0;
  if (lower == "inf" || lower == "infinity") {
    value = HUGE_VAL;
  } else if (lower == "nan") {
    value = std::nan("");
  } else {
    if (number.empty() || (!is_ascii_digit(number[0]) && number[0] != '.')) return std::nullopt;
    if (!read_decimal(number, value)) return std::nullopt;
  }
  return negative ? -value : value;
}

bool read_decimal(std::string_view text, double& out) {
  const char* const end = text.data() + text.size();
  const auto read = std::from_chars(text.data(), end, out);
  if (read.ptr != end || read.ec == std::errc::invalid_argument) return false;
  if (read.ec != std::errc::result_out_of_range) return true;
  // Too small or too large: from_chars does not say which, but strtod, which is slower, does.
  out = std::strtod(std::string(text).c_str(), nullptr);
  return true;
}

}  // namespace quern::engine::chat::jinja
