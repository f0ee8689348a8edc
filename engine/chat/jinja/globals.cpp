// Functions that templates call by name. raise_exception and strftime_now are what Hugging Face adds to Jinja's own.
#include "engine/chat/jinja/interpreter.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::int64_t kMaxRange = 100'000;  // as Jinja's sandbox

Value range(Interpreter& in, Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"}, 1);
  const bool only_stop = !bound.has(1);
  const std::int64_t start = only_stop ? 0 : bound.integer(0, 0);
  const std::int64_t stop = only_stop ? bound.integer(0, 0) : bound.integer(1, 0);
  const std::int64_t step = bound.integer(2, 1);
  if (step == 0) throw_type("range() arg 3 must not be zero");
  std::vector<Value> items;
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (items.size() >= static_cast<std::size_t>(kMaxRange))
      throw_failure(FailureKind::limit, "range() of more than {} integers", kMaxRange);
    items.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return make_list(in.heap(), std::move(items), ListForm::range);
}

// The entries of dict(...) and namespace(...): another dict's or a list of pairs, then keywords.
Value entries(Interpreter& in, std::string_view function, const Arguments& arguments) {
  Value out(make_dict(in.heap()));
  if (arguments.positional.size() > 1) throw_type("{}() takes at most one positional argument", function);
  if (!arguments.positional.empty()) {
    const Value& from = arguments.positional[0];
    require_defined(from);
    if (from.is(Kind::dict)) {
      for (const Dict::Entry& entry : from.as_dict().entries()) out.as_dict().set(entry.key, entry.value);
    } else {
      for (const Value& item : iterate(in.heap(), from)) {
        std::vector<Value> pair = iterate(in.heap(), item);
        if (pair.size() != 2) throw_type("{}() needs pairs of a key and a value", function);
        out.as_dict().set(std::move(pair[0]), std::move(pair[1]));
      }
    }
  }
  for (const auto& [name, value] : arguments.keyword) out.as_dict().set(name, value);
  return out;
}

Value dict(Interpreter& in, Arguments& arguments) {
  return entries(in, "dict", arguments);
}

Value make_namespace(Interpreter& in, Arguments& arguments) {
  const Value attributes = entries(in, "namespace", arguments);
  Namespace& out = *new Namespace(in.heap());
  Value value(out);
  for (const Dict::Entry& entry : attributes.as_dict().entries())
    if (entry.key.is(Kind::string)) out.set(entry.key.text(), entry.value);
  return value;
}

Value raise_exception(Interpreter& in, Arguments& arguments) {
  const Bound bound("raise_exception", arguments, {"message"}, 1);
  throw FailureException(FailureKind::raised, to_text(in.heap(), bound[0]));
}

Value strftime_now(Interpreter& in, Arguments& arguments) {
  const Bound bound("strftime_now", arguments, {"format"}, 1);
  const std::string format(bound.string(0).value_or(""));
  if (format.size() > 256)
    throw_type("strftime_now(): the format has {} bytes, at most 256 are allowed", format.size());
  char text[8192];  // %c and its like are shorter than 32 times their format
  const std::size_t size = std::strftime(text, sizeof(text), format.c_str(), &in.now());
  return Value::string(in.heap(), std::string(text, size));
}

// joiner(", "): empty at the first call, then the separator.
class Joiner final : public Object {
 public:
  Joiner(Heap& heap, Value separator) : Object(heap, sizeof(*this)), separator_(std::move(separator)) {}
  std::string_view type() const noexcept override { return "Joiner"; }
  std::string describe() const override { return "<Joiner>"; }
  bool callable() const noexcept override { return true; }
  Value call(Interpreter& in, Arguments& arguments) override {
    const Bound bound("joiner", arguments, {}, 0);
    return std::exchange(used_, true) ? separator_ : Value::string(in.heap(), "");
  }

 private:
  void drop_references() noexcept override { separator_ = Value(); }
  Value separator_;
  bool used_ = false;
};

Value joiner(Interpreter& in, Arguments& arguments) {
  const Bound bound("joiner", arguments, {"sep"}, 0);
  return Value(*new Joiner(in.heap(), bound.has(0) ? bound[0] : Value::string(in.heap(), ", ")));
}

class Cycler final : public Object {
 public:
  Cycler(Heap& heap, std::vector<Value> items)
      : Object(heap, sizeof(*this) + items.size() * sizeof(Value)), items_(std::move(items)) {}
  std::string_view type() const noexcept override { return "Cycler"; }
  std::string describe() const override { return "<Cycler>"; }
  std::optional<Value> attribute(Interpreter& in, std::string_view name) override;
  Value next() {
    const Value item = items_[at_];
    at_ = (at_ + 1) % items_.size();
    return item;
  }
  Value reset() {
    at_ = 0;
    return Value::none();
  }

 private:
  void drop_references() noexcept override { items_.clear(); }
  std::vector<Value> items_;
  std::size_t at_ = 0;
};

Value cycler_next(Interpreter&, const Value& self, Arguments&) {
  return static_cast<Cycler&>(self.as_object()).next();
}
Value cycler_reset(Interpreter&, const Value& self, Arguments&) {
  return static_cast<Cycler&>(self.as_object()).reset();
}
constexpr Named<MethodFunction> kNext{"next", &cycler_next}, kReset{"reset", &cycler_reset};

std::optional<Value> Cycler::attribute(Interpreter& in, std::string_view name) {
  if (name == "current") return items_[at_];
  if (name == "next") return Value(*new BoundMethod(in.heap(), kNext, Value(*this)));
  if (name == "reset") return Value(*new BoundMethod(in.heap(), kReset, Value(*this)));
  return std::nullopt;
}

Value cycler(Interpreter& in, Arguments& arguments) {
  if (arguments.positional.empty()) throw_type("cycler() needs at least one item");
  return Value(*new Cycler(in.heap(), std::move(arguments.positional)));
}

constexpr Named<GlobalFunction> kGlobals[] = {
    {"range", &range},   {"dict", &dict},     {"namespace", &make_namespace},  {"raise_exception", &raise_exception},
    {"joiner", &joiner}, {"cycler", &cycler}, {"strftime_now", &strftime_now},
};

}  // namespace

const Named<GlobalFunction>* find_global(std::string_view name) noexcept {
  const auto row =
      std::find_if(std::begin(kGlobals), std::end(kGlobals), [name](const auto& r) { return r.name == name; });
  return row == std::end(kGlobals) ? nullptr : row;
}

}  // namespace quern::engine::chat::jinja
