#include "engine/tools/call_parser.hpp"

#include <utility>

namespace quern::engine::tools {

CallParser::CallParser(std::shared_ptr<const ToolFormat> format, std::shared_ptr<const ToolTable> tools)
    : format_(std::move(format)), tools_(std::move(tools)), triggers_(format_->triggers()) {
  std::vector<std::string> texts;
  for (const ToolFormat::Trigger& trigger : triggers_) texts.push_back(trigger.text);
  finder_ = Finder(std::move(texts));
}

std::vector<Event> CallParser::append(std::string_view text) {
  append(text, events_);
  return events_.take();
}

std::vector<Event> CallParser::finish() {
  finish(events_);
  return events_.take();
}

void CallParser::append(std::string_view text, EventList& out) {
  if (format_ == nullptr) return out.text(text);
  for (const char c : text) feed(c, out);
}

void CallParser::feed(char c, EventList& out) {
  if (section_ != nullptr)
    in_section(c, out);
  else
    free_text(c, out);
}

void CallParser::put(std::string_view text, EventList& out) {
  std::string run;
  for (const char c : text) {
    if (is_blank(c)) {
      if (!after_call_) blanks_ += c;
      continue;
    }
    run += std::exchange(blanks_, {});
    run += c;
    begun_ = true;
    after_call_ = false;
  }
  out.text(run);
}

void CallParser::free_text(char c, EventList& out) {
  const char first = format_->syntax == Syntax::pythonic ? '[' : '{';
  if (format_->bare && !begun_ && c == first && !finder_.holds()) {
    section_ = make_section(*format_, *tools_, std::nullopt);
    source_.clear();
    n_calls_before_ = out.n_calls();
    begun_ = true;
    return in_section(c, out);
  }
  std::string before;
  const auto found = finder_.feed(c, before);
  put(before, out);
  if (!found) return;
  section_ = make_section(*format_, *tools_, triggers_[*found]);
  source_ = triggers_[*found].text;
  n_calls_before_ = out.n_calls();
}

void CallParser::in_section(char c, EventList& out) {
  const std::uint32_t n_before = out.n_calls();
  const bool was_open = out.call_open();
  const Step step = section_->feed(c, out);
  if (step == Step::refused) {
    leave(!(section_->settled() && trimmed(source_).empty()), out);
    return free_text(c, out);
  }
  source_ += c;
  const bool ended = !out.call_open() && (was_open || out.n_calls() > n_before);
  if (ended) {
    source_.clear();
    blanks_.clear();
  }
  if (step == Step::done) leave(out.n_calls() == n_calls_before_, out);
}

// Text again. with_source: what has come since the last call is no call.
void CallParser::leave(bool with_source, EventList& out) {
  const bool any = out.n_calls() > n_calls_before_;
  const std::string source = std::exchange(source_, {});
  section_.reset();
  begun_ = true;
  if (out.call_open()) {
    after_call_ = false;
    blanks_.clear();
    out.break_call(source);
  } else if (with_source) {
    if (any) after_call_ = true;
    put(source, out);
  } else {
    after_call_ = true;
  }
}

void CallParser::finish(EventList& out) {
  if (section_ != nullptr) leave(!section_->settled(), out);
  put(finder_.take_rest(), out);
  if (!after_call_) out.text(std::exchange(blanks_, {}));
}

}  // namespace quern::engine::tools
