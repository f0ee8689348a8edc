// {"name": "f", "arguments": {...}}: one, several, or a list of them, with the members in any order.
#include "engine/tools/arguments.hpp"
#include "engine/tools/marks.hpp"
#include "engine/tools/section.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

class JsonSection final : public Section {
 public:
  // opening: what is left of the mark before the JSON.
  JsonSection(const ToolFormat& format, const ToolTable& tools, std::string_view opening, bool bare, bool in_array)
      : tools_(tools),
        open_({std::string(opening)}),
        close_({format.json_close}),
        has_close_(!trimmed(format.json_close).empty()),
        bare_(bare),
        name_is_key_(format.name_is_key),
        state_(trimmed(opening).empty() ? State::between : State::open),
        in_array_(in_array) {}

  Step feed(char c, EventList& out) override {
    switch (state_) {
      case State::open: {
        const Step step = open_.feed(c);
        if (step == Step::done) state_ = State::between;
        return step == Step::refused ? step : Step::more;
      }
      case State::between:
        return between(c);
      case State::key:
      case State::name:
      case State::id:
        return text(c, out);
      case State::arguments:
        return arguments(c, out);
      case State::other:
        return other(c, out);
      default:
        return structure(c, out);
    }
  }

  bool settled() const override { return n_calls_ > 0 && state_ == State::between && !after_comma_; }

 private:
  enum class State : std::uint8_t {
    open,
    between,
    key_or_end,
    next_key,
    key,
    colon,
    value,
    name,
    id,
    arguments,
    other,
    after
  };

  Step between(char c) {
    if (close_.started()) {
      const Step step = close_.feed(c);
      return step == Step::done && n_calls_ == 0 ? Step::refused : step;
    }
    if (is_blank(c)) return Step::more;
    if (c == '{' && (!in_array_ || after_comma_ || n_items_ == 0)) return begin_object();
    if (c == '[' && !in_array_ && n_items_ == 0 && !bare_) return in_array_ = true, Step::more;
    if ((c == ',' && in_array_ && n_items_ > 0 && !after_comma_) || (c == ';' && bare_ && n_items_ > 0))
      return after_comma_ = true, Step::more;
    if (c == ']' && in_array_ && !after_comma_) {
      in_array_ = false;
      return has_close_ ? Step::more : n_calls_ > 0 ? Step::done : Step::refused;
    }
    if (!has_close_ || in_array_ || after_comma_ || n_items_ == 0) return Step::refused;
    return close_.feed(c);
  }

  Step begin_object() {
    ++n_items_;
    after_comma_ = begun_ = has_name_ = nested_ = seen_arguments_ = false;
    name_.clear();
    id_.clear();
    json_.clear();
    state_ = State::key_or_end;
    return Step::more;
  }

  // A text that is read to its end: a key, the name, the id.
  Step text(char c, EventList& out) {
    std::string& target = state_ == State::key ? key_ : state_ == State::name ? name_ : id_;
    const Step step = decoder_.feed(c, target);
    if (step == Step::refused || target.size() > kMaxNameBytes) return Step::refused;
    if (step == Step::more) return step;
    if (state_ == State::name) {
      has_name_ = true;
      if (!name_allowed()) return Step::refused;
      if (!json_.empty()) begin(out);
    }
    state_ = state_ == State::key ? State::colon : State::after;
    return Step::more;
  }

  bool name_allowed() const { return !name_.empty() && (!bare_ || tools_.find(name_) != nullptr); }

  void begin(EventList& out) {
    if (!begun_) out.begin_call(std::move(id_), name_);
    begun_ = true;
    out.arguments(std::exchange(json_, {}));
  }

  Step arguments(char c, EventList& out) {
    const Step step = arguments_.feed(c, json_);
    if (step == Step::refused) return step;
    if (has_name_ && !json_.empty()) begin(out);
    if (step == Step::done) state_ = State::after;
    return Step::more;
  }

  Step other(char c, EventList& out) {
    std::string ignored;
    const Step step = skip_.feed(c, ignored);
    if (step == Step::refused) return step;
    if (step != Step::more) state_ = State::after;
    return step == Step::done_before ? structure(c, out) : Step::more;
  }

  Step structure(char c, EventList& out) {
    if (is_blank(c)) return Step::more;
    switch (state_) {
      case State::key_or_end:
      case State::next_key:
        if (c == '}' && state_ == State::key_or_end) return end_object(out);
        if (c != '"') return Step::refused;
        key_.clear();
        decoder_ = {};
        state_ = State::key;
        return Step::more;
      case State::colon:
        if (c != ':') return Step::refused;
        state_ = State::value;
        return Step::more;
      case State::value:
        return begin_value(c, out);
      default:
        if (c == ',') return state_ = State::next_key, Step::more;
        return c == '}' ? end_object(out) : Step::refused;
    }
  }

  Step begin_value(char c, EventList& out) {
    const bool is_text = c == '"';
    if (name_is_key_ && !nested_) {
      if (has_name_) return Step::refused;
      name_ = key_;
      has_name_ = true;
      return name_allowed() ? begin_arguments(c, out) : Step::refused;
    }
    if (is_text && !has_name_ && (key_ == "name" || key_ == "tool_name" || key_ == "function"))
      return begin_text(State::name);
    if (!seen_arguments_ && (key_ == "arguments" || key_ == "parameters")) return begin_arguments(c, out);
    if (c == '{' && key_ == "function" && !nested_ && !has_name_) {
      nested_ = true;
      state_ = State::key_or_end;
      return Step::more;
    }
    if (is_text && id_.empty() && !begun_ && key_ == "id") return begin_text(State::id);
    if (bare_ && key_ != "type") return Step::refused;
    skip_ = {};
    state_ = State::other;
    return other(c, out);
  }

  Step begin_text(State state) {
    decoder_ = {};
    state_ = state;
    return Step::more;
  }

  Step begin_arguments(char c, EventList& out) {
    seen_arguments_ = true;
    arguments_ = {};
    state_ = State::arguments;
    return arguments(c, out);
  }

  Step end_object(EventList& out) {
    if (nested_) {
      nested_ = false;
      state_ = State::after;
      return Step::more;
    }
    if (!has_name_ || (bare_ && !seen_arguments_)) return Step::refused;
    if (!seen_arguments_) json_ = "{}";
    begin(out);
    out.end_call();
    ++n_calls_;
    state_ = State::between;
    close_.reset();
    return Step::more;  // another one may follow, in a list or not
  }

  const ToolTable& tools_;
  Literal open_, close_;
  const bool has_close_, bare_, name_is_key_;
  State state_;
  bool in_array_, after_comma_ = false;
  std::size_t n_items_ = 0, n_calls_ = 0;

  // Of the object that is being read.
  StringDecoder decoder_;
  ArgumentsCopy arguments_;
  JsonCopy skip_;
  std::string key_, name_, id_, json_;  // json_: arguments that came before the name
  bool begun_ = false, has_name_ = false, nested_ = false, seen_arguments_ = false;
};

}  // namespace

std::unique_ptr<Section> make_json_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun) {
  std::string opening = begun ? with_single_blanks(format.json_open) : std::string();
  const bool in_array = begun && begun->part == ToolFormat::Trigger::Part::list;
  if (!opening.empty()) opening.erase(0, std::min(opening.size(), with_single_blanks(begun->text).size()));
  return std::make_unique<JsonSection>(format, tools, opening, !begun, in_array);
}

}  // namespace quern::engine::tools
