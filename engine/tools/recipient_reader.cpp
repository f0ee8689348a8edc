// Parts of an answer that each begin with who they are for, the first without the mark: all\ntext>>>f\n{"a": 1}.
// Source: meetkai/functionary, the prompt format v3.llama3 (version 3.2).
#include "engine/tools/answer_parser.hpp"
#include "engine/tools/arguments.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

class RecipientReader final : public AnswerReader {
 public:
  explicit RecipientReader(const AnswerFormat& format) : next_({format.calls->call.front().text}) {}

  void feed(char c, EventList& out) override {
    switch (state_) {
      case State::name:
        return name(c, out);
      case State::text: {
        std::string before;
        const bool ends = next_.feed(c, before).has_value();
        say(before, out);
        if (ends) begin_part();
        return;
      }
      case State::arguments:
        return arguments(c, out);
    }
  }

  void finish(EventList& out) override {
    if (state_ == State::text)
      say(next_.take_rest(), out);
    else
      give_back(out);
    out.text(blanks_);
  }
  bool thinking() const override { return false; }

 private:
  enum class State : std::uint8_t { name, text, arguments };

  void begin_part() {
    state_ = State::name;
    source_.clear();
    name_.clear();
    blanks_.clear();
  }

  void name(char c, EventList& out) {
    source_ += c;
    if (c == '\n') {
      if (name_ == "all") return source_.clear(), state_ = State::text, void();
      if (name_.empty()) return give_back(out);
      arguments_ = {};
      state_ = State::arguments;
    } else if (is_blank(c) || name_.size() >= kMaxNameBytes) {
      give_back(out);
    } else {
      name_ += c;
    }
  }

  void arguments(char c, EventList& out) {
    source_ += c;
    std::string json;
    const Step step = arguments_.feed(c, json);
    if (step == Step::refused) return give_back(out);
    if (!json.empty()) {
      if (!out.call_open()) out.begin_call({}, name_);
      out.arguments(json);
    }
    if (step != Step::done) return;
    out.end_call();
    source_.clear();
    after_call_ = true;
    state_ = State::text;
  }

  void give_back(EventList& out) {
    state_ = State::text;
    const std::string source = std::exchange(source_, {});
    if (out.call_open())
      out.break_call(source);
    else
      for (const char c : source) {
        std::string before;
        next_.feed(c, before);
        say(before, out);
      }
  }

  void say(std::string_view text, EventList& out) {
    for (const char c : text) {
      if (is_blank(c)) {
        if (!after_call_) blanks_ += c;
        continue;
      }
      after_call_ = false;
      out.text(std::exchange(blanks_, {}) + c);
    }
  }

  Finder next_;
  State state_ = State::name;
  bool after_call_ = false;
  std::string source_, name_, blanks_;
  ArgumentsCopy arguments_;
};

}  // namespace

std::unique_ptr<AnswerReader> make_recipient_reader(const AnswerFormat& format) {
  return std::make_unique<RecipientReader>(format);
}

}  // namespace quern::engine::tools
