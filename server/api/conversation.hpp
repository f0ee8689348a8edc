// A conversation apart from any wire format: what each dialect makes of a request, and what a chat template reads.
// Numbers in JSON values may be wide: see WideIntegers. Threads: plain data, pure functions.
#pragma once

#include "server/api/json_document.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace quern::server {

enum class Role : std::uint8_t { system, developer, user, assistant, tool };
std::string_view role_name(Role role) noexcept;
std::optional<Role> role_of(std::string_view name) noexcept;

struct TextPart {
  std::string text;
  json::object fields;  // all that it has, for templates that look at more than the text; empty: "type" and "text"
};

struct ToolCall {
  std::optional<std::string> id;
  std::string name;
  json::value arguments;  // an object, or JSON text
};

// Content may be absent where an assistant only calls tools or thinks.
using Content = std::variant<std::monostate, std::string, std::vector<TextPart>>;

struct Message {
  Role role = Role::user;
  Content content;
  std::optional<std::string> reasoning = {};  // of an assistant: what it thought
  std::vector<ToolCall> calls = {};
  std::optional<std::string> name = {}, call_id = {};  // of a tool's answer: which tool, which call
  std::string calls_field = {};                        // where the request has the first of the calls
};

struct Tool {
  std::string name;
  bool strict = false;      // what cannot be enforced of its schema is an error
  json::object definition;  // {"type": "function", "function": {"name", "description", "parameters"}}
};

struct Conversation {
  std::vector<Message> messages;
  std::vector<Tool> tools;
  json::object variables;  // further ones of the template
  WideIntegers wide;       // what numbers in it stand for
  bool add_generation_prompt = true;
  // What a request says of calls: of any tool, at least one, one of this name.
  enum class Calls : std::uint8_t { automatic, required, named };
  Calls calls = Calls::automatic;
  std::string called_tool;     // of Calls::named
  bool parallel_calls = true;  // several in one answer
};

// A message as templates know it: role, reasoning_content, name, tool_call_id, tool_calls, content.
json::object template_message(const Message& message);

// A string that is given to JSON.
inline json::value text_value(std::string_view text) {
  return json::value(json::string_view(text.data(), text.size()));
}

}  // namespace quern::server
