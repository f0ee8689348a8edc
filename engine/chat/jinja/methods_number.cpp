// What numbers have besides operators. Source: the Python library reference, "Additional Methods on Integer Types" and
// "Additional Methods on Float".
#include "engine/chat/jinja/containers.hpp"
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/interpreter.hpp"

#include <cmath>

namespace quern::engine::chat::jinja {

namespace {

Value itself(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("conjugate", arguments, {}, 0);
  return *number_attribute(in, self, "real");
}

Value length_in_bits(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("bit_length", arguments, {}, 0);
  return Value::integer(bit_length(self));
}

Value count_of_ones(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("bit_count", arguments, {}, 0);
  return Value::integer(bit_count(self));
}

Value is_whole_number(Interpreter&, const Value& self, Arguments& arguments) {
  const Bound bound("is_integer", arguments, {}, 0);
  return Value::boolean(std::isfinite(self.as_real()) && std::trunc(self.as_real()) == self.as_real());
}

// The exact fraction: a float is a whole number over a power of two.
Value ratio(Interpreter& in, const Value& self, Arguments& arguments) {
  const Bound bound("as_integer_ratio", arguments, {}, 0);
  if (!self.is(Kind::real))
    return make_list(in.heap(), {*number_attribute(in, self, "real"), Value::integer(1)}, ListForm::tuple);
  double scaled = self.as_real();
  if (!std::isfinite(scaled)) throw_type("as_integer_ratio(): {} is no fraction", repr_real(scaled));
  std::int64_t n_halved = 0;
  for (; scaled != std::trunc(scaled); ++n_halved) scaled *= 2;
  const Value below = whole_numbers(in.heap(), BinaryOp::power, Value::integer(2), Value::integer(n_halved));
  return make_list(in.heap(), {whole_of(in.heap(), scaled), below}, ListForm::tuple);
}

constexpr Named<MethodFunction> kIntegerMethods[] = {{"bit_length", &length_in_bits},
                                                     {"bit_count", &count_of_ones},
                                                     {"conjugate", &itself},
                                                     {"as_integer_ratio", &ratio}};
constexpr Named<MethodFunction> kRealMethods[] = {
    {"is_integer", &is_whole_number}, {"conjugate", &itself}, {"as_integer_ratio", &ratio}};

}  // namespace

const Named<MethodFunction>* find_number_method(const Value& number, std::string_view name) noexcept {
  const std::span<const Named<MethodFunction>> rows =
      number.is(Kind::real) ? std::span<const Named<MethodFunction>>(kRealMethods) : kIntegerMethods;
  for (const Named<MethodFunction>& row : rows)
    if (row.name == name) return &row;
  return nullptr;
}

std::optional<Value> number_attribute(Interpreter&, const Value& number, std::string_view name) {
  if (name == "imag") return number.is(Kind::real) ? Value::real(0) : Value::integer(0);
  if (name == "denominator" && number.is_whole()) return Value::integer(1);
  if (name != "real" && (name != "numerator" || !number.is_whole())) return std::nullopt;
  return number.is(Kind::boolean) ? Value::integer(number.as_int()) : number;
}

}  // namespace quern::engine::chat::jinja
