#include "engine/chat/jinja/filters.hpp"
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

// Towards zero; nothing where it does not fit.
std::optional<std::int64_t> truncated(double real) {
  if (!(real > -9.2233720368547e18 && real < 9.2233720368547e18)) return std::nullopt;
  return static_cast<std::int64_t>(real);
}

Value to_integer(Interpreter&, const Value& value, Arguments& arguments) {
  const Bound bound("int", arguments, {"default", "base"}, 0);
  require_defined(value);
  std::optional<std::int64_t> out;
  if (value.is_int()) {
    out = value.as_int();
  } else if (value.is(Kind::real)) {
    out = truncated(value.as_real());
  } else if (value.is(Kind::string)) {
    out = parse_integer(value.text(), static_cast<int>(std::clamp<std::int64_t>(bound.integer(1, 10), 0, 37)));
    if (!out)
      if (const auto real = parse_real(value.text()); real) out = truncated(*real);
  }
  if (out) return Value::integer(*out);
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

Value absolute(Interpreter&, const Value& value, Arguments& arguments) {
  const Bound bound("abs", arguments, {}, 0);
  require_defined(value);
  if (value.is(Kind::real)) return Value::real(std::fabs(value.as_real()));
  if (!value.is_int()) throw_type("bad operand type for abs(): '{}'", type_name(value));
  return value.as_int() < 0 ? unary(UnaryOp::negate, value) : Value::integer(value.as_int());
}

// To the nearest, halves to the even neighbour, as Python rounds: by the decimal digits of the exact value.
double round_half_even(double value, int precision) {
  if (precision >= 0 && precision < 300) return parse_real(fmt::format("{:.{}f}", value, precision)).value_or(value);
  const double scale = std::pow(10.0, -precision);
  return precision < 0 ? std::nearbyint(value / scale) * scale : value;
}

Value round(Interpreter&, const Value& value, Arguments& arguments) {
  const Bound bound("round", arguments, {"precision", "method"}, 0);
  require_defined(value);
  if (!value.is_number()) throw_type("type {} doesn't define __round__ method", type_name(value));
  const auto precision = static_cast<int>(std::clamp<std::int64_t>(bound.integer(0, 0), -308, 308));
  const std::string_view method = bound.string(1).value_or("common");
  const double real = value.as_real();
  if (method == "common") {
    if (value.is_int() && precision >= 0) return Value::integer(value.as_int());
    const double rounded = round_half_even(real, precision);
    if (value.is_int()) return Value::integer(truncated(rounded).value_or(value.as_int()));
    return Value::real(rounded);
  }
  if (method != "ceil" && method != "floor")
    throw_type("round(): found method '{}', expected common, ceil or floor", method);
  const double scale = std::pow(10.0, precision);
  return Value::real((method == "ceil" ? std::ceil(real * scale) : std::floor(real * scale)) / scale);
}

Value items(Interpreter& in, const Value& value, Arguments& arguments) {
  const Bound bound("items", arguments, {}, 0);
  std::vector<Value> out;
  if (!value.is(Kind::undefined) && !value.is(Kind::dict)) throw_type("Can only get item pairs from a mapping.");
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
    return Value::undefined(in.heap(), fmt::format("'dict object' has no attribute '{}'", name.text()));
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
  if (!value.is(Kind::string)) throw_type("the JSON object must be str, not {}", type_name(value));
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
  if (*bytes < base) return Value::string(in.heap(), fmt::format("{} Bytes", truncated(*bytes).value_or(0)));
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
