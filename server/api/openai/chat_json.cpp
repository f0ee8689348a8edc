#include "server/api/openai/chat_json.hpp"

#include "server/api/openai/chat_message_json.hpp"
#include "server/api/sampling_json.hpp"

#include <algorithm>
#include <utility>

namespace quern::server {
namespace {

// Fields whose harmless values are accepted; anything that would change the answer is refused, never ignored.
void read_harmless_only(JsonFields& fields) {
  fields.unsupported({"functions", "audio", "web_search_options", "n_probs", "return_tokens", "post_sampling_probs"});
  const json::value* verbosity = fields.value("verbosity");
  if (verbosity != nullptr && *verbosity != "medium") {
    fields.refuse_unsupported("verbosity", "only \"medium\", the usual length, is supported");
  }
  const json::value* call = fields.value("function_call");
  if (call != nullptr && *call != "none" && *call != "auto") {
    fields.refuse_unsupported("function_call", "the old form of tool_choice; only \"none\" and \"auto\"");
  }
  if (const json::array* modalities = fields.array("modalities")) {
    if (modalities->size() != 1 || (*modalities)[0] != "text") {
      fields.refuse_unsupported("modalities", "only [\"text\"] is supported");
    }
  }
}

void read_logprobs(JsonFields& fields, engine::sampling::LogprobWish& out) {
  fields.read("logprobs", out.wanted);
  read_n_top(fields, "top_logprobs", out);
  if (out.n_top > 0 && !out.wanted) fields.refuse("top_logprobs", "needs logprobs: true");
}

// A tool that is not among those given would never come.
void check_named_tool(JsonFields& fields, Conversation& out) {
  if (out.calls != Conversation::Calls::named) return;
  const bool known =
      std::any_of(out.tools.begin(), out.tools.end(), [&](const Tool& tool) { return tool.name == out.called_tool; });
  if (!known) fields.refuse("tool_choice", fmt::format("no tool is called \"{}\"", out.called_tool));
}

void read_named_tool(JsonFields& fields, const json::object& choice, Conversation& out) {
  const json::value* const function = choice.if_contains("function");
  const json::object& holder = function != nullptr && function->is_object() ? function->get_object() : choice;
  const json::value* const name = holder.if_contains("name");
  if (name == nullptr || !name->is_string()) return fields.refuse("tool_choice", "expected function.name, a string");
  out.calls = Conversation::Calls::named;
  out.called_tool = std::string(name->get_string().data(), name->get_string().size());
  check_named_tool(fields, out);
}

// "none", "auto", "required", or {"type": "function", "function": {"name"}}.
void read_tool_choice(JsonFields& fields, Conversation& out) {
  const json::value* choice = fields.value("tool_choice");
  if (choice == nullptr) return;
  const bool is_name = *choice == "none" || *choice == "auto" || *choice == "required";
  if (!is_name && !choice->is_object()) {
    return fields.refuse("tool_choice",
                         fmt::format("expected none, auto, required or an object, found {}", describe(*choice)));
  }
  if (*choice == "none") out.tools.clear();  // what the model does not see it does not call
  if (*choice == "required") out.calls = Conversation::Calls::required;
  if (const json::object* const object = choice->if_object()) read_named_tool(fields, *object, out);
  out.variables["tool_choice"] = *choice;
}

// Clients send it from their settings, whatever the model can: it is a hint for templates that know it. The object
// {"effort", ...} is another way to say the same.
void read_reasoning_effort(JsonFields& fields, Conversation& out, GenerationFields& generation) {
  std::string effort;
  fields.read("reasoning_effort", effort);
  if (const json::object* reasoning = fields.object("reasoning")) {
    JsonFields nested(fields, *reasoning, "reasoning");
    std::string other;
    if (nested.read("effort", other) && !effort.empty() && other != effort) {
      nested.refuse("effort", "contradicts reasoning_effort");
    }
    nested.ignore({"summary", "generate_summary", "enabled", "exclude"});
    if (const Status status = nested.finish(); !status) fields.refuse(status.error());
    if (effort.empty()) effort = std::move(other);
  }
  if (effort.empty()) return;
  if (effort == "none") generation.thought_budget = 0;
  out.variables["reasoning_effort"] = text_value(effort);
}

// As llama-server has it: "none" leaves thoughts in the content, marks and all.
void read_reasoning_format(JsonFields& fields, GenerationFields& out) {
  std::string format;
  if (!fields.read("reasoning_format", format)) return;
  if (format != "none" && format != "auto" && format != "deepseek") {
    fields.refuse("reasoning_format",
                  fmt::format("expected none, auto or deepseek, found {}", describe(text_value(format))));
  }
  out.split_reasoning = format != "none";
}

// What templates may look at besides the conversation.
void read_template_variables(JsonFields& fields, Conversation& out, GenerationFields& generation) {
  fields.read("add_generation_prompt", out.add_generation_prompt);
  read_reasoning_effort(fields, out, generation);
  const json::object* variables = fields.object("chat_template_kwargs");
  if (variables == nullptr) return;
  for (const auto& [name, value] : *variables) {
    if (value.is_null()) continue;
    if (name == "messages" || name == "tools" || name == "add_generation_prompt") {
      return fields.refuse("chat_template_kwargs",
                           fmt::format("'{}' is a field of the request", std::string_view(name.data(), name.size())));
    }
    out.variables[name] = value;
  }
}

}  // namespace

Result<ChatTurn> parse_chat_request(const Document& document, const RequestRules& rules) {
  ChatTurn request{.conversation = {.wide = document.wide}};
  JsonFields fields(document.root, "", rules.unknown);
  read_messages(fields, rules.limits, request.conversation.messages);
  read_tools(fields, request.conversation.tools);
  read_generation_fields(fields, rules, request.fields);
  read_logprobs(fields, request.fields.logprobs);
  read_harmless_only(fields);
  read_tool_choice(fields, request.conversation);
  read_template_variables(fields, request.conversation, request.fields);
  fields.read("parallel_tool_calls", request.conversation.parallel_calls);
  read_reasoning_format(fields, request.fields);
  QUERN_CHECK(finish_fields(fields, rules, request.fields));
  return request;
}

}  // namespace quern::server
