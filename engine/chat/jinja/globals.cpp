// Functions that templates call by name. raise_exception and strftime_now are what Hugging Face adds to Jinja's own.
#include "engine/chat/jinja/interpreter.hpp"

#include <algorithm>
#include <iterator>

namespace quern::engine::chat::jinja {

namespace {

constexpr std::int64_t kMaxRange = 100'000;  // as Jinja's sandbox

Value range(Interpreter& in, Arguments& arguments) {
  const Bound bound("range", arguments, {"start", "stop", "step"}, 1);
  const bool only_stop = !bound.has(1);
  const std::int64_t start = only_stop ? 0 : bound.integer(0, 0);
  const std::int64_t stop = only_stop ? bound.integer(0, 0) : bound.integer(1, 0);
  const std::int64_t step = bound.integer(2, 1);
  if (step == 0) throw_type("range(): the step is zero");
  std::vector<Value> items;
  for (std::int64_t i = start; step > 0 ? i < stop : i > stop;) {
    if (items.size() >= static_cast<std::size_t>(kMaxRange))
      throw_failure(FailureKind::limit, "range() of more than {} integers", kMaxRange);
    items.push_back(Value::integer(i));
    if (__builtin_add_overflow(i, step, &i)) break;
  }
  return Value(*new List(in.heap(), std::move(items), Bounds{start, stop, step}));
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
  return Value::string(in.heap(), format_time(in.now(), bound.string(0).value_or("")));
}

// joiner(", "): empty at the first call, then the separator.
class Joiner final : public Object {
 public:
  Joiner(Heap& heap, Value separator) : Object(heap, sizeof(*this)), separator_(std::move(separator)) {}
  std::string_view type() const noexcept override { return "a joiner"; }
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
  std::string_view type() const noexcept override { return "a cycler"; }
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

// Filler text: paragraphs of sentences. The same request must give the same prompt, so nothing in it is random.
Value lipsum(Interpreter& in, Arguments& arguments) {
  const Bound bound("lipsum", arguments, {"n", "html", "min", "max"}, 0);
  static constexpr std::string_view kWords[] = {
      "lorem",  "ipsum", "dolor",  "sit", "amet",   "consectetur", "adipiscing", "elit", "sed",   "do",     "eiusmod",
      "tempor", "ut",    "labore", "et",  "dolore", "magna",       "aliqua",     "enim", "minim", "veniam", "quis"};
  const std::int64_t n = std::clamp<std::int64_t>(bound.integer(0, 5), 0, 1000);
  const std::int64_t least = std::clamp<std::int64_t>(bound.integer(2, 20), 1, 10'000);
  const std::int64_t most = std::clamp<std::int64_t>(bound.integer(3, 100), least + 1, 10'001);
  const bool html = bound.boolean(1, true);
  std::string out;
  std::uint64_t state = 1;
  const auto next = [&state](std::uint64_t below) {
    state = state * 6364136223846793005u + 1442695040888963407u;  // Knuth, MMIX
    return (state >> 33) % below;
  };
  for (std::int64_t i = 0; i < n; ++i) {
    if (i > 0) out += html ? "\n" : "\n\n";
    out += html ? "<p>" : "";
    const auto size = least + static_cast<std::int64_t>(next(static_cast<std::uint64_t>(most - least)));
    bool begins = true;
    for (std::int64_t word = 0; word < size; ++word) {
      in.heap().step();
      std::string text(kWords[next(std::size(kWords))]);
      if (begins) text[0] = static_cast<char>(text[0] - 'a' + 'A');
      const std::uint64_t chance = next(12);
      begins = chance == 0;
      out += (word > 0 ? " " : "") + text + (word + 1 == size || begins ? "." : chance == 1 ? "," : "");
    }
    out += html ? "</p>" : "";
  }
  return Value::string(in.heap(), std::move(out), html);
}

constexpr Named<GlobalFunction> kGlobals[] = {
    {"range", &range},
    {"dict", &dict},
    {"namespace", &make_namespace},
    {"raise_exception", &raise_exception},
    {"lipsum", &lipsum},
    {"joiner", &joiner},
    {"cycler", &cycler},
    {"strftime_now", &strftime_now},
};

}  // namespace

const Named<GlobalFunction>* find_global(std::string_view name) noexcept {
  const auto row =
      std::find_if(std::begin(kGlobals), std::end(kGlobals), [name](const auto& r) { return r.name == name; });
  return row == std::end(kGlobals) ? nullptr : row;
}

}  // namespace quern::engine::chat::jinja
