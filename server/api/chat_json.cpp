#include "server/api/chat_json.hpp"

#include "server/api/chat_message_json.hpp"

#include <iterator>
#include <utility>

namespace quern::server {
namespace {

void refuse_unsupported(JsonFields& fields, std::string_view field, std::string_view detail) {
  Error error = fail_field(fields.path_of(field), "{}", detail);
  error.code = Errc::unsupported;
  fields.refuse(std::move(error));
}

// Fields whose harmless values are accepted; anything that would change the answer is refused, never ignored.
void read_harmless_only(JsonFields& fields) {
  fields.unsupported({"functions", "audio", "web_search_options", "top_logprobs"});
  fields.ignore({"parallel_tool_calls"});
  const json::value* verbosity = fields.value("verbosity");
  if (verbosity != nullptr && *verbosity != "medium") {
    refuse_unsupported(fields, "verbosity", "only \"medium\", the usual length, is supported");
  }
  const json::value* call = fields.value("function_call");
  if (call != nullptr && *call != "none" && *call != "auto") {
    refuse_unsupported(fields, "function_call", "the old form of tool_choice; only \"none\" and \"auto\"");
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

// "none", "auto", "required", or {"type": "function", "function": {"name"}}.
void read_tool_choice(JsonFields& fields, ChatRequest& request) {
  const json::value* choice = fields.value("tool_choice");
  if (choice == nullptr) return;
  const bool is_name = *choice == "none" || *choice == "auto" || *choice == "required";
  if (!is_name && !choice->is_object()) {
    return fields.refuse("tool_choice",
                         fmt::format("expected none, auto, required or an object, found {}", describe(*choice)));
  }
  request.forces_tools = *choice != "none" && *choice != "auto";
  if (*choice == "none") request.tools = nullptr;  // what the model does not see it does not call
  request.template_variables["tool_choice"] = *choice;
}

// Clients send it from their settings, whatever the model can: it is a hint for templates that know it. The object
// {"effort", ...} is another way to say the same.
void read_reasoning_effort(JsonFields& fields, ChatRequest& request) {
  std::string effort;
  fields.read("reasoning_effort", effort);
  if (const json::object* reasoning = fields.object("reasoning")) {
    JsonFields nested(*reasoning, fields.path_of("reasoning"));
    std::string other;
    if (nested.read("effort", other) && !effort.empty() && other != effort) {
      nested.refuse("effort", "contradicts reasoning_effort");
    }
    nested.ignore({"summary", "generate_summary", "enabled", "exclude"});
    if (const Status status = nested.finish(); !status) fields.refuse(status.error());
    if (effort.empty()) effort = std::move(other);
  }
  if (effort.empty()) return;
  request.template_variables["reasoning_effort"] = json::string_view(effort.data(), effort.size());
}

// What templates may look at besides the conversation.
void read_template_variables(JsonFields& fields, ChatRequest& request) {
  fields.read("add_generation_prompt", request.add_generation_prompt);
  read_reasoning_effort(fields, request);
  const json::object* variables = fields.object("chat_template_kwargs");
  if (variables == nullptr) return;
  for (const auto& [name, value] : *variables) {
    if (value.is_null()) continue;
    if (name == "messages" || name == "tools" || name == "add_generation_prompt") {
      return fields.refuse("chat_template_kwargs",
                           fmt::format("'{}' is a field of the request", std::string_view(name.data(), name.size())));
    }
    request.template_variables[name] = value;
  }
}

std::string_view finish_text(sched::FinishReason reason) noexcept {
  return reason == sched::FinishReason::length ? "length" : "stop";
}

}  // namespace

Result<ChatRequest> parse_chat_request(std::string_view body, const RequestRules& rules) {
  ChatRequest request;
  QUERN_TRY(const json::object object, parse_json_object(body, rules.limits.max_json_depth, &request.wide_integers));
  JsonFields fields(object, "");
  read_messages(fields, rules.limits, request.messages);
  read_tools(fields, request.tools);
  read_generation_fields(fields, rules, request.fields);
  fields.read("logprobs", request.fields.logprobs);
  read_harmless_only(fields);
  read_tool_choice(fields, request);
  read_template_variables(fields, request);
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
