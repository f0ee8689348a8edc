// Chat templates that have a place for tools, and what they make of an assistant's calls. For tests.
#pragma once

#include "engine/chat/template.hpp"
#include "engine/tools/event.hpp"
#include "engine/tools/tool.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::test {

struct NamedTemplate {
  std::string name;
  engine::chat::Template value;
};
// Those of the golden data (the full set where it is there, else the committed part), and those of tests/data/tools.
const std::vector<NamedTemplate>& all_templates();
const std::vector<NamedTemplate>& tool_templates();  // with a place for tools or calls

struct Call {
  std::string name, arguments;  // JSON
  std::string id;
  friend bool operator==(const Call&, const Call&) = default;
};
void PrintTo(const Call& call, std::ostream* out);

// get_weather(city, unit, ...) and others, with parameters of every kind.
const std::vector<engine::tools::Tool>& tools();
std::string tools_json();

// Rendered conversations; an empty text: the template refuses that.
std::string render(const engine::chat::Template& subject, std::string_view messages, bool add_generation_prompt);
std::string call_message(const std::vector<Call>& calls, std::string_view content_json, bool arguments_as_text);
// What the model would have written: what stands behind the prompt, without the end of the turn.
struct Answer {
  std::string prompt, text;
};
Answer answer_of(const engine::chat::Template& subject, const std::vector<Call>& calls, std::string_view content_json,
                 bool arguments_as_text = false);

// What events say, with arguments in canonical form.
struct Said {
  std::string reasoning, text;
  std::vector<Call> calls;
  bool broken = false;
  friend bool operator==(const Said&, const Said&) = default;
};
void PrintTo(const Said& said, std::ostream* out);
Said said(const std::vector<engine::tools::Event>& events, bool canonical = true);

}  // namespace quern::test
