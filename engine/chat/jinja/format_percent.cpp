// Texts with values in them: "%s of %d" % values. Source: the Python library reference, "printf-style String
// Formatting".
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::int64_t kMaxWidth = 10'000;

// The arguments of a % format, one after the other or by name.
class PercentValues {
 public:
  explicit PercentValues(const Value& values) : values_(values) {}

  const Value& next() {
    if (!is_tuple()) {
      if (at_++ > 0) throw_few();
      return values_;
    }
    const std::vector<Value>& items = values_.as_list().items();
    if (at_ >= items.size()) throw_few();
    return items[at_++];
  }
  const Value& named(std::string_view name) const {
    if (!values_.is(Kind::dict)) throw_type("a format with names needs a mapping, found {}", described(values_));
    const Value* const found = values_.as_dict().find(name);
    if (found == nullptr) throw_type("the format has no value '{}'", name);
    return *found;
  }
  void check_all_used() const {
    const bool any_number =
        values_.is(Kind::dict) || values_.is(Kind::undefined) || (values_.is(Kind::list) && !is_tuple());
    const bool all = is_tuple() ? at_ == values_.as_list().items().size() : at_ > 0 || any_number;
    if (!all) throw_type("the format has no place for all of its values");
  }

 private:
  [[noreturn]] static void throw_few() { throw_type("the format has places for more values than it was given"); }
  bool is_tuple() const { return values_.is(Kind::list) && values_.as_list().form() == ListForm::tuple; }
  const Value& values_;
  std::size_t at_ = 0;
};

// What stands between '%' and its letter.
struct Conversion {
  bool left = false, plus = false, blank = false, alternate = false, zeros = false;
  std::int64_t width = 0, precision = -1;
  char type = 0;
};

std::string_view take_while(std::string_view& rest, std::string_view chars) {
  const std::string_view taken = rest.substr(0, std::min(rest.find_first_not_of(chars), rest.size()));
  rest.remove_prefix(taken.size());
  return taken;
}

// Digits, or '*': the next value.
std::int64_t take_size(std::string_view& rest, PercentValues& values) {
  std::int64_t n = 0;
  if (rest.starts_with('*')) {
    rest.remove_prefix(1);
    const Value& value = values.next();
    if (!value.is_whole()) throw_type("'*' in a format needs an integer, found {}", described(value));
    n = clamped(value);
  } else {
    for (const char c : take_while(rest, "0123456789")) n = std::min(n * 10 + (c - '0'), kMaxWidth + 1);
  }
  if (n > kMaxWidth || n < -kMaxWidth)
    throw_failure(FailureKind::limit, "a format is wider than {} characters", kMaxWidth);
  return n;
}

Conversion read_conversion(std::string_view& rest, PercentValues& values) {
  Conversion out;
  for (const char c : take_while(rest, "-+ #0")) {
    out.left = out.left || c == '-';
    out.plus = out.plus || c == '+';
    out.blank = out.blank || c == ' ';
    out.alternate = out.alternate || c == '#';
    out.zeros = out.zeros || c == '0';
  }
  out.width = take_size(rest, values);
  if (out.width < 0) {
    out.left = true;
    out.width = -out.width;
  }
  if (rest.starts_with('.')) {
    rest.remove_prefix(1);
    out.precision = std::max<std::int64_t>(take_size(rest, values), 0);
  }
  if (!rest.empty() && std::string_view("hlL").find(rest[0]) != std::string_view::npos) rest.remove_prefix(1);
  if (rest.empty()) throw_type("a format ends in the middle of a '%'");
  out.type = rest[0];
  rest.remove_prefix(1);
  return out;
}

// Of "(a(b))...": names may have brackets in them.
std::size_t closing_bracket(std::string_view text) {
  int depth = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '(') ++depth;
    if (text[i] == ')' && --depth == 0) return i;
  }
  throw_type("a name in a format does not end: expected ')'");
}

