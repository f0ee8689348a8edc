#include "server/api/conversation.hpp"

#include <array>
#include <utility>

namespace quern::server {
namespace {

constexpr std::array<std::string_view, 5> kRoles{"system", "developer", "user", "assistant", "tool"};

json::value content_value(const Content& content) {
  if (const auto* text = std::get_if<std::string>(&content)) return text_value(*text);
  json::array parts;
  for (const TextPart& part : std::get<std::vector<TextPart>>(content)) {
    parts.push_back(part.fields.empty() ? json::object{{"type", "text"}, {"text", text_value(part.text)}}
                                        : part.fields);
  }
  return parts;
}

json::array call_values(const std::vector<ToolCall>& calls) {
  json::array out;
  for (const ToolCall& call : calls) {
    json::object value;
    if (call.id) value["id"] = text_value(*call.id);
    value["type"] = "function";
    value["function"] = json::object{{"name", text_value(call.name)}, {"arguments", call.arguments}};
    out.push_back(std::move(value));
  }
  return out;
}

}  // namespace

std::string_view role_name(Role role) noexcept {
  return kRoles[static_cast<std::size_t>(role)];
}

std::optional<Role> role_of(std::string_view name) noexcept {
  for (std::size_t i = 0; i < kRoles.size(); ++i) {
    if (kRoles[i] == name) return static_cast<Role>(i);
  }
  return std::nullopt;
}

json::object template_message(const Message& message) {
  json::object out;
  out["role"] = text_value(role_name(message.role));
  if (message.reasoning) out["reasoning_content"] = text_value(*message.reasoning);
  if (message.name) out["name"] = text_value(*message.name);
  if (message.call_id) out["tool_call_id"] = text_value(*message.call_id);
  if (!message.calls.empty()) out["tool_calls"] = call_values(message.calls);
  if (!std::holds_alternative<std::monostate>(message.content)) out["content"] = content_value(message.content);
  return out;
}

}  // namespace quern::server
