#include "server/api/chat_json.hpp"

#include <iterator>
#include <utility>

namespace quern::server {
namespace {

// "text" or [{"type": "text", "text": "..."}]; parts are joined with line breaks, as other servers do.
void read_content(JsonFields& message, std::string& out) {
  const json::value* content = message.value("content");
  if (content == nullptr) return message.refuse("content", "missing; expected a string or an array of text parts");
  if (content->is_string()) {
    out.assign(content->get_string().data(), content->get_string().size());
    return;
  }
  if (!content->is_array()) {
    return message.refuse("content", fmt::format("expected a string or an array, found {}", describe(*content)));
  }
  const json::array& parts = content->get_array();
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
      Error error = fail_field(part.path_of("type"), "only \"text\" is supported, found {}",
                               describe(json::value(json::string_view(type.data(), type.size()))));
      error.code = Errc::unsupported;
      part.refuse(std::move(error));
    }
    if (!part.read("text", text)) part.refuse("text", "missing; expected a string");
    if (const Status status = part.finish(); !status) return message.refuse(status.error());
    if (i > 0) out += '\n';
    out += text;
  }
}

std::string internal_role(JsonFields& message) {
  std::string role;
  if (!message.read("role", role)) message.refuse("role", "missing; expected system, developer, user or assistant");
  if (role == "developer") return "system";  // the newer name
  if (role == "system" || role == "user" || role == "assistant") return role;
  message.refuse("role", fmt::format("expected system, developer, user or assistant, found {}",
                                     describe(json::value(json::string_view(role.data(), role.size())))));
  return role;
}

void read_message(JsonFields& fields, const json::value& value, std::size_t index,
                  std::vector<engine::chat::Message>& out) {
  const std::string path = fmt::format("messages[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return fields.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields message(*object, path);
  engine::chat::Message read;
  read.role = internal_role(message);
  message.unsupported({"tool_calls", "tool_call_id", "function_call", "audio", "refusal"});
  read_content(message, read.content);
  std::string name;
  message.read("name", name);       // no template here has a place for it
  message.ignore({"annotations"});  // clients send an answer's message back as it was
  if (const Status status = message.finish(); !status) return fields.refuse(status.error());
  out.push_back(std::move(read));
}

void read_messages(JsonFields& fields, const ServerLimits& limits, std::vector<engine::chat::Message>& out) {
  const json::array* messages = fields.array("messages");
  if (messages == nullptr || messages->empty() || messages->size() > limits.max_messages) {
    return fields.refuse("messages", fmt::format("expected an array of 1 to {} messages, found {}", limits.max_messages,
                                                 messages == nullptr ? 0 : messages->size()));
  }
  for (std::size_t i = 0; i < messages->size() && !fields.failed(); ++i) read_message(fields, (*messages)[i], i, out);
}

void refuse_unsupported(JsonFields& fields, std::string_view field, std::string_view detail) {
  Error error = fail_field(fields.path_of(field), "{}", detail);
  error.code = Errc::unsupported;
  fields.refuse(std::move(error));
}

// Fields whose harmless values are accepted; anything that would change the answer is refused, never ignored.
void read_harmless_only(JsonFields& fields) {
  fields.unsupported({"tools", "functions", "audio", "web_search_options", "top_logprobs", "reasoning_effort",
                      "verbosity", "chat_template_kwargs"});
  fields.ignore({"parallel_tool_calls"});
  for (const std::string_view key : {std::string_view("tool_choice"), std::string_view("function_call")}) {
    const json::value* choice = fields.value(key);
    if (choice != nullptr && *choice != "none" && *choice != "auto") {
      refuse_unsupported(fields, key, "tools are not supported yet; only \"none\" and \"auto\"");
    }
  }
  if (const json::object* format = fields.object("response_format")) {
    const json::value* type = format->if_contains("type");
    if (type == nullptr || *type != "text") {
      refuse_unsupported(fields, "response_format", "only {\"type\": \"text\"} is supported");
    }
  }
  if (const json::array* modalities = fields.array("modalities")) {
    if (modalities->size() != 1 || (*modalities)[0] != "text") {
      refuse_unsupported(fields, "modalities", "only [\"text\"] is supported");
    }
  }
}

std::string_view finish_text(sched::FinishReason reason) noexcept {
  return reason == sched::FinishReason::length ? "length" : "stop";
}

}  // namespace

Result<ChatRequest> parse_chat_request(std::string_view body, const RequestRules& rules) {
  QUERN_TRY(const json::object object, parse_json_object(body, rules.limits.max_json_depth));
  JsonFields fields(object, "");
  ChatRequest request;
  read_messages(fields, rules.limits, request.messages);
  read_generation_fields(fields, rules, request.fields);
  fields.read("logprobs", request.fields.logprobs);
  read_harmless_only(fields);
  QUERN_CHECK(fields.finish());
  return request;
}

std::string ChatShape::logprobs_json(std::span<const TokenLogprob> logprobs) const {
  return logprobs_ ? chat_logprobs_json(logprobs, tokenizer_) : "null";
}

std::string ChatShape::opening(std::uint32_t choice) const {
  return chunk_with(choice, R"("delta":{"role":"assistant","content":""},"logprobs":null,"finish_reason":null)");
}

std::string ChatShape::chunk(const Delta& delta) const {
  std::string fields = "\"delta\":{\"content\":";
  append_json_string(fields, delta.text);
  fields += "},\"logprobs\":" + logprobs_json(delta.logprobs) + ",\"finish_reason\":null";
  return chunk_with(delta.choice, fields);
}

std::string ChatShape::closing(const Delta& delta) const {
  return chunk_with(delta.choice,
                    fmt::format(R"("delta":{{}},"logprobs":null,"finish_reason":"{}")", finish_text(delta.finish)));
}

std::string ChatShape::whole(std::span<const WholeChoice> choices, const Usage& usage) const {
  std::string out = open_object("chat.completion") + "\"choices\":[";
  for (std::size_t i = 0; i < choices.size(); ++i) {
    fmt::format_to(std::back_inserter(out), R"({}{{"index":{},"message":{{"role":"assistant","content":)",
                   i == 0 ? "" : ",", i);
    append_json_string(out, choices[i].text);
    fmt::format_to(std::back_inserter(out), R"(,"refusal":null}},"logprobs":{},"finish_reason":"{}"}})",
                   logprobs_json(choices[i].logprobs), finish_text(choices[i].finish));
  }
  return out + "],\"usage\":" + usage_json(usage) + "}";
}

}  // namespace quern::server
