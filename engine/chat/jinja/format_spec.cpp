// One value in a given format. Source: the Python library reference, "Format Specification Mini-Language".
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/text.hpp"

#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::size_t kMaxWidth = 10'000;

struct Spec {
  std::string fill = " ";
  char align = 0;  // < > ^ =; 0: the type's own
  char sign = '-', grouping = 0, type = 0;
  bool alternate = false;
  std::size_t width = 0;
  int precision = -1;
};

bool is_align(std::string_view text) {
  return !text.empty() && std::string_view("<>^=").find(text[0]) != std::string_view::npos;
}

std::size_t take_number(std::string_view& text) {
  std::size_t n = 0;
  for (; !text.empty() && text[0] >= '0' && text[0] <= '9'; text.remove_prefix(1)) {
    n = n * 10 + static_cast<std::size_t>(text[0] - '0');
    if (n > kMaxWidth) throw_failure(FailureKind::limit, "a format is wider than {} characters", kMaxWidth);
  }
  return n;
}

Spec parse(std::string_view text) {
  Spec spec;
  const std::string_view whole = text;
  const std::size_t first = text.empty() ? 0 : char_at(text, 0).size;
  const auto take = [&text](std::string_view options) {
    if (text.empty() || options.find(text[0]) == std::string_view::npos) return '\0';
    const char c = text[0];
    text.remove_prefix(1);
    return c;
  };
  if (is_align(text.substr(first))) {
    spec.fill = text.substr(0, first);
    text.remove_prefix(first);
  }
  spec.align = take("<>^=");
  if (const char sign = take("+- "); sign != 0) spec.sign = sign;
  spec.alternate = take("#") != 0;
  if (take("0") != 0 && spec.align == 0) {
    spec.fill = "0";
    spec.align = '=';
  }
  spec.width = take_number(text);
  spec.grouping = take(",_");
  if (take(".") != 0) spec.precision = static_cast<int>(take_number(text));
  spec.type = take("bcdeEfFgGnosxX%");
  if (!text.empty()) throw_type("invalid format specification '{}'", whole);
  return spec;
}

std::string pad(const Spec& spec, std::string text, char own_align, std::size_t sign_size) {
  const std::size_t n = count_chars(text);
  if (n >= spec.width) return text;
  const std::size_t missing = spec.width - n;
  const char align = spec.align != 0 ? spec.align : own_align;
  const std::size_t before = align == '<' ? 0 : align == '^' ? missing / 2 : missing;
  std::string left, right;
  for (std::size_t i = 0; i < missing; ++i) (i < before ? left : right) += spec.fill;
  return align == '=' ? text.substr(0, sign_size) + left + text.substr(sign_size) : left + text + right;
}

// Groups of three digits before the point.
std::string grouped(std::string digits, char separator) {
  if (separator == 0) return digits;
  std::size_t end = digits.find_first_not_of("0123456789");
  if (end == std::string::npos) end = digits.size();
  for (std::size_t at = end; at > 3; at -= 3) digits.insert(at - 3, 1, separator);
  return digits;
}

std::string finish_number(const Spec& spec, bool negative, const std::string& prefix, std::string digits) {
  std::string sign = negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
  sign += prefix;
  const std::size_t size = sign.size();
  return pad(spec, sign + grouped(std::move(digits), spec.grouping), '>', size);
}

std::string format_integer(const Spec& spec, std::int64_t value) {
  const bool negative = value < 0;
  const std::uint64_t size = negative ? 0 - static_cast<std::uint64_t>(value) : static_cast<std::uint64_t>(value);
  switch (spec.type) {
    case 'x':
      return finish_number(spec, negative, spec.alternate ? "0x" : "", fmt::format("{:x}", size));
    case 'X':
      return finish_number(spec, negative, spec.alternate ? "0X" : "", fmt::format("{:X}", size));
    case 'o':
      return finish_number(spec, negative, spec.alternate ? "0o" : "", fmt::format("{:o}", size));
    case 'b':
      return finish_number(spec, negative, spec.alternate ? "0b" : "", fmt::format("{:b}", size));
    case 'c': {
      if (negative || size > 0x10FFFF || (size >= 0xD800 && size < 0xE000)) throw_type("%c arg not in range(0x110000)");
      std::string text;
      append_utf8(static_cast<char32_t>(size), text);
      return pad(spec, std::move(text), '<', 0);
    }
    default:
      return finish_number(spec, negative, "", fmt::format("{}", size));
  }
}

std::string format_real(const Spec& spec, double value) {
  const bool negative = std::signbit(value) && !std::isnan(value);
  double size = std::fabs(value);
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  std::string digits;
  if (!std::isfinite(size)) {
    digits = std::isnan(size) ? "nan" : "inf";
  } else {
    switch (spec.type) {
      case 0:
        digits = spec.precision < 0 ? repr_real(size) : fmt::format("{:.{}g}", size, precision);
        break;
      case 'e':
        digits = fmt::format("{:.{}e}", size, precision);
        break;
      case 'E':
        digits = fmt::format("{:.{}E}", size, precision);
        break;
      case 'g':
      case 'n':
        digits = fmt::format("{:.{}g}", size, std::max(precision, 1));
        break;
      case 'G':
        digits = fmt::format("{:.{}G}", size, std::max(precision, 1));
        break;
      case '%':
        digits = fmt::format("{:.{}f}%", size * 100, precision);
        break;
      default:
        digits = fmt::format("{:.{}f}", size, precision);
    }
  }
  return finish_number(spec, negative, "", std::move(digits));
}

}  // namespace

std::string format_value(Interpreter& in, const Value& value, std::string_view text) {
  in.heap().step();
  if (text.empty()) return to_text(in.heap(), value);
  const Spec spec = parse(text);
  const bool is_real_type = spec.type != 0 && std::string_view("eEfFgG%").find(spec.type) != std::string_view::npos;
  if (value.is(Kind::real) || (value.is_int() && is_real_type)) {
    if (spec.type != 0 && spec.type != 'n' && !is_real_type)
      throw_type("Unknown format code '{}' for object of type 'float'", spec.type);
    return format_real(spec, value.as_real());
  }
  if (value.is_int() && spec.type != 's') return format_integer(spec, value.as_int());
  if (!value.is(Kind::string)) throw_type("unsupported format string passed to {}.__format__", type_name(value));
  if (spec.type != 0 && spec.type != 's')
    throw_type("Unknown format code '{}' for object of type '{}'", spec.type, type_name(value));
  std::string_view kept = value.text();
  if (spec.precision >= 0) kept = kept.substr(0, offset_of(kept, static_cast<std::size_t>(spec.precision)));
  return pad(spec, std::string(kept), '<', 0);
}

}  // namespace quern::engine::chat::jinja
