// [f(a=1, b="x"), g()]: calls as Python writes them, in a list or one per line, between marks or bare. Values without a
// name are parameters in the order of the tool's schema.
#include "engine/tools/literal_copy.hpp"
#include "engine/tools/marks.hpp"
#include "engine/tools/section.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

bool is_name_start(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_name_byte(char c) noexcept {
  return is_name_start(c) || (c >= '0' && c <= '9') || c == '.' || c == '-';
}

class PythonicSection final : public Section {
 public:
  PythonicSection(const ToolFormat& format, const ToolTable& tools, bool bare)
      : tools_(tools),
        bare_(bare),
        has_list_(format.array),
        close_({std::string(trimmed(format.section_end)).substr(format.array && format.section_end.starts_with(']'))}),
        has_close_(!bare && trimmed(format.section_end) != (format.array ? "]" : "")) {}

  Step feed(char c, EventList& out) override {
    switch (state_) {
      case State::open:
      case State::between:
        return between(c);
      case State::name:
        return name(c);
      case State::argument:
        return argument(c, out);
      case State::word:
        return word(c, out);
      case State::equals:
        if (is_blank(c)) return Step::more;
        if (c != '=') return Step::refused;
        return begin_argument(out);
      case State::value:
        return value(c, out);
      case State::after_value:
        return after_value(c, out);
    }
    return Step::refused;
  }

  bool settled() const override { return state_ == State::between && n_calls_ > 0 && !after_comma_; }

 private:
  enum class State : std::uint8_t { open, between, name, argument, word, equals, value, after_value };

  Step between(char c) {
    if (close_.started()) {
      const Step step = close_.feed(c);
      return step == Step::done && n_calls_ == 0 ? Step::refused : step;
    }
    if (is_blank(c)) return Step::more;
    if (c == '[' && state_ == State::open && !in_list_) return in_list_ = true, Step::more;
    if (bare_ && !in_list_) return Step::refused;
    if (c == ',' && n_calls_ > 0 && !after_comma_ && in_list_) return after_comma_ = true, Step::more;
    if (c == ']' && in_list_ && !after_comma_) {
      in_list_ = false;
      state_ = State::between;
      return has_close_ ? Step::more : n_calls_ > 0 ? Step::done : Step::refused;
    }
    const bool may_call = n_calls_ == 0 || after_comma_ || (!in_list_ && !has_list_);
    if (is_name_start(c) && may_call) {
      name_ = c;
      after_comma_ = false;
      state_ = State::name;
      return Step::more;
    }
    return has_close_ && !in_list_ ? close_.feed(c) : Step::refused;
  }

  Step name(char c) {
    if (is_name_byte(c) && !blank_in_name_) {
      if (name_.size() >= kMaxNameBytes) return Step::refused;
      name_ += c;
      return Step::more;
    }
    if (is_blank(c) && c != '\n') return blank_in_name_ = true, Step::more;
    blank_in_name_ = false;
    if (c != '(') return Step::refused;
    signature_ = tools_.find(name_);
    if (bare_ && signature_ == nullptr) return Step::refused;
    n_arguments_ = 0;
    state_ = State::argument;
    return Step::more;
  }

  // The beginning of an argument, or the end of the call.
  Step argument(char c, EventList& out) {
    if (is_blank(c)) return Step::more;
    if (c == ')') return end_call(out);
    if (is_name_start(c)) {
      key_ = c;
      state_ = State::word;
      return Step::more;
    }
    return begin_positional(out) ? value(c, out) : Step::refused;
  }

  // A parameter's name, or one of Python's words without one.
  Step word(char c, EventList& out) {
    if (is_name_byte(c)) {
      if (key_.size() >= kMaxNameBytes) return Step::refused;
      key_ += c;
      return Step::more;
    }
    if (c == '=') return begin_argument(out);
    if (is_blank(c)) return state_ = State::equals, Step::more;
    const std::string read = key_;
    if (!begin_positional(out)) return Step::refused;
    for (const char each : read) {
      if (value(each, out) == Step::refused) return Step::refused;
    }
    return value(c, out);
  }

  Step begin_argument(EventList& out) {
    if (n_arguments_++ == 0) begin(out);
    out.arguments((n_arguments_ > 1 ? ", " : "") + json_string(key_) + ": ");
    copy_.reset();
    state_ = State::value;
    return Step::more;
  }

  bool begin_positional(EventList& out) {
    if (signature_ == nullptr || n_arguments_ >= signature_->parameters.size()) return false;
    key_ = signature_->parameters[n_arguments_];
    begin_argument(out);
    return true;
  }

  void begin(EventList& out) {
    out.begin_call({}, name_);
    out.arguments("{");
  }

  Step value(char c, EventList& out) {
    std::string json;
    const Step step = copy_.feed(c, json);
    if (step == Step::refused) return step;
    out.arguments(json);
    if (step == Step::more) return step;
    state_ = State::after_value;
    return step == Step::done ? Step::more : after_value(c, out);
  }

  Step after_value(char c, EventList& out) {
    if (is_blank(c)) return Step::more;
    if (c == ',') return state_ = State::argument, Step::more;
    return c == ')' ? end_call(out) : Step::refused;
  }

  Step end_call(EventList& out) {
    if (n_arguments_ == 0) begin(out);
    out.arguments("}");
    out.end_call();
    ++n_calls_;
    state_ = State::between;
    close_.reset();
    return in_list_ || has_close_ ? Step::more : Step::done;
  }

  const ToolTable& tools_;
  const bool bare_, has_list_;
  Literal close_;
  const bool has_close_;
  State state_ = State::open;
  bool in_list_ = false, after_comma_ = false, blank_in_name_ = false;
  std::size_t n_calls_ = 0, n_arguments_ = 0;
  std::string name_, key_;
  const ToolTable::Signature* signature_ = nullptr;
  LiteralCopy copy_;
};

}  // namespace

std::unique_ptr<Section> make_pythonic_section(const ToolFormat& format, const ToolTable& tools, const Begun& begun) {
  return std::make_unique<PythonicSection>(format, tools, !begun);
}

}  // namespace quern::engine::tools
