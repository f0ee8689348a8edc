#include "server/api/openai/chat_message_json.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

namespace quern::server {
namespace {

constexpr const char* kRolesText = "system, developer, user, assistant or tool";

// What clients write for other servers, or send back of their answers: it is accepted and changes no prompt.
constexpr std::array<std::string_view, 8> kMessageHints{
    "annotations", "cache_control",     "copilot_cache_control", "id",
    "signature",   "reasoning_details", "thinking_blocks",       "provider_specific_fields"};
constexpr std::array<std::string_view, 2> kToolHints{"cache_control", "copilot_cache_control"};

// The fields that are not null and not left out, in their order.
json::object given_fields(const json::object& object, std::span<const std::string_view> left_out = {}) {
  json::object out;
  for (const auto& [key, value] : object) {
    const std::string_view name(key.data(), key.size());
    if (!value.is_null() && std::find(left_out.begin(), left_out.end(), name) == left_out.end()) out[key] = value;
  }
  return out;
}

// [{"type": "text", "text": "..."}]. What else a part has is for the template.
void read_parts(JsonFields& message, const json::array& parts, std::vector<TextPart>& out) {
  for (std::size_t i = 0; i < parts.size() && !message.failed(); ++i) {
    const std::string path = fmt::format("content[{}]", i);
    const json::object* object = parts[i].if_object();
    if (object == nullptr) {
      return message.refuse(path, fmt::format("expected an object, found {}", describe(parts[i])));
    }
    JsonFields part(message, *object, path);
    std::string type, text;
    if (!part.read("type", type)) part.refuse("type", "missing; expected \"text\"");
    if (type != "text") {
      part.refuse_unsupported("type", fmt::format("only \"text\" is supported, found {}", describe(text_value(type))));
    }
    if (!part.read("text", text)) part.refuse("text", "missing; expected a string");
    if (part.failed()) return message.refuse(part.finish().error());
    out.push_back({std::move(text), given_fields(*object)});
  }
}

// A message that only calls tools, or only thinks, has no content.
void read_content(JsonFields& message, bool may_be_absent, Content& out) {
  const json::value* content = message.value("content");
  if (content == nullptr) {
    if (!may_be_absent) message.refuse("content", "missing; expected a string or an array of text parts");
  } else if (content->is_string()) {
    out = std::string(content->get_string().data(), content->get_string().size());
  } else if (content->is_array()) {
    read_parts(message, content->get_array(), out.emplace<std::vector<TextPart>>());
  } else {
    message.refuse("content", fmt::format("expected a string or an array, found {}", describe(*content)));
  }
}

// {"id", "type": "function", "function": {"name", "arguments"}}; the arguments are JSON text, as the API has them, or
// an object.
void read_tool_call(JsonFields& message, const json::value& value, std::size_t index, std::vector<ToolCall>& out) {
  const std::string path = fmt::format("tool_calls[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return message.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields call(message, *object, path);
  ToolCall read;
  std::string id, type = "function";
  if (call.read("id", id)) read.id = std::move(id);
  if (call.read("type", type) && type != "function") call.refuse("type", "only \"function\" is supported");
  call.ignore({"index"});
  const json::object* function = call.object("function");
  if (function == nullptr) {
    call.refuse("function", "missing; expected an object");
  } else {
    JsonFields nested(call, *function, "function");
    if (!nested.read("name", read.name)) nested.refuse("name", "missing; expected a string");
    const json::value* arguments = nested.value("arguments");
    if (arguments != nullptr && !arguments->is_string() && !arguments->is_object()) {
      nested.refuse("arguments", "expected a string of JSON or an object");
    } else {
      read.arguments = arguments == nullptr ? json::value(json::object()) : *arguments;
    }
    if (const Status status = nested.finish(); !status) call.refuse(status.error());
  }
  if (const Status status = call.finish(); !status) return message.refuse(status.error());
  out.push_back(std::move(read));
}

void read_tool_calls(JsonFields& message, Message& out) {
  const json::array* calls = message.array("tool_calls");
  if (calls == nullptr || calls->empty()) return;
  if (out.role != Role::assistant) return message.refuse("tool_calls", "only an assistant calls tools");
  out.calls_field = message.path_of("tool_calls");
  for (std::size_t i = 0; i < calls->size() && !message.failed(); ++i)
    read_tool_call(message, (*calls)[i], i, out.calls);
}

Role read_role(JsonFields& message) {
  std::string name;
  if (!message.read("role", name)) message.refuse("role", fmt::format("missing; expected {}", kRolesText));
  const std::optional<Role> role = role_of(name);
  if (!role) message.refuse("role", fmt::format("expected {}, found {}", kRolesText, describe(text_value(name))));
  return role.value_or(Role::user);
}

// `reasoning` is a newer name of `reasoning_content`; clients send either, or both.
void read_reasoning(JsonFields& message, Message& out) {
  std::string text, newer;
  const bool has_text = message.read("reasoning_content", text);
  const bool has_newer = message.read("reasoning", newer);
  if (has_text && has_newer && text != newer) message.refuse("reasoning", "contradicts reasoning_content");
  if (has_text || has_newer) out.reasoning = has_text ? text : newer;
}

void read_message(JsonFields& fields, const json::value& value, std::size_t index, std::vector<Message>& out) {
  const std::string path = fmt::format("messages[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return fields.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields message(fields, *object, path);
  Message read{.role = read_role(message)};
  message.unsupported({"function_call", "audio", "refusal"});
  read_reasoning(message, read);
  for (const auto& [key, text] : {std::pair("name", &read.name), {"tool_call_id", &read.call_id}}) {
    std::string given;
    if (message.read(key, given)) *text = std::move(given);
  }
  read_tool_calls(message, read);
  const bool may_be_absent = read.role == Role::assistant && (!read.calls.empty() || read.reasoning);
  read_content(message, may_be_absent, read.content);
  for (const std::string_view hint : kMessageHints) message.ignore({hint});
  if (const Status status = message.finish(); !status) return fields.refuse(status.error());
  out.push_back(std::move(read));
}

}  // namespace

void read_messages(JsonFields& fields, const ServerLimits& limits, std::vector<Message>& out) {
  const json::array* messages = fields.array("messages");
  if (messages == nullptr || messages->empty() || messages->size() > limits.max_messages) {
    return fields.refuse("messages", fmt::format("expected an array of 1 to {} messages, found {}", limits.max_messages,
                                                 messages == nullptr ? 0 : messages->size()));
  }
  for (std::size_t i = 0; i < messages->size() && !fields.failed(); ++i) read_message(fields, (*messages)[i], i, out);
}

void read_tools(JsonFields& fields, std::vector<Tool>& out) {
  const json::array* tools = fields.array("tools");
  if (tools == nullptr || tools->empty()) return;
  for (std::size_t i = 0; i < tools->size(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    const json::object* tool = (*tools)[i].if_object();
    if (tool == nullptr) return fields.refuse(path, fmt::format("expected an object, found {}", describe((*tools)[i])));
    const json::value* type = tool->if_contains("type");
    if (type == nullptr || *type != "function") return fields.refuse(path + ".type", "expected \"function\"");
    const json::value* function = tool->if_contains("function");
    if (function == nullptr || !function->is_object()) return fields.refuse(path + ".function", "expected an object");
    const json::value* name = function->get_object().if_contains("name");
    if (name == nullptr || !name->is_string()) return fields.refuse(path + ".function.name", "expected a string");
    json::object given = given_fields(*tool, kToolHints);
    given["function"] = given_fields(function->get_object(), kToolHints);  // not deeper: a schema's null is a value
    const json::string& text = name->get_string();
    const json::value* const strict = function->get_object().if_contains("strict");
    if (strict != nullptr && !strict->is_bool() && !strict->is_null()) {
      return fields.refuse(path + ".function.strict", fmt::format("expected a boolean, found {}", describe(*strict)));
    }
    const bool is_strict = strict != nullptr && strict->is_bool() && strict->get_bool();
    out.push_back({.name = std::string(text.data(), text.size()), .strict = is_strict, .definition = std::move(given)});
  }
}

}  // namespace quern::server
