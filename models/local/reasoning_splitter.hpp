// Tells what a model thinks from what it answers, in a text that arrives in pieces: thoughts stand between two marks at
// its beginning. Blanks around both parts are left out. The result depends on the text alone, never on how it was
// split. Threads: one.
#pragma once

#include <string>
#include <string_view>

namespace quern::models {

class ReasoningSplitter {
 public:
  // No marks: all is answer. opened: the prompt ends with the first mark, or what has come is thought until the other.
  ReasoningSplitter() = default;
  ReasoningSplitter(std::string begin, std::string end, bool opened);

  struct Parts {
    std::string reasoning, answer;
  };
  Parts append(std::string_view text);  // what is certain
  Parts finish();                       // the text has ended: what was held back
  // Whether what comes next is thought, as far as one can tell.
  bool thinking() const noexcept { return state_ == State::thinking; }

 private:
  enum class State : unsigned char { undecided, thinking, thought, answering };
  void advance(Parts& out, bool last);

  std::string begin_, end_;
  State state_ = State::answering;
  bool begun_ = false;  // something that is no blank has been thought
  std::string held_;
};

}  // namespace quern::models
