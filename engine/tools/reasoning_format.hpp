// How the models of one template family think before they answer: between which marks, from where on, and how that is
// switched. Found out from the template: its text, and small renderings. Threads: pure functions.
#pragma once

#include "engine/chat/template.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::tools {

// Where a prompt leaves the model.
enum class ThinkingStart : std::uint8_t {
  before,  // it may begin to think, with the mark
  inside,  // the prompt has written the mark: what comes first is thought
  closed,  // the prompt has closed the thoughts: what comes is the answer
};

struct ReasoningFormat {
  std::string begin, end;
  // What ends thoughts where they must (a budget is used up), with the blanks that the family writes around its mark.
  std::string closing;
  bool channels = false;  // gpt-oss: thoughts are messages in a channel of their own; begin and end are its marks
  std::vector<std::string> marks;  // those that may be control tokens, which must be shown to the parser

  // Variables of the template that switch thinking; empty: none.
  std::string flag;                  // true or false: enable_thinking, thinking
  std::vector<std::string> efforts;  // what reasoning_effort may be, from little to much
  std::string no_effort;             // the one that switches it off; empty: none does
  std::string budget;                // a number of tokens: thinking_budget
  bool default_on = true;            // thinks, or may think, where nothing is said

  ThinkingStart start(std::string_view prompt) const noexcept;
  friend bool operator==(const ReasoningFormat&, const ReasoningFormat&) = default;
};

// nullopt: its model does not think, or in a way that is not known.
std::optional<ReasoningFormat> find_reasoning_format(const chat::Template& subject);

}  // namespace quern::engine::tools
