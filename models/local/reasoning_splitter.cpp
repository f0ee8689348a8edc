#include "models/local/reasoning_splitter.hpp"

#include <algorithm>
#include <utility>

namespace quern::models {
namespace {

constexpr std::string_view kBlanks = " \t\r\n";

void drop_leading_blanks(std::string& text) {
  text.erase(0, std::min(text.find_first_not_of(kBlanks), text.size()));
}

void drop_trailing_blanks(std::string& text) {
  text.resize(text.find_last_not_of(kBlanks) + 1);
}

// Bytes at the end of the text that may be blanks before a mark, and the beginning of the mark.
std::size_t undecided_tail(std::string_view text, std::string_view mark) noexcept {
  std::size_t n = std::min(mark.size() - 1, text.size());
  while (n > 0 && !mark.starts_with(text.substr(text.size() - n))) --n;
  const std::size_t last = text.substr(0, text.size() - n).find_last_not_of(kBlanks);
  return text.size() - (last == std::string_view::npos ? 0 : last + 1);
}

}  // namespace

ReasoningSplitter::ReasoningSplitter(std::string begin, std::string end, bool opened)
    : begin_(std::move(begin)), end_(std::move(end)), state_(opened ? State::thinking : State::undecided) {}

ReasoningSplitter::Parts ReasoningSplitter::append(std::string_view text) {
  Parts out;
  if (state_ == State::answering) {
    out.answer = text;
    return out;
  }
  held_ += text;
  advance(out, false);
  return out;
}

ReasoningSplitter::Parts ReasoningSplitter::finish() {
  Parts out;
  advance(out, true);
  return out;
}

void ReasoningSplitter::advance(Parts& out, bool last) {
  if (state_ == State::undecided) {
    const std::size_t first = std::min(held_.find_first_not_of(kBlanks), held_.size());
    const std::string_view rest = std::string_view(held_).substr(first);
    if (rest.starts_with(begin_)) {
      held_.erase(0, first + begin_.size());
      state_ = State::thinking;
    } else if (!last && std::string_view(begin_).starts_with(rest)) {
      return;
    } else {
      state_ = State::answering;
    }
  }
  if (state_ == State::thinking) {
    const std::size_t found = held_.find(end_);
    const bool ends = found != std::string::npos;
    const std::size_t n_certain = ends ? found : last ? held_.size() : held_.size() - undecided_tail(held_, end_);
    std::string thought = held_.substr(0, n_certain);
    held_.erase(0, ends ? found + end_.size() : n_certain);
    if (ends || last) drop_trailing_blanks(thought);
    if (!begun_) drop_leading_blanks(thought);
    begun_ = begun_ || !thought.empty();
    out.reasoning += thought;
    if (!ends) return;
    state_ = State::thought;
  }
  if (state_ == State::thought) {
    drop_leading_blanks(held_);
    if (held_.empty()) return;
    state_ = State::answering;
  }
  out.answer += std::exchange(held_, {});
}

}  // namespace quern::models
