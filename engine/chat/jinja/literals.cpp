#include "engine/chat/jinja/literals.hpp"

#include "engine/chat/jinja/text.hpp"

#include <charconv>
#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) noexcept {
  return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
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
  const std::size_t n = digits(text.substr(sign), is_digit);
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

std::string_view trimmed(std::string_view text) {
  return strip(text, nullptr, true, true);
}

}  // namespace

std::size_t read_number(std::string_view text, bool may_be_real, Token& out) {
  if (const int base = base_of_prefix(text); base != 0) {
    const auto is_one = [base](char c) { return base == 16 ? is_hex(c) : c >= '0' && c < '0' + base; };
    if (const std::size_t n = digits(text.substr(2), is_one); n > 0) {
      const auto value = parse_integer(text.substr(2, n), base);
      if (!value) throw_failure(FailureKind::syntax, "the integer {} is too large", text.substr(0, 2 + n));
      out.integer = *value;
      return 2 + n;
    }
  }
  std::size_t size = digits(text, is_digit);
  const std::size_t n_whole = size;
  if (may_be_real) {
    if (size < text.size() && text[size] == '.')
      if (const std::size_t n = digits(text.substr(size + 1), is_digit); n > 0) size += 1 + n;
    size += exponent(text.substr(size));
  }
  const std::string_view written = text.substr(0, size);
  if (size > n_whole) {
    out.kind = TokenKind::real;
    out.real = parse_real(written).value_or(0.0);
    return size;
  }
  const auto value = parse_integer(written, 10);
  if (!value) throw_failure(FailureKind::syntax, "the integer {} is too large", written);
  out.integer = *value;
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

std::optional<std::int64_t> parse_integer(std::string_view text, int base) {
  text = trimmed(text);
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  const int prefix = base_of_prefix(text);
  if (prefix != 0 && (base == prefix || base == 0)) {
    text.remove_prefix(2);
    base = prefix;
  }
  if (base == 0) base = 10;
  if (base < 2 || base > 36 || text.empty()) return std::nullopt;
  const auto is_one = [](char c) { return is_hex(c) || (c >= 'g' && c <= 'z') || (c >= 'G' && c <= 'Z'); };
  if (digits(text, is_one) != text.size()) return std::nullopt;
  std::string digits_only = without_underscores(text);
  if (negative) digits_only.insert(digits_only.begin(), '-');
  std::int64_t value = 0;
  const char* const end = digits_only.data() + digits_only.size();
  const auto read = std::from_chars(digits_only.data(), end, value, base);
  if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
  return value;
}

std::optional<double> parse_real(std::string_view text) {
  std::string number = without_underscores(trimmed(text));
  const bool negative = number.starts_with('-');
  if (negative || number.starts_with('+')) number.erase(0, 1);
  const std::string lower = to_lower(number);
  double value = 0;
  if (lower == "inf" || lower == "infinity") {
    value = HUGE_VAL;
  } else if (lower == "nan") {
    value = std::nan("");
  } else {
    if (number.empty() || (!is_digit(number[0]) && number[0] != '.')) return std::nullopt;
    const char* const end = number.data() + number.size();
    const auto read = std::from_chars(number.data(), end, value);
    if (read.ptr != end || read.ec == std::errc::invalid_argument) return std::nullopt;
    if (read.ec == std::errc::result_out_of_range) value = number.find("e-") == std::string::npos ? HUGE_VAL : 0.0;
  }
  return negative ? -value : value;
}

}  // namespace quern::engine::chat::jinja
