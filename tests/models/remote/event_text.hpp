// Events of answers as lines, for comparison. Pure.
#pragma once

#include "models/answer_event.hpp"

#include <span>
#include <string>

#include <fmt/format.h>

namespace quern::test {

struct EventLine {
  std::string operator()(const models::TextDelta& e) const { return fmt::format("{} text {}\n", e.choice, e.text); }
  std::string operator()(const models::ReasoningDelta& e) const {
    return fmt::format("{} thought {}\n", e.choice, e.text);
  }
  std::string operator()(const models::ToolCallBegin& e) const {
    return fmt::format("{} call {} {} {}\n", e.choice, e.call, e.id, e.name);
  }
  std::string operator()(const models::ToolCallDelta& e) const {
    return fmt::format("{} arguments {} {}\n", e.choice, e.call, e.arguments);
  }
  std::string operator()(const models::ToolCallEnd& e) const {
    return fmt::format("{} call end {}\n", e.choice, e.call);
  }
  std::string operator()(const models::PromptScores& e) const { return fmt::format("{} prompt\n", e.choice); }
  std::string operator()(const models::End& e) const {
    constexpr const char* kReasons[] = {"none", "turn", "stop_sequence", "length", "tool_calls"};
    return fmt::format("{} end {}{}{}\n", e.choice, kReasons[static_cast<std::size_t>(e.reason)],
                       e.stop_sequence.empty() ? "" : " ", e.stop_sequence);
  }
};

inline std::string event_text(std::span<const models::AnswerEvent> events) {
  std::string out;
  for (const models::AnswerEvent& event : events) out += std::visit(EventLine{}, event);
  return out;
}

}  // namespace quern::test
