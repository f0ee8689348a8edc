// Text and calls of tools, told apart in an answer that arrives in pieces. The result depends on the text alone, never
// on how it was split. What is no valid call is text; nothing is lost but the marks of calls and the blanks around
// calls. Threads: one. Ownership: shares the format and the tools. Limits: what is held back is at most what one call
// has of names, numbers and other values that are no texts; each byte is looked at a bounded number of times.
#pragma once

#include "engine/tools/event.hpp"
#include "engine/tools/marks.hpp"
#include "engine/tools/section.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::tools {

class CallParser {
 public:
  // No format: all is text.
  CallParser() = default;
  CallParser(std::shared_ptr<const ToolFormat> format, std::shared_ptr<const ToolTable> tools);

  std::vector<Event> append(std::string_view text);  // what is certain
  std::vector<Event> finish();                       // the text has ended: what was held back

  void append(std::string_view text, EventList& out);
  void finish(EventList& out);
  bool in_call() const noexcept { return section_ != nullptr; }

 private:
  void feed(char c, EventList& out);
  void free_text(char c, EventList& out);
  void in_section(char c, EventList& out);
  void put(std::string_view text, EventList& out);
  void leave(bool with_source, EventList& out);

  std::shared_ptr<const ToolFormat> format_;
  std::shared_ptr<const ToolTable> tools_;
  std::vector<ToolFormat::Trigger> triggers_;
  Finder finder_;
  EventList events_;

  bool begun_ = false;  // something that is no blank has come
  std::string blanks_;  // after the text so far: dropped before and after calls
  std::unique_ptr<Section> section_;
  std::string source_;                // of the section since the end of its last call
  std::uint32_t n_calls_before_ = 0;  // the section
  bool after_call_ = false;           // nothing but blanks since
};

}  // namespace quern::engine::tools
