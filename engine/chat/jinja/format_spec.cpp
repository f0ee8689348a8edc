// One value in a given format. Source: the Python library reference, "Format Specification Mini-Language".
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::size_t kMaxWidth = 10'000;

struct Spec {
  std::string fill = " ";
  char align = 0;  // < > ^ =; 0: the type's own
  char sign = 0, grouping = 0, type = 0;
  bool alternate = false, no_negative_zero = false, zero_filled = false;
  std::size_t width = 0;
  int precision = -1;
};

bool is_any_of(char c, std::string_view chars) {
  return c != 0 && chars.find(c) != std::string_view::npos;
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
    if (text.empty() || !is_any_of(text[0], options)) return '\0';
    const char c = text[0];
    text.remove_prefix(1);
    return c;
  };
  const bool has_fill = text.size() > first && is_any_of(text[first], "<>^=");
  if (has_fill) {
    spec.fill = text.substr(0, first);
    text.remove_prefix(first);
  }
  spec.align = take("<>^=");
  spec.sign = take("+- ");
  spec.no_negative_zero = take("z") != 0;
  spec.alternate = take("#") != 0;
  spec.zero_filled = !has_fill && take("0") != 0;
  if (spec.zero_filled) spec.fill = "0";
  spec.width = take_number(text);
  spec.grouping = take(",_");
  if (take(".") != 0) {
    if (text.empty() || text[0] < '0' || text[0] > '9') throw_type("the format '{}' misses its precision", whole);
    spec.precision = static_cast<int>(take_number(text));
  }
  if (!text.empty()) {
    spec.type = text[0];
    text.remove_prefix(1);
  }
  if (!text.empty()) throw_type("'{}' is no format", whole);
  return spec;
}

