// {% macro %} and {% call %}. Source: the Jinja documentation, "Macros" and "Call".
#include "engine/chat/jinja/interpreter.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

Flow MacroDefinition::run(Interpreter& in) const {
  in.set(symbol, Value(*new Macro(in.heap(), *this, in.scope())));
  return Flow::next;
}

Flow CallBlock::run(Interpreter& in) const {
  const auto& node = static_cast<const Call&>(*call);
  const Value function = in.value_of(*node.callee);
  std::vector<Value> keep;
  Arguments arguments = in.evaluate(node.arguments, keep);
  arguments.keyword.emplace_back("caller", Value(*new Macro(in.heap(), caller, in.scope())));
  in.write(to_text(in.heap(), in.call(function, arguments)));
  return Flow::next;
}

std::optional<Value> Macro::attribute(Interpreter& in, std::string_view name) {
  if (name == "name") return Value::string(in.heap(), definition_.name);
  if (name == "caller") return Value::boolean(definition_.uses_caller);
  if (name == "catch_kwargs") return Value::boolean(definition_.uses_kwargs);
  if (name == "catch_varargs") return Value::boolean(definition_.uses_varargs);
  if (name != "arguments") return std::nullopt;
  std::vector<Value> names;
  for (const auto& parameter : definition_.parameters) names.push_back(Value::string(in.heap(), parameter.name));
  return make_list(in.heap(), std::move(names), ListForm::tuple);
}

// Sets the parameters in the current scope.
void Macro::bind(Interpreter& in, Arguments& arguments) const {
  const auto& parameters = definition_.parameters;
  std::vector<bool> is_set(parameters.size());
  std::vector<Value> varargs;
  for (std::size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < parameters.size()) {
      in.set(parameters[i].symbol, std::move(arguments.positional[i]));
      is_set[i] = true;
    } else if (definition_.uses_varargs) {
      varargs.push_back(std::move(arguments.positional[i]));
    } else {
      throw_type("macro '{}' takes not more than {} argument(s)", definition_.name, parameters.size());
    }
  }
  Value kwargs(make_dict(in.heap()));
  for (auto& [name, value] : arguments.keyword) {
    const auto found = std::find_if(parameters.begin(), parameters.end(),
                                    [&wanted = name](const auto& p) { return p.name == wanted; });
    const auto i = static_cast<std::size_t>(found - parameters.begin());
    if (found == parameters.end() && name == "caller" && definition_.uses_caller) {
      in.set(in.tree().caller, std::move(value));
    } else if (found == parameters.end()) {
      if (!definition_.uses_kwargs) throw_type("macro '{}' takes no keyword argument '{}'", definition_.name, name);
      kwargs.as_dict().set(name, std::move(value));
    } else if (is_set[i]) {
      throw_type("macro '{}' was given the argument '{}' twice", definition_.name, name);
    } else {
      in.set(found->symbol, std::move(value));
      is_set[i] = true;
    }
  }
  if (definition_.uses_varargs) in.set(in.tree().varargs, make_list(in.heap(), std::move(varargs), ListForm::tuple));
  if (definition_.uses_kwargs) in.set(in.tree().kwargs, std::move(kwargs));
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    if (is_set[i]) continue;
    // A default may use the parameters before it.
    in.set(parameters[i].symbol,
           parameters[i].absent != nullptr
               ? in.value_of(*parameters[i].absent)
               : Value::undefined(in.heap(), fmt::format("parameter '{}' was not provided", parameters[i].name)));
  }
}

Value Macro::call(Interpreter& in, Arguments& arguments) {
  const Interpreter::Inner inner(in, Ref<Scope>(new Scope(in.heap(), scope_)));
  if (definition_.uses_caller)
    in.set(in.tree().caller,
           Value::undefined(in.heap(), "no caller was given: the macro was not used by a call block"));
  bind(in, arguments);
  return in.capture(definition_.body);
}

}  // namespace quern::engine::chat::jinja
