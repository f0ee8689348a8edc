// What each kind of expression gives.
#include "engine/chat/jinja/block.hpp"
#include "engine/chat/jinja/integers.hpp"
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/methods.hpp"
#include "engine/chat/jinja/operators.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

Value Literal::evaluate(Interpreter& in) const {
  switch (kind) {
    case Kind::boolean:
      return Value::boolean(integer != 0);
    case Kind::integer:
      return Value::integer(integer);
    case Kind::big:
      return read_integer(in.heap(), text, 0).value_or(Value::none());
    case Kind::real:
      return Value::real(real);
    case Kind::string:
      return Value::string(in.heap(), text);
    default:
      return Value::none();
  }
}

Value Name::evaluate(Interpreter& in) const {
  if (const Value* const found = in.find(symbol); found != nullptr) return *found;
  const std::string& name = in.tree().symbols[symbol];
  if (const Named<GlobalFunction>* const row = find_global(name); row != nullptr)
    return Value(*new FunctionObject(in.heap(), *row));
  if (name == "self") return make_self(in.heap());
  if (name == "super") return Value::undefined(in.heap(), "super() has no block to show: no template is extended");
  return Value::undefined(in.heap(), fmt::format("'{}' is undefined", name));
}

Value ListLiteral::evaluate(Interpreter& in) const {
  std::vector<Value> values;
  values.reserve(items.size());
  for (const ExpressionPtr& item : items) values.push_back(in.value_of(*item));
  return make_list(in.heap(), std::move(values), is_tuple ? ListForm::tuple : ListForm::list);
}

Value DictLiteral::evaluate(Interpreter& in) const {
  Value out(make_dict(in.heap()));
  for (const auto& [key, value] : entries) {
    Value k = in.value_of(*key);
    out.as_dict().set(std::move(k), in.value_of(*value));
  }
  return out;
}

Value Unary::evaluate(Interpreter& in) const {
  return unary(in, op, in.value_of(*operand));
}

Value Binary::evaluate(Interpreter& in) const {
  const Value a = in.value_of(*left);
  const Value b = in.value_of(*right);
  return binary(in, op, a, b);
}

Value Logical::evaluate(Interpreter& in) const {
  Value value;
  for (const ExpressionPtr& operand : operands) {
    value = in.value_of(*operand);
    if (truthy(value) != is_and) break;
  }
  return value;
}

Value Concat::evaluate(Interpreter& in) const {
  std::vector<Value> values;
  for (const ExpressionPtr& operand : operands) values.push_back(in.value_of(*operand));
  const bool safe = in.escapes() && std::any_of(values.begin(), values.end(), [](const Value& v) {
                      return v.is(Kind::string) && v.as_string().safe();
                    });
  std::string out;
  for (const Value& value : values) {
    append_text(in.heap(), escaped_if(in, value, safe), out);
    if (out.size() > in.heap().limits().max_bytes) throw_failure(FailureKind::limit, "a string is too long");
  }
  return Value::string(in.heap(), std::move(out), safe);
}

Value Compare::evaluate(Interpreter& in) const {
  Value left = in.value_of(*first);
  for (const auto& [op, operand] : rest) {
    Value right = in.value_of(*operand);
    if (!compare(in, op, left, right)) return Value::boolean(false);
    left = std::move(right);
  }
  return Value::boolean(true);
}

Value Conditional::evaluate(Interpreter& in) const {
  if (truthy(in.value_of(*condition))) return in.value_of(*then);
  if (otherwise != nullptr) return in.value_of(*otherwise);
  return Value::undefined(in.heap(), "the condition is false and there is no else");
}

Value Attribute::evaluate(Interpreter& in) const {
  return attribute_of(in, in.value_of(*object), name);
}

Value Item::evaluate(Interpreter& in) const {
  const Value container = in.value_of(*object);
  return item_of(in, container, in.value_of(*index));
}

Value Slice::evaluate(Interpreter& in) const {
  const auto end = [&in](const ExpressionPtr& part) { return part == nullptr ? Value::none() : in.value_of(*part); };
  const Value sequence = in.value_of(*object);
  const Value from = end(start), to = end(stop);
  return slice_of(in, sequence, from, to, end(step));
}

Value Call::evaluate(Interpreter& in) const {
  const Value function = in.value_of(*callee);
  std::vector<Value> keep;
  Arguments values = in.evaluate(arguments, keep);
  return in.call(function, values);
}

Value FilterCall::evaluate(Interpreter& in) const {
  const Value value = subject == nullptr ? in.filtered : in.value_of(*subject);
  std::vector<Value> keep;
  Arguments values = in.evaluate(arguments, keep);
  if (filter == nullptr) throw_type("no filter named '{}'", name);
  return filter->function(in, value, values);
}

Value TestCall::evaluate(Interpreter& in) const {
  const Value value = in.value_of(*subject);
  std::vector<Value> keep;
  Arguments values = in.evaluate(arguments, keep);
  if (test == nullptr) throw_type("no test named '{}'", name);
  return Value::boolean(test->function(in, value, values) != negated);
}

}  // namespace quern::engine::chat::jinja
