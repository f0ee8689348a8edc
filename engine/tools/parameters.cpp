// <parameter=name>\nvalue\n</parameter>: arguments whose values are written as they are. A value is what its schema
// says: a text where that is all it may be; else JSON where it can be read as a kind that the schema allows, and a text
// where not. Texts are passed on while they come, other values at their end.
#include "engine/tools/arguments_reader.hpp"
#include "engine/tools/literal_copy.hpp"
#include "engine/tools/marks.hpp"
#include "engine/tools/section.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

Kinds kind_of_json(std::string_view json) {
  switch (json.front()) {
    case '"':
      return kString;
    case '{':
      return kObject;
    case '[':
      return kArray;
    case 't':
    case 'f':
      return kBoolean;
    case 'n':
      return kNull;
    default:
      return kNumber;
  }
}

// As Python writes it.
std::string_view python_word(std::string_view text) {
  if (text == "True") return "true";
  if (text == "False") return "false";
  return text == "None" ? "null" : text;
}

// A list or dict as Python's str() writes it.
bool from_python(std::string_view text, std::string& json) {
  if (!text.starts_with('[') && !text.starts_with('{')) return false;
  LiteralCopy copy;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Step step = copy.feed(text[i], json);
    if (step == Step::done) return i + 1 == text.size();
    if (step != Step::more) break;
  }
  return false;
}

class ParameterReader final : public ArgumentsReader {
 public:
  ParameterReader(const ToolFormat::Parameters& marks, const std::string& end, const ToolTable& tools)
      : tools_(tools),
        own_lines_(marks.own_lines()),
        python_words_(marks.python_words),
        python_values_(marks.python_values),
        typed_(!marks.key_end_literal.empty()),
        next_({marks.begin, end}),
        key_end_({marks.key_end, marks.key_end_literal}),
        value_end_({std::string(trimmed(marks.value_end))}) {}

  void begin_call(const std::string& name) override {
    signature_ = tools_.find(name);
    state_ = State::next;
    n_ = 0;
    next_.reset();
  }

  std::string firsts() const override { return next_.firsts(); }
  bool takes_end() const override { return true; }

  Step feed(char c, std::string& json) override {
    switch (state_) {
      case State::next:
        return next(c, json);
      case State::key:
        if (key_end_.firsts().find(c) == std::string::npos) {
          if (key_.size() >= kMaxNameBytes) return Step::refused;
          key_ += c;
          return Step::more;
        }
        key_end_.reset();
        state_ = State::key_end;
        [[fallthrough]];
      case State::key_end: {
        const Step step = key_end_.feed(c);
        if (step == Step::done) begin_value(json);
        return step == Step::refused ? step : Step::more;
      }
      case State::value:
        break;
    }
    value(c, json);
    return Step::more;
  }

 private:
  enum class State : std::uint8_t { next, key, key_end, value };

  Step next(char c, std::string& json) {
    const Step step = next_.feed(c);
    if (step != Step::done) return step;
    if (n_ == 0) json += '{';
    if (next_.index() == 1) {
      json += '}';
      return Step::done;
    }
    key_.clear();
    state_ = State::key;
    return Step::more;
  }

  void begin_value(std::string& json) {
    if (n_++ > 0) json += ", ";
    const std::string_view key = trimmed(key_);
    append_key(json, key);
    kinds_ = signature_ != nullptr ? signature_->kinds(std::string(key)) : kAnyKind;
    if (typed_) kinds_ = key_end_.index() == 0 ? kString : (kinds_ == kString ? kAnyKind : kinds_);
    is_text_ = kinds_ == kString;
    if (is_text_) json += '"';
    value_.clear();
    at_start_ = true;
    line_held_ = false;
    value_end_.reset();
    state_ = State::value;
  }

  static void append_key(std::string& json, std::string_view key) { json += json_string(key) + ": "; }

  void value(char c, std::string& json) {
    std::string certain;
    const bool ends = value_end_.feed(c, certain).has_value();
    for (const char each : certain) {
      if (std::exchange(at_start_, false) && own_lines_ && each == '\n') continue;
      if (std::exchange(line_held_, false)) put('\n', json);
      if (own_lines_ && each == '\n')
        line_held_ = true;
      else
        put(each, json);
    }
    if (!ends) return;
    if (is_text_)
      json += '"';
    else
      json += literal();
    next_.reset();
    state_ = State::next;
  }

  void put(char c, std::string& json) {
    if (is_text_)
      append_json_string(json, std::string_view(&c, 1));
    else
      value_ += c;
  }

  std::string literal() const {
    std::string_view text = trimmed(value_);
    if (python_words_ || kinds_ != kAnyKind) {
      const std::string_view word = python_word(text);
      if (word != text && (kinds_ & kind_of_json(word)) != 0) text = word;
    }
    std::string converted;
    if (python_values_ && !is_json(text) && from_python(text, converted)) text = converted;
    const bool fits = is_json(text) && (kinds_ & kind_of_json(text)) != 0 &&
                      (kind_of_json(text) != kString || kinds_ == kAnyKind || (kinds_ & kString) == 0);
    if (!fits) return json_string(value_);
    JsonCopy copy;
    std::string out;
    for (const char c : text) copy.feed(c, out);
    return out;
  }

  const ToolTable& tools_;
  const bool own_lines_, python_words_, python_values_, typed_;
  Literal next_, key_end_;
  Finder value_end_;
  const ToolTable::Signature* signature_ = nullptr;
  State state_ = State::next;
  std::size_t n_ = 0;
  std::string key_, value_;
  Kinds kinds_ = kAnyKind;
  bool is_text_ = false, at_start_ = false, line_held_ = false;
};

}  // namespace

std::unique_ptr<ArgumentsReader> make_parameters(const ToolFormat::Parameters& marks, const std::string& end,
                                                 const ToolTable& tools) {
  return std::make_unique<ParameterReader>(marks, end, tools);
}

}  // namespace quern::engine::tools
