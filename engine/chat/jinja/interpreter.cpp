#include "engine/chat/jinja/interpreter.hpp"

#include "engine/chat/jinja/operators.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

const Value* Scope::find(Symbol symbol) const noexcept {
  for (const Scope* scope = this; scope != nullptr; scope = scope->parent_.get())
    for (const auto& [known, value] : scope->variables_)
      if (known == symbol) return &value;
  return nullptr;
}

void Scope::set(Symbol symbol, Value value) {
  for (auto& [known, old] : variables_) {
    if (known != symbol) continue;
    old = std::move(value);
    return;
  }
  variables_.emplace_back(symbol, std::move(value));
  recharge(sizeof(*this) + variables_.capacity() * sizeof(variables_[0]));
}

void Scope::drop_references() noexcept {
  variables_.clear();
  parent_ = Ref<Scope>();
}

Interpreter::Interpreter(Heap& heap, const ProgramTree& tree, const Moment& now)
    : heap_(heap), tree_(tree), now_(now), scope_(new Scope(heap, Ref<Scope>())), root_(scope_) {}

// The line of what failed is the last one that was begun and not ended.
Value Interpreter::value_of(const Expression& expression) {
  const Depth depth(*this);
  heap_.step();
  const std::uint32_t outer = std::exchange(line_, expression.line);
  Value value = expression.evaluate(*this);
  line_ = outer;
  return value;
}

Flow Interpreter::run(const Body& body) {
  const Depth depth(*this);
  for (const auto& statement : body) {
    heap_.step();
    line_ = statement->line;
    if (const Flow flow = statement->run(*this); flow != Flow::next) return flow;
  }
  return Flow::next;
}

void Interpreter::assign(const Target& target, Value value) {
  if (!target.parts.empty()) {
    const std::vector<Value> values = iterate(heap_, value);
    if (values.size() != target.parts.size())
      throw_type("{} values for {} variables", values.size(), target.parts.size());
    for (std::size_t i = 0; i < values.size(); ++i) assign(target.parts[i], values[i]);
    return;
  }
  if (target.attribute.empty()) return set(target.symbol, std::move(value));
  const Value* const object = find(target.symbol);
  auto* const space =
      object != nullptr && object->is(Kind::object) ? dynamic_cast<Namespace*>(&object->as_object()) : nullptr;
  if (space == nullptr) throw_type("'{}' is no namespace: its attributes cannot be set", tree_.symbols[target.symbol]);
  space->set(target.attribute, std::move(value));
}

void Interpreter::Capture::append(std::string_view text) {
  Heap& heap = in_.heap_;
  if (text.size() > heap.limits().max_output_bytes - text_.size())
    throw_failure(FailureKind::limit, "the template writes more than {} bytes", heap.limits().max_output_bytes);
  heap.copy(text.size());
  heap.charge(text.size());
  text_ += text;
}

void Interpreter::write(std::string_view text) {
  output_->append(text);
}

Value Interpreter::capture(const Body& body) {
  Capture capture(*this);
  run(body);
  return Value::string(heap_, capture.take(), escapes_);
}

Value Interpreter::call(const Value& callee, Arguments& arguments) {
  require_defined(callee);
  if (!callee.is(Kind::object) || !callee.as_object().callable()) throw_type("{} cannot be called", described(callee));
  const Depth depth(*this);
  const Value keep = callee;  // the call may end the variable that held it
  return keep.as_object().call(*this, arguments);
}

Arguments Interpreter::evaluate(const ArgumentList& list, std::vector<Value>& keep) {
  Arguments out;
  out.positional.reserve(list.positional.size());
  for (const ExpressionPtr& expression : list.positional) out.positional.push_back(value_of(*expression));
  for (const auto& [name, expression] : list.keyword) out.keyword.emplace_back(name, value_of(*expression));
  if (list.star != nullptr)
    for (Value& item : iterate(heap_, value_of(*list.star))) out.positional.push_back(std::move(item));
  if (list.double_star == nullptr) return out;
  Value entries = value_of(*list.double_star);
  if (!entries.is(Kind::dict)) throw_type("the argument after ** must be a mapping, found {}", described(entries));
  for (const Dict::Entry& entry : entries.as_dict().entries()) {
    if (!entry.key.is(Kind::string)) throw_type("keywords must be strings");
    const auto same = [&entry](const auto& known) { return known.first == entry.key.text(); };
    heap_.step(out.keyword.size());
    if (std::any_of(out.keyword.begin(), out.keyword.end(), same))
      throw_type("the argument '{}' was given twice", entry.key.text());
    keep.push_back(entry.key);
    out.keyword.emplace_back(entry.key.text(), entry.value);
  }
  return out;
}

bool Interpreter::passes(std::string_view test, const Value& subject, Arguments& arguments) {
  const Named<TestFunction>* const row = find_test(test);
  if (row == nullptr) throw_type("no test named '{}'", test);
  heap_.step();
  return row->function(*this, subject, arguments);
}

}  // namespace quern::engine::chat::jinja