void refuse(const Spec& spec, const Value& value) {
  throw_type("the format '{}' cannot write {}", spec.type, described(value));
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

// Groups of digits before the point, with as many zeros in front as give min_width characters.
std::string grouped(std::string_view text, char separator, std::size_t group, std::size_t min_width) {
  const char* const all = group == 3 ? "0123456789" : "0123456789abcdefABCDEF";
  const std::size_t n_digits = std::min(text.find_first_not_of(all), text.size());
  const std::string_view tail = text.substr(n_digits);
  std::string digits(text.substr(0, n_digits));
  const std::size_t head_width = min_width > tail.size() ? min_width - tail.size() : 0;
  std::string out;  // from the right
  for (std::size_t n = 0; !digits.empty() || out.size() < head_width; ++n) {
    if (n > 0 && n % group == 0) out += separator;  // a digit always follows
    out += digits.empty() ? '0' : digits.back();
    if (!digits.empty()) digits.pop_back();
  }
  std::reverse(out.begin(), out.end());
  return out.append(tail);
}

std::string finish_number(const Spec& spec, bool negative, const std::string& prefix, std::string digits,
                          std::size_t group = 3) {
  std::string sign = negative ? "-" : spec.sign == '+' ? "+" : spec.sign == ' ' ? " " : "";
  sign += prefix;
  const bool inner_zeros = spec.fill == "0" && (spec.align == '=' || (spec.zero_filled && spec.align == 0));
  const std::size_t room = inner_zeros && spec.width > sign.size() ? spec.width - sign.size() : 0;
  if (spec.grouping != 0) digits = grouped(digits, spec.grouping, group, room);
  const std::size_t size = sign.size();
  return pad(spec, sign + digits, inner_zeros ? '=' : '>', size);
}

std::string format_integer(Heap& heap, const Spec& spec, const Value& value) {
  if (spec.precision >= 0) throw_type("a format with a precision cannot write an integer");
  if (spec.no_negative_zero) throw_type("a format with 'z' cannot write an integer");
  const auto refuse_grouping = [&spec](std::string_view which) {
    if (is_any_of(spec.grouping, which)) throw_type("the format '{}' has no '{}'", spec.type, spec.grouping);
  };
  const bool negative = is_negative(value);
  switch (spec.type) {
    case 'x':
    case 'X':
    case 'o':
    case 'b': {
      refuse_grouping(",");
      const int base = spec.type == 'o' ? 8 : spec.type == 'b' ? 2 : 16;
      std::string digits = digits_of(heap, value, base);
      if (spec.type == 'X') digits = to_upper(digits);
      return finish_number(spec, negative, spec.alternate ? std::string{'0', spec.type} : std::string(),
                           std::move(digits), 4);
    }
    case 'c': {
      refuse_grouping(",_");
      if (spec.sign != 0 || spec.alternate) throw_type("the format 'c' has no sign and no '#'");
      const std::int64_t code = clamped(value);
      if (code < 0 || code > 0x10FFFF || (code >= 0xD800 && code < 0xE000))
        throw_type("{} is the number of no character", code);
      std::string text;
      append_utf8(static_cast<char32_t>(code), text);
      return pad(spec, std::move(text), spec.zero_filled ? '=' : '>', 0);
    }
    case 'n':
      refuse_grouping(",_");
      [[fallthrough]];
    case 0:
    case 'd':
      return finish_number(spec, negative, "", digits_of(heap, value, 10));
    default:
      refuse(spec, value);
      return {};
  }
}

// With a precision but without a type: as 'g', but a whole number keeps ".0", for which one digit less is left.
std::string general(double size, int precision, bool alternate) {
  precision = std::max(precision, 1);
  std::string text = fmt::format("{:.{}e}", size, precision - 1);
  const std::size_t e = text.find('e');
  const int exponent = std::stoi(text.substr(e + 1));
  const bool scientific = exponent < -4 || exponent >= precision - 1;
  if (alternate && scientific) return fmt::format("{:#.{}e}", size, precision - 1);
  if (alternate) return fmt::format("{:#.{}f}", size, std::max(precision - 1 - exponent, 1));
  std::string digits = text.substr(0, e);
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  if (scientific) return digits + text.substr(e);
  const auto n_digits = static_cast<int>(digits.size()) - (digits.size() > 1 ? 1 : 0);
  return fmt::format("{:.{}f}", std::stod(text), std::max(n_digits - 1 - exponent, 1));
}

// fmt keeps a zero behind the point of "2.", which C and Python do not.
std::string with_point(const char* format, double size, int precision) {
  const int n = std::snprintf(nullptr, 0, format, precision, size);
  std::string out(static_cast<std::size_t>(n) + 1, '\0');
  std::snprintf(out.data(), out.size(), format, precision, size);
  out.pop_back();
  return out;
}

std::string real_digits(const Spec& spec, double size) {
  const int precision = spec.precision < 0 ? 6 : spec.precision;
  switch (spec.type) {
    case 0:
      return spec.precision < 0 ? repr_real(size) : general(size, spec.precision, spec.alternate);
    case 'e':
      return spec.alternate ? fmt::format("{:#.{}e}", size, precision) : fmt::format("{:.{}e}", size, precision);
    case 'E':
      return spec.alternate ? fmt::format("{:#.{}E}", size, precision) : fmt::format("{:.{}E}", size, precision);
    case 'g':
    case 'n':
      return spec.alternate ? with_point("%#.*g", size, std::max(precision, 1))
                            : fmt::format("{:.{}g}", size, std::max(precision, 1));
    case 'G':
      return spec.alternate ? with_point("%#.*G", size, std::max(precision, 1))
                            : fmt::format("{:.{}G}", size, std::max(precision, 1));
    case '%':
      return (spec.alternate ? fmt::format("{:#.{}f}", size * 100, precision)
                             : fmt::format("{:.{}f}", size * 100, precision)) +
             '%';
    default:
      return spec.alternate ? fmt::format("{:#.{}f}", size, precision) : fmt::format("{:.{}f}", size, precision);
  }
}

std::string format_real(const Spec& spec, double value) {
  if (spec.type == 'n' && spec.grouping != 0) throw_type("the format 'n' has no '{}'", spec.grouping);
  bool negative = std::signbit(value) && !std::isnan(value);
  const double size = std::fabs(value);
  std::string digits;
  if (std::isfinite(size) && (spec.type != '%' || std::isfinite(size * 100))) {
    digits = real_digits(spec, size);
    if (spec.no_negative_zero && digits.find_first_of("123456789") == std::string::npos) negative = false;
  } else {
    const bool upper = is_any_of(spec.type, "EFG");
    digits = std::isnan(size) ? (upper ? "NAN" : "nan") : (upper ? "INF" : "inf");
    if (spec.type == '%') digits += '%';
  }
  return finish_number(spec, negative, "", std::move(digits));
}

std::string format_string(const Spec& spec, const Value& value) {
  if (spec.type != 0 && spec.type != 's') refuse(spec, value);
  if (spec.sign != 0 || spec.alternate || spec.no_negative_zero || spec.grouping != 0 || spec.align == '=')
    throw_type("a format with a sign, 'z', '#', '=', ',' or '_' cannot write a string");
  std::string_view kept = value.text();
  if (spec.precision >= 0) kept = kept.substr(0, offset_of(kept, static_cast<std::size_t>(spec.precision)));
  return pad(spec, std::string(kept), '<', 0);
}

}  // namespace

std::string format_value(Interpreter& in, const Value& value, std::string_view text) {
  in.heap().step();
  if (text.empty()) return to_text(in.heap(), value);
  if (value.is(Kind::string)) return format_string(parse(text), value);
  if (!value.is_number()) throw_type("a format such as '{}' cannot write {}", text, described(value));
  const Spec spec = parse(text);
  const bool is_real_type = is_any_of(spec.type, "eEfFgG%");
  if (value.is_whole() && !is_real_type) return format_integer(in.heap(), spec, value);
  if (spec.type != 0 && spec.type != 'n' && !is_real_type) refuse(spec, value);
  return format_real(spec, value.as_real());
}

}  // namespace quern::engine::chat::jinja
