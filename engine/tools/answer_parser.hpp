// An answer that arrives in pieces -> thoughts, text and calls. The result depends on the text alone, never on how it
// was split. Blanks around thoughts are left out, and those around calls. Threads: one. Ownership: shares formats and
// tools.
#pragma once

#include "engine/tools/call_parser.hpp"
#include "engine/tools/event.hpp"
#include "engine/tools/reasoning_format.hpp"
#include "engine/tools/tool_format.hpp"

#include <memory>
#include <string_view>
#include <vector>

namespace quern::engine::tools {

struct AnswerFormat {
  std::shared_ptr<const ReasoningFormat> reasoning;  // nullptr: thoughts are not told apart
  ThinkingStart start = ThinkingStart::before;
  std::shared_ptr<const ToolFormat> calls;  // nullptr: calls are not looked for
  std::shared_ptr<const ToolTable> tools;   // of the request; nullptr: none
};

// One way to read an answer, byte by byte.
class AnswerReader {
 public:
  AnswerReader() = default;
  AnswerReader(const AnswerReader&) = delete;
  AnswerReader& operator=(const AnswerReader&) = delete;
  virtual ~AnswerReader() = default;
  virtual void feed(char c, EventList& out) = 0;
  virtual void finish(EventList& out) = 0;
  virtual bool thinking() const = 0;
};
std::unique_ptr<AnswerReader> make_plain_reader(const AnswerFormat& format);
std::unique_ptr<AnswerReader> make_harmony_reader(const AnswerFormat& format);    // channels
std::unique_ptr<AnswerReader> make_recipient_reader(const AnswerFormat& format);  // ToolFormat::recipients

class AnswerParser {
 public:
  AnswerParser() = default;  // all is text
  explicit AnswerParser(const AnswerFormat& format);

  std::vector<Event> append(std::string_view text);  // what is certain
  std::vector<Event> finish();                       // the text has ended: what was held back
  // Whether what comes next is thought, as far as one can tell.
  bool thinking() const noexcept { return reader_ != nullptr && reader_->thinking(); }
  std::uint32_t n_calls() const noexcept { return events_.n_calls(); }

 private:
  std::unique_ptr<AnswerReader> reader_;
  EventList events_;
};

}  // namespace quern::engine::tools
