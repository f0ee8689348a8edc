// `x is test`. Source: the Jinja documentation, "List of Builtin Tests".
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/operators.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

const Value& operand(std::string_view test, const Arguments& arguments) {
  if (arguments.positional.size() != 1 || !arguments.keyword.empty())
    throw_type("the test '{}' needs one argument", test);
  return arguments.positional[0];
}

template <Kind kind>
bool is_kind(Interpreter&, const Value& value, Arguments&) {
  return value.is(kind);
}

template <bool wanted>
bool is_bool(Interpreter&, const Value& value, Arguments&) {
  return value.is(Kind::boolean) && value.as_bool() == wanted;
}

template <CompareOp op>
bool compares(Interpreter& in, const Value& value, Arguments& arguments) {
  return compare(in, op, value, operand("comparison", arguments));
}

bool is_defined(Interpreter&, const Value& value, Arguments&) {
  return !value.is(Kind::undefined);
}

bool is_whole(Interpreter&, const Value& value, Arguments&) {
  return value.is(Kind::integer) || value.is(Kind::big);
}

bool is_number(Interpreter&, const Value& value, Arguments&) {
  return value.is_number();
}

bool is_iterable(Interpreter&, const Value& value, Arguments&) {
  return value.is(Kind::string) || value.is(Kind::list) || value.is(Kind::dict) || value.is(Kind::undefined);
}

bool is_sequence(Interpreter&, const Value& value, Arguments&) {
  if (value.is(Kind::list)) return value.as_list().is_sequence();
  return value.is(Kind::string) || value.is(Kind::dict) || value.is(Kind::undefined);
}

bool is_callable(Interpreter&, const Value& value, Arguments&) {
  if (value.is(Kind::undefined)) return true;  // it has the method; calling it fails
  return value.is(Kind::object) && value.as_object().callable();
}

// value % divisor == wanted, of floats too
bool leaves(Interpreter& in, const Value& value, const Value& divisor, std::int64_t wanted) {
  return equal(in.heap(), binary(in, BinaryOp::modulo, value, divisor), Value::integer(wanted));
}

template <std::int64_t wanted>
bool has_parity(Interpreter& in, const Value& value, Arguments&) {
  return leaves(in, value, Value::integer(2), wanted);
}

bool is_divisible_by(Interpreter& in, const Value& value, Arguments& arguments) {
  return leaves(in, value, operand("divisibleby", arguments), 0);
}

bool is_same_as(Interpreter&, const Value& value, Arguments& arguments) {
  return value.same_as(operand("sameas", arguments));
}

bool is_in(Interpreter& in, const Value& value, Arguments& arguments) {
  return contains(in.heap(), operand("in", arguments), value);
}

bool is_escaped(Interpreter&, const Value& value, Arguments&) {
  return value.is(Kind::string) && value.as_string().safe();
}

// All cased characters have that case, and there is one.
template <bool upper>
bool has_case(Interpreter& in, const Value& value, Arguments&) {
  const std::string text = to_text(in.heap(), value);
  bool found = false;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (is_title(c.code) || (upper ? is_lower(c.code) : is_upper(c.code))) return false;
    found = found || (upper ? is_upper(c.code) : is_lower(c.code));
    at += c.size;
  }
  return found;
}

template <class Function, const Named<Function>* (*find)(std::string_view) noexcept>
bool is_known(Interpreter&, const Value& value, Arguments&) {
  return value.is(Kind::string) && find(value.text()) != nullptr;
}

constexpr Named<TestFunction> kTests[] = {
    {"defined", &is_defined},
    {"undefined", &is_kind<Kind::undefined>},
    {"none", &is_kind<Kind::none>},
    {"string", &is_kind<Kind::string>},
    {"mapping", &is_kind<Kind::dict>},
    {"boolean", &is_kind<Kind::boolean>},
    {"integer", &is_whole},
    {"float", &is_kind<Kind::real>},
    {"true", &is_bool<true>},
    {"false", &is_bool<false>},
    {"number", &is_number},
    {"iterable", &is_iterable},
    {"sequence", &is_sequence},
    {"callable", &is_callable},
    {"odd", &has_parity<1>},
    {"even", &has_parity<0>},
    {"divisibleby", &is_divisible_by},
    {"sameas", &is_same_as},
    {"in", &is_in},
    {"escaped", &is_escaped},
    {"upper", &has_case<true>},
    {"lower", &has_case<false>},
    {"filter", &is_known<FilterFunction, &find_filter>},
    {"test", &is_known<TestFunction, &find_test>},
    {"eq", &compares<CompareOp::equal>},
    {"equalto", &compares<CompareOp::equal>},
    {"==", &compares<CompareOp::equal>},
    {"ne", &compares<CompareOp::not_equal>},
    {"!=", &compares<CompareOp::not_equal>},
    {"lt", &compares<CompareOp::less>},
    {"lessthan", &compares<CompareOp::less>},
    {"<", &compares<CompareOp::less>},
    {"le", &compares<CompareOp::less_equal>},
    {"<=", &compares<CompareOp::less_equal>},
    {"gt", &compares<CompareOp::greater>},
    {"greaterthan", &compares<CompareOp::greater>},
    {">", &compares<CompareOp::greater>},
    {"ge", &compares<CompareOp::greater_equal>},
    {">=", &compares<CompareOp::greater_equal>},
};

}  // namespace

const Named<TestFunction>* find_test(std::string_view name) noexcept {
  const auto row = std::find_if(std::begin(kTests), std::end(kTests), [name](const auto& r) { return r.name == name; });
  return row == std::end(kTests) ? nullptr : row;
}

}  // namespace quern::engine::chat::jinja
