#include "engine/tools/answer_parser.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

// Thoughts between two marks at the beginning, then text with calls.
class PlainReader final : public AnswerReader {
 public:
  explicit PlainReader(const AnswerFormat& format) {
    if (format.calls != nullptr)
      calls_ = CallParser(format.calls, format.tools != nullptr ? format.tools : std::make_shared<ToolTable>());
    if (format.reasoning == nullptr) return;
    begin_ = format.reasoning->begin;
    end_ = Finder({format.reasoning->end});
    if (format.start == ThinkingStart::closed)
      state_ = State::thought;
    else if (format.start == ThinkingStart::inside)
      state_ = State::thinking;
    else if (!begin_.empty())
      state_ = State::undecided;
  }

  void feed(char c, EventList& out) override {
    switch (state_) {
      case State::undecided:
        return undecided(c, out);
      case State::thinking:
        return thinking(c, out);
      case State::thought:
        if (is_blank(c)) return;
        state_ = State::answering;
        [[fallthrough]];
      case State::answering:
        calls_.append(std::string_view(&c, 1), out);
    }
  }

  void finish(EventList& out) override {
    if (state_ == State::undecided) answer(out);
    if (state_ == State::thinking) {
      think(end_.take_rest(), out);
      return;
    }
    calls_.finish(out);
  }

  bool thinking() const override { return state_ == State::thinking; }

 private:
  enum class State : std::uint8_t { undecided, thinking, thought, answering };

  // Blanks, and the beginning of the first mark.
  void undecided(char c, EventList& out) {
    held_ += c;
    if (n_begun_ == 0 && is_blank(c)) return;
    if (c != begin_[n_begun_]) return answer(out);
    if (++n_begun_ < begin_.size()) return;
    held_.clear();
    state_ = State::thinking;
  }

  void answer(EventList& out) {
    state_ = State::answering;
    calls_.append(std::exchange(held_, {}), out);
  }

  void thinking(char c, EventList& out) {
    std::string before;
    const bool ends = end_.feed(c, before).has_value();
    think(before, out);
    if (!ends) return;
    held_.clear();
    state_ = State::thought;
  }

  void think(std::string_view text, EventList& out) {
    for (const char c : text) {
      if (is_blank(c)) {
        if (begun_) held_ += c;
        continue;
      }
      begun_ = true;
      held_ += c;
      out.reasoning(std::exchange(held_, {}));
    }
  }

  CallParser calls_;
  std::string begin_;
  Finder end_;
  State state_ = State::answering;
  std::size_t n_begun_ = 0;
  bool begun_ = false;  // something that is no blank has been thought
  std::string held_;    // what may be a mark; blanks behind a thought
};

}  // namespace

std::unique_ptr<AnswerReader> make_plain_reader(const AnswerFormat& format) {
  return std::make_unique<PlainReader>(format);
}

AnswerParser::AnswerParser(const AnswerFormat& format) {
  const bool channels = (format.reasoning != nullptr && format.reasoning->channels) ||
                        (format.calls != nullptr && format.calls->syntax == Syntax::harmony);
  if (channels)
    reader_ = make_harmony_reader(format);
  else if (format.calls != nullptr && format.calls->recipients)
    reader_ = make_recipient_reader(format);
  else
    reader_ = make_plain_reader(format);
}

std::vector<Event> AnswerParser::append(std::string_view text) {
  if (reader_ == nullptr) {
    events_.text(text);
  } else {
    for (const char c : text) reader_->feed(c, events_);
  }
  return events_.take();
}

std::vector<Event> AnswerParser::finish() {
  if (reader_ != nullptr) reader_->finish(events_);
  return events_.take();
}

}  // namespace quern::engine::tools