std::string padded(const Conversion& to, std::string text, std::size_t n_sign, bool is_number) {
  const std::size_t n = count_chars(text), width = static_cast<std::size_t>(to.width);
  if (n >= width) return text;
  if (to.left) return text.append(width - n, ' ');
  if (to.zeros && is_number) return text.insert(n_sign, width - n, '0');
  return std::string(width - n, ' ') + text;
}

std::string sign_of(const Conversion& to, bool negative) {
  return negative ? "-" : to.plus ? "+" : to.blank ? " " : "";
}

std::string write_integer(Interpreter& in, const Conversion& to, const Value& value) {
  const bool is_decimal = std::string_view("diu").find(to.type) != std::string_view::npos;
  if (!is_decimal && value.is(Kind::real)) throw_type("%{} writes an integer, found a float", to.type);
  if (value.is(Kind::real) && !std::isfinite(value.as_real()))
    throw_type("%{} cannot write {}", to.type, repr_real(value.as_real()));
  const Value whole = value.is(Kind::real) ? whole_of(in.heap(), value.as_real()) : value;
  std::string sign = sign_of(to, is_negative(whole));
  if (to.alternate && !is_decimal) sign += {'0', to.type};
  std::string digits = digits_of(in.heap(), whole, is_decimal ? 10 : to.type == 'o' ? 8 : 16);
  if (to.type == 'X') digits = to_upper(digits);
  if (to.precision > static_cast<std::int64_t>(digits.size()))
    digits.insert(0, static_cast<std::size_t>(to.precision) - digits.size(), '0');
  return padded(to, sign + digits, sign.size(), true);
}

std::string write_real(Interpreter& in, const Conversion& to, const Value& value) {
  const double real = value.as_real();
  const std::string spec =
      fmt::format("{}.{}{}", to.alternate ? "#" : "", to.precision < 0 ? 6 : to.precision, to.type);
  const std::string sign = sign_of(to, std::signbit(real) && !std::isnan(real));
  return padded(to, sign + format_value(in, Value::real(std::fabs(real)), spec), sign.size(), true);
}

std::string write(Interpreter& in, const Conversion& to, const Value& value) {
  if (std::string_view("sra").find(to.type) != std::string_view::npos) {
    std::string text = to.type == 's' ? to_text(in.heap(), value) : repr(in.heap(), value);
    if (to.type == 'a') text = escape_non_ascii(text);
    if (to.precision >= 0) text.resize(offset_of(text, static_cast<std::size_t>(to.precision)));
    return padded(to, std::move(text), 0, false);
  }
  if (to.type == 'c') {
    if (value.is(Kind::string) && value.as_string().n_chars() == 1) return padded(to, value.text(), 0, false);
    if (!value.is_whole()) throw_type("%c writes an integer or one character, found {}", described(value));
    return padded(to, format_value(in, value, "c"), 0, false);
  }
  require_defined(value);
  if (!value.is_number()) throw_type("%{} writes a number, found {}", to.type, described(value));
  if (std::string_view("diuxXo").find(to.type) != std::string_view::npos) return write_integer(in, to, value);
  return write_real(in, to, value);
}

}  // namespace

std::string percent_format(Interpreter& in, std::string_view rest, const Value& values, bool escape) {
  std::string out;
  PercentValues arguments(values);
  for (;;) {
    const std::size_t percent = std::min(rest.find('%'), rest.size());
    out += rest.substr(0, percent);
    rest.remove_prefix(percent);
    if (rest.empty()) break;
    rest.remove_prefix(1);
    const Value* value = nullptr;
    if (rest.starts_with('(')) {
      const std::size_t end = closing_bracket(rest);
      value = &arguments.named(rest.substr(1, end - 1));
      rest.remove_prefix(end + 1);
    }
    const Conversion to = read_conversion(rest, arguments);
    if (to.type == '%') {
      out += '%';
      continue;
    }
    if (std::string_view("sradiuxXocfFeEgG").find(to.type) == std::string_view::npos)
      throw_type("'%{}' is no format", to.type);
    if (value == nullptr) value = &arguments.next();
    out += write(in, to, escaped_if(in, *value, escape));
    if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "the formatted text is too long");
  }
  arguments.check_all_used();
  return out;
}

}  // namespace quern::engine::chat::jinja
