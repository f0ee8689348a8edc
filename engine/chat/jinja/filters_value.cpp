#include "engine/chat/jinja/filters.hpp"
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/json.hpp"
#include "engine/chat/jinja/literals.hpp"
#include "engine/chat/jinja/operators.hpp"

#include <algorithm>
#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

Value default_value(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("default", arguments, {"default_value", "boolean"}, 0);
  const bool is_absent = value.is(Kind::undefined) || (bound.boolean(1, false) && !truthy(value));
  if (!is_absent) return value;
  return bound.has(0) ? bound[0] : Value::string(in.heap(), "");
}

// Towards zero; nothing of what is no number.
std::optional<Value> truncated(Heap& heap, double real) {
  if (!std::isfinite(real)) return std::nullopt;
  return whole_of(heap, real);
}

Value to_integer(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"}, 0);
  require_defined(value);
  std::optional<Value> out;
  if (value.is_int()) {
    out = Value::integer(value.as_int());
  } else if (value.is(Kind::big)) {
    out = value;
  } else if (value.is(Kind::real)) {
    out = truncated(in.heap(), value.as_real());
  } else if (value.is(Kind::string)) {
    out = read_integer(
        in.heap(), value.text(),
        bound.integer(1, 10) == 0 ? 0 : static_cast<int>(std::clamp<std::int64_t>(bound.integer(1, 10), 1, 37)));
    if (!out)
      if (const auto real = parse_real(value.text()); real) out = truncated(in.heap(), *real);
  }
  if (out) return *out;
  return bound.has(0) ? bound[0] : Value::integer(0);
}

Value to_real(Interpreter&, const Value& value, Arguments& arguments) {
  const Bound bound("float", arguments, {"default"}, 0);
  require_defined(value);
  if (value.is_number()) return Value::real(value.as_real());
  if (value.is(Kind::string))
    if (const auto real = parse_real(value.text()); real) return Value::real(*real);
  return bound.has(0) ? bound[0] : Value::real(0.0);
}

Value absolute(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("abs", arguments, {}, 0);
  require_defined(value);
  if (value.is(Kind::real)) return Value::real(std::fabs(value.as_real()));
  if (!value.is_whole()) throw_type("abs(): expected a number, found {}", described(value));
  return magnitude_of(in.heap(), value);
}

// To the nearest, halves to the even neighbour, as Python rounds: by the decimal digits of the exact value.
double round_half_even(double value, int precision) {
  if (!std::isfinite(value)) return value;
  if (precision >= 0) return parse_real(fmt::format("{:.{}f}", value, std::min(precision, 400))).value_or(value);
  std::string digits = fmt::format("{:.0f}", std::trunc(std::fabs(value)));
  const auto n = static_cast<std::size_t>(-precision);
  if (n > digits.size()) return std::copysign(0.0, value);
  digits.insert(0, 1, '0');
  const std::size_t cut = digits.size() - n;
  const std::string_view tail = std::string_view(digits).substr(cut);
  const bool exact = std::trunc(value) == value && tail.find_first_not_of('0', 1) == std::string_view::npos;
  const bool up = tail[0] > '5' || (tail[0] == '5' && (!exact || (digits[cut - 1] - '0') % 2 == 1));
  // Each unit of the last place that stays, written out: 1 * 10^n is exact in decimal.
  std::string kept = digits.substr(0, cut);
  for (std::size_t i = kept.size(); up && i-- > 0;) {
    kept[i] = kept[i] == '9' ? '0' : static_cast<char>(kept[i] + 1);
    if (kept[i] != '0') break;
  }
  return std::copysign(parse_real(kept + std::string(n, '0')).value_or(value), value);
}

