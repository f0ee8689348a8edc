// {% for %} and its `loop` variable.
#include "engine/chat/jinja/interpreter.hpp"
#include "engine/chat/jinja/operators.hpp"

#include <memory>

namespace quern::engine::chat::jinja {

namespace {

class Loop final : public Object {
 public:
  Loop(Heap& heap, const For& statement, std::vector<Value> items, std::int64_t depth)
      : Object(heap, sizeof(*this) + items.capacity() * sizeof(Value)),
        index(0),
        statement_(statement),
        items_(std::move(items)),
        depth_(depth) {}

  std::string_view type() const noexcept override { return "the loop"; }
  std::string describe() const override { return fmt::format("<LoopContext {}/{}>", index + 1, items_.size()); }
  bool callable() const noexcept override { return statement_.recursive; }
  std::optional<Value> attribute(Interpreter& in, std::string_view name) override;
  Value call(Interpreter& in, Arguments& arguments) override;
  Value cycle(const Arguments& arguments) const;
  bool changed(Heap& heap, Arguments& arguments);
  const std::vector<Value>& items() const noexcept { return items_; }

  std::size_t index;

 private:
  void drop_references() noexcept override {
    items_.clear();
    last_.clear();
  }
  const For& statement_;
  std::vector<Value> items_;
  std::vector<Value> last_;  // of changed()
  bool has_last_ = false;
  const std::int64_t depth_;
};

Value loop_cycle(Interpreter&, const Value& self, Arguments& arguments) {
  return static_cast<const Loop&>(self.as_object()).cycle(arguments);
}
Value loop_changed(Interpreter& in, const Value& self, Arguments& arguments) {
  return Value::boolean(static_cast<Loop&>(self.as_object()).changed(in.heap(), arguments));
}
constexpr Named<MethodFunction> kCycle{"cycle", &loop_cycle}, kChanged{"changed", &loop_changed};

Value Loop::cycle(const Arguments& arguments) const {
  if (arguments.positional.empty()) throw_type("cycle() needs at least one item");
  return arguments.positional[index % arguments.positional.size()];
}

bool Loop::changed(Heap& heap, Arguments& arguments) {
  bool same = has_last_ && last_.size() == arguments.positional.size();
  for (std::size_t i = 0; same && i < last_.size(); ++i) same = equal(heap, last_[i], arguments.positional[i]);
  last_ = std::move(arguments.positional);
  has_last_ = true;
  return !same;
}

std::optional<Value> Loop::attribute(Interpreter& in, std::string_view name) {
  const auto n = static_cast<std::int64_t>(items_.size());
  const auto i = static_cast<std::int64_t>(index);
  if (name == "index") return Value::integer(i + 1);
  if (name == "index0") return Value::integer(i);
  if (name == "first") return Value::boolean(i == 0);
  if (name == "last") return Value::boolean(i + 1 == n);
  if (name == "length") return Value::integer(n);
  if (name == "revindex") return Value::integer(n - i);
  if (name == "revindex0") return Value::integer(n - i - 1);
  if (name == "depth") return Value::integer(depth_ + 1);
  if (name == "depth0") return Value::integer(depth_);
  if (name == "previtem") return i > 0 ? items_[index - 1] : Value::undefined(in.heap(), "there is no previous item");
  if (name == "nextitem") return i + 1 < n ? items_[index + 1] : Value::undefined(in.heap(), "there is no next item");
  if (name == "cycle") return Value(*new BoundMethod(in.heap(), kCycle, Value(*this)));
  if (name == "changed") return Value(*new BoundMethod(in.heap(), kChanged, Value(*this)));
  return std::nullopt;
}

Value Loop::call(Interpreter& in, Arguments& arguments) {
  const Bound bound("loop", arguments, {"iterable"}, 1);
  const Value items = bound[0];
  Interpreter::Capture capture(in);
  statement_.run_over(in, items, depth_ + 1);
  return Value::string(in.heap(), capture.take());
}

// The items that the loop's own `if` lets through.
std::vector<Value> filtered(Interpreter& in, const For& loop, std::vector<Value> items) {
  if (loop.filter == nullptr) return items;
  std::vector<Value> out;
  const Interpreter::Inner inner(in);
  for (Value& item : items) {
    in.assign(loop.target, item);
    if (truthy(in.value_of(*loop.filter))) out.push_back(std::move(item));
  }
  return out;
}

}  // namespace

Flow For::run(Interpreter& in) const {
  const Value items = in.value_of(*iterable);
  run_over(in, items, 0);
  return Flow::next;
}

void For::run_over(Interpreter& in, const Value& all, std::int64_t depth) const {
  const Interpreter::Depth guard(in);
  std::vector<Value> items = filtered(in, *this, iterate(in.heap(), all));
  if (items.empty()) {
    const Interpreter::Inner inner(in);
    in.run(otherwise);
    return;
  }
  Loop& loop = *new Loop(in.heap(), *this, std::move(items), depth);
  const Value keep(loop);
  Ref<Scope> scope;
  const Ref<Scope> outer = in.scope();
  for (loop.index = 0; loop.index < loop.items().size(); ++loop.index) {
    // A scope that a macro has kept is not used again.
    if (!scope || scope->is_shared())
      scope = Ref<Scope>(new Scope(in.heap(), outer));
    else
      scope->clear();
    const Interpreter::Inner inner(in, scope);
    in.set(in.tree().loop, keep);
    in.assign(target, loop.items()[loop.index]);
    if (in.run(body) == Flow::breaks) break;
  }
}

}  // namespace quern::engine::chat::jinja
