#include "server/api/chat_message_json.hpp"

#include <algorithm>
#include <array>
#include <iterator>
#include <span>
#include <utility>

namespace quern::server {
namespace {

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};
constexpr const char* kRolesText = "system, developer, user, assistant or tool";

json::value text_value(std::string_view text) {
  return json::value(json::string_view(text.data(), text.size()));
}

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
void read_parts(JsonFields& message, const json::array& parts, json::array& out) {
  for (std::size_t i = 0; i < parts.size() && !message.failed(); ++i) {
    const std::string path = fmt::format("content[{}]", i);
    const json::object* object = parts[i].if_object();
    if (object == nullptr) {
      return message.refuse(path, fmt::format("expected an object, found {}", describe(parts[i])));
    }
    JsonFields part(*object, message.path_of(path));
    std::string type, text;
    if (!part.read("type", type)) part.refuse("type", "missing; expected \"text\"");
    if (type != "text") {
      Error error =
          fail_field(part.path_of("type"), "only \"text\" is supported, found {}", describe(text_value(type)));
      error.code = Errc::unsupported;
      part.refuse(std::move(error));
    }
    if (!part.read("text", text)) part.refuse("text", "missing; expected a string");
    if (part.failed()) return message.refuse(part.finish().error());
    out.push_back(given_fields(*object));
  }
}

// A message that only calls tools, or only thinks, has no content.
void read_content(JsonFields& message, bool may_be_absent, json::object& out) {
  const json::value* content = message.value("content");
  if (content == nullptr) {
    if (!may_be_absent) message.refuse("content", "missing; expected a string or an array of text parts");
  } else if (content->is_string()) {
    out["content"] = *content;
  } else if (content->is_array()) {
    json::array parts;
    read_parts(message, content->get_array(), parts);
    out["content"] = std::move(parts);
  } else {
    message.refuse("content", fmt::format("expected a string or an array, found {}", describe(*content)));
  }
}

// {"id", "type": "function", "function": {"name", "arguments"}}; the arguments are JSON text, as the API has them, or
// an object.
void read_tool_call(JsonFields& message, const json::value& value, std::size_t index, json::array& out) {
  const std::string path = fmt::format("tool_calls[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return message.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields call(*object, message.path_of(path));
  std::string id, type = "function", name;
  json::object read;
  if (call.read("id", id)) read["id"] = text_value(id);
  if (call.read("type", type) && type != "function") call.refuse("type", "only \"function\" is supported");
  read["type"] = "function";
  call.ignore({"index"});
  const json::object* function = call.object("function");
  if (function == nullptr) {
    call.refuse("function", "missing; expected an object");
  } else {
    JsonFields nested(*function, call.path_of("function"));
    if (!nested.read("name", name)) nested.refuse("name", "missing; expected a string");
    const json::value* arguments = nested.value("arguments");
    if (arguments != nullptr && !arguments->is_string() && !arguments->is_object()) {
      nested.refuse("arguments", "expected a string of JSON or an object");
    } else {
      json::value given = arguments == nullptr ? json::value(json::object()) : *arguments;
      read["function"] = json::object{{"name", text_value(name)}, {"arguments", std::move(given)}};
    }
    if (const Status status = nested.finish(); !status) call.refuse(status.error());
  }
  if (const Status status = call.finish(); !status) return message.refuse(status.error());
  out.push_back(std::move(read));
}

void read_tool_calls(JsonFields& message, const std::string& role, json::object& out) {
  const json::array* calls = message.array("tool_calls");
  if (calls == nullptr || calls->empty()) return;
  if (role != "assistant") return message.refuse("tool_calls", "only an assistant calls tools");
  json::array read;
  for (std::size_t i = 0; i < calls->size() && !message.failed(); ++i) read_tool_call(message, (*calls)[i], i, read);
  out["tool_calls"] = std::move(read);
}

std::string read_role(JsonFields& message) {
  std::string role;
  if (!message.read("role", role)) message.refuse("role", fmt::format("missing; expected {}", kRolesText));
  if (std::find(std::begin(kRoles), std::end(kRoles), role) == std::end(kRoles)) {
    message.refuse("role", fmt::format("expected {}, found {}", kRolesText, describe(text_value(role))));
  }
  return role;
}

// `reasoning` is a newer name of `reasoning_content`; clients send either, or both.
void read_reasoning(JsonFields& message, json::object& out) {
  std::string text, newer;
  const bool has_text = message.read("reasoning_content", text);
  const bool has_newer = message.read("reasoning", newer);
  if (has_text && has_newer && text != newer) message.refuse("reasoning", "contradicts reasoning_content");
  if (has_text || has_newer) out["reasoning_content"] = text_value(has_text ? text : newer);
}

void read_message(JsonFields& fields, const json::value& value, std::size_t index, json::array& out) {
  const std::string path = fmt::format("messages[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return fields.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields message(*object, path);
  json::object read;
  const std::string role = read_role(message);
  read["role"] = text_value(role);
  message.unsupported({"function_call", "audio", "refusal"});
  read_reasoning(message, read);
  for (const std::string_view key : {std::string_view("name"), std::string_view("tool_call_id")}) {
    std::string text;
    if (message.read(key, text)) read[json::string_view(key.data(), key.size())] = text_value(text);
  }
  read_tool_calls(message, role, read);
  const bool may_be_absent = role == "assistant" && (read.contains("tool_calls") || read.contains("reasoning_content"));
  read_content(message, may_be_absent, read);
  for (const std::string_view hint : kMessageHints) message.ignore({hint});
  if (const Status status = message.finish(); !status) return fields.refuse(status.error());
  out.push_back(std::move(read));
}

}  // namespace

void read_messages(JsonFields& fields, const ServerLimits& limits, json::array& out) {
  const json::array* messages = fields.array("messages");
  if (messages == nullptr || messages->empty() || messages->size() > limits.max_messages) {
    return fields.refuse("messages", fmt::format("expected an array of 1 to {} messages, found {}", limits.max_messages,
                                                 messages == nullptr ? 0 : messages->size()));
  }
  for (std::size_t i = 0; i < messages->size() && !fields.failed(); ++i) read_message(fields, (*messages)[i], i, out);
}

void read_tools(JsonFields& fields, json::value& out) {
  const json::array* tools = fields.array("tools");
  if (tools == nullptr || tools->empty()) return;
  json::array read;
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
    read.push_back(std::move(given));
  }
  out = std::move(read);
}

}  // namespace quern::server