// The same of a whole number to a multiple of 10^n.
Value round_whole(Heap& heap, const Value& value, std::int64_t n) {
  if (n > 20'000) return Value::integer(0);  // of more digits than any has
  const Value unit = whole_numbers(heap, BinaryOp::power, Value::integer(10), Value::integer(n));
  const Value rest = whole_numbers(heap, BinaryOp::modulo, value, unit);
  const Value lower = whole_numbers(heap, BinaryOp::subtract, value, rest);
  const int half = compare_whole(whole_numbers(heap, BinaryOp::multiply, rest, Value::integer(2)), unit);
  const Value count = whole_numbers(heap, BinaryOp::floor_divide, lower, unit);
  const bool odd = truthy(whole_numbers(heap, BinaryOp::modulo, count, Value::integer(2)));
  return half > 0 || (half == 0 && odd) ? whole_numbers(heap, BinaryOp::add, lower, unit) : lower;
}

Value round(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"}, 0);
  require_defined(value);
  if (!value.is_number()) throw_type("round(): expected a number, found {}", described(value));
  const std::int64_t precision = bound.integer(0, 0);
  const std::string_view method = bound.string(1).value_or("common");
  if (method == "common") {
    if (value.is_whole() && precision >= 0) return binary(in, BinaryOp::add, value, Value::integer(0));
    if (value.is_whole()) return round_whole(in.heap(), value, precision < -30'000 ? 30'000 : -precision);
    return Value::real(
        round_half_even(value.as_real(), static_cast<int>(std::clamp<std::int64_t>(precision, -400, 400))));
  }
  if (method != "ceil" && method != "floor")
    throw_type("round(): found method '{}', expected common, ceil or floor", method);
  const Value scale = binary(in, BinaryOp::power, Value::integer(10), Value::integer(precision));
  const Value scaled = binary(in, BinaryOp::multiply, value, scale);
  if (scaled.is_whole()) return binary(in, BinaryOp::divide, scaled, scale);
  const double whole = method == "ceil" ? std::ceil(scaled.as_real()) : std::floor(scaled.as_real());
  if (!std::isfinite(whole)) throw_type("round(): {} cannot be rounded up or down", repr(in.heap(), value));
  return binary(in, BinaryOp::divide, whole_of(in.heap(), whole), scale);
}

Value items(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("items", arguments, {}, 0);
  std::vector<Value> out;
  if (!value.is(Kind::undefined) && !value.is(Kind::dict))
    throw_type("items(): expected a mapping, found {}", described(value));
  if (value.is(Kind::dict))
    for (const Dict::Entry& entry : value.as_dict().entries())
      out.push_back(make_list(in.heap(), {entry.key, entry.value}, ListForm::tuple));
  return make_list(in.heap(), std::move(out), ListForm::generator);
}

Value attr(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("attr", arguments, {"name"}, 1);
  const Value name = as_text(in, bound[0]);
  // An item of that name is none.
  if (value.is(Kind::dict) && find_dict_method(name.text()) == nullptr)
    return Value::undefined(in.heap(), fmt::format("a mapping has nothing called '{}'", name.text()));
  return attribute_of(in, value, name.text());
}

Value tojson(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("tojson", arguments, {"ensure_ascii", "indent", "separators", "sort_keys"}, 0);
  JsonStyle style{.ensure_ascii = bound.boolean(0, false), .sort_keys = bound.boolean(3, false)};
  if (bound.has(1) && !bound[1].is(Kind::none)) {
    style.has_indent = true;
    style.item_separator = ",";
    if (bound[1].is(Kind::string))
      style.indent = bound[1].text();
    else
      style.indent.assign(static_cast<std::size_t>(std::clamp<std::int64_t>(bound.integer(1, 0), 0, 1024)), ' ');
  }
  if (bound.has(2) && !bound[2].is(Kind::none)) {
    const std::vector<Value> separators = iterate(in.heap(), bound[2]);
    if (separators.size() != 2 || !separators[0].is(Kind::string) || !separators[1].is(Kind::string))
      throw_type("tojson(): separators must be a pair of strings");
    style.item_separator = separators[0].text();
    style.key_separator = separators[1].text();
  }
  return Value::string(in.heap(), to_json(in.heap(), value, style));
}

Value from_json(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("from_json", arguments, {}, 0);
  require_defined(value);
  if (!value.is(Kind::string)) throw_type("from_json(): expected a string, found {}", described(value));
  return parse_json(in.heap(), value.text());
}

Value filesizeformat(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("filesizeformat", arguments, {"binary"}, 0);
  static constexpr char kPrefixes[] = "kMGTPEZY";
  const bool binary = bound.boolean(0, false);
  const double base = binary ? 1024 : 1000;
  std::optional<double> bytes;
  if (value.is_number()) bytes = value.as_real();
  if (value.is(Kind::string)) bytes = parse_real(value.text());
  if (!bytes) throw_type("filesizeformat(): {} is no number", repr(in.heap(), value));
  if (*bytes == 1) return Value::string(in.heap(), "1 Byte");
  if (*bytes < base) return Value::string(in.heap(), fmt::format("{:.0f} Bytes", std::trunc(*bytes) + 0.0));
  double unit = base;
  std::size_t prefix = 0;
  for (; prefix + 1 < sizeof(kPrefixes) - 1 && *bytes >= unit * base; ++prefix) unit *= base;
  const char letter = binary && prefix == 0 ? 'K' : kPrefixes[prefix];
  return Value::string(in.heap(), fmt::format("{:.1f} {}{}", *bytes / unit, letter, binary ? "iB" : "B"));
}

constexpr Named<FilterFunction> kFilters[] = {
    {"default", &default_value},
    {"d", &default_value},
    {"int", &to_integer},
    {"float", &to_real},
    {"abs", &absolute},
    {"round", &round},
    {"items", &items},
    {"attr", &attr},
    {"tojson", &tojson},
    {"from_json", &from_json},
    {"filesizeformat", &filesizeformat},
};

}  // namespace

std::span<const Named<FilterFunction>> value_filters() noexcept {
  return kFilters;
}

}  // namespace quern::engine::chat::jinja
