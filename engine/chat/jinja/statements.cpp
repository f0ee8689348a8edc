// What each kind of statement does; loops are in loop.cpp, macros in macro.cpp.
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/text.hpp"

namespace quern::engine::chat::jinja {

namespace {

// The captured text through a filter block's chain.
Value through(Interpreter& in, const Expression* filters, Value text) {
  if (filters == nullptr) return text;
  const Value outer = std::exchange(in.filtered, std::move(text));
  Value out = in.value_of(*filters);
  in.filtered = outer;
  return out;
}

}  // namespace

Flow Text::run(Interpreter& in) const {
  in.write(text);
  return Flow::next;
}

Flow Output::run(Interpreter& in) const {
  const Value value = in.value_of(*expression);
  if (in.escapes() && !(value.is(Kind::string) && value.as_string().safe()))
    in.write(escape_html(to_text(in.heap(), value)));
  else if (value.is(Kind::string))
    in.write(value.text());
  else
    in.write(to_text(in.heap(), value));
  return Flow::next;
}

Flow If::run(Interpreter& in) const {
  for (const auto& [condition, then] : branches)
    if (truthy(in.value_of(*condition))) return in.run(then);
  return in.run(otherwise);
}

Flow Set::run(Interpreter& in) const {
  in.assign(target, in.value_of(*value));
  return Flow::next;
}

Flow SetBlock::run(Interpreter& in) const {
  Value text;
  {
    const Interpreter::Inner inner(in);
    text = through(in, filters.get(), in.capture(body));
  }
  in.assign(target, std::move(text));
  return Flow::next;
}

Flow FilterBlock::run(Interpreter& in) const {
  const Interpreter::Inner inner(in);
  in.write(to_text(in.heap(), through(in, filters.get(), in.capture(body))));
  return Flow::next;
}

Flow With::run(Interpreter& in) const {
  std::vector<Value> evaluated;
  for (const auto& [target, expression] : values) evaluated.push_back(in.value_of(*expression));
  const Interpreter::Inner inner(in);
  for (std::size_t i = 0; i < values.size(); ++i) in.assign(values[i].first, std::move(evaluated[i]));
  return in.run(body);
}

Flow Group::run(Interpreter& in) const {
  return in.run(body);
}

Flow Do::run(Interpreter& in) const {
  in.value_of(*expression);
  return Flow::next;
}

Flow Leave::run(Interpreter&) const {
  return flow;
}

}  // namespace quern::engine::chat::jinja
