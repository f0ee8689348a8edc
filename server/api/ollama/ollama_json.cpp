#include "server/api/ollama/ollama_json.hpp"

#include "server/api/openai/chat_message_json.hpp"
#include "server/api/sampling_json.hpp"

#include <algorithm>
#include <utility>

namespace quern::server {
namespace {

// -1 and below: no limit of its own.
void read_length(JsonFields& options, GenerationFields& out) {
  std::int32_t n = -1;
  if (!options.read("num_predict", n) || n < 0) return;
  if (n == 0) return options.refuse("num_predict", "must be at least 1, or -1 for what fits, found 0");
  out.max_tokens = static_cast<std::uint32_t>(n);
}

void read_options(JsonFields& fields, const RequestRules& rules, GenerationFields& out) {
  engine::sampling::SamplingParams& sampling = out.sampling;
  const json::object* object = fields.object("options");
  if (object == nullptr) return;
  JsonFields options(fields, *object, "options");
  options.read("temperature", sampling.temperature);
  options.read("top_k", sampling.top_k);
  options.read("top_p", sampling.top_p);
  options.read("min_p", sampling.min_p);
  options.read("typical_p", sampling.typical_p);
  options.read("repeat_last_n", sampling.repeat_last_n);
  options.read("repeat_penalty", sampling.repeat_penalty);
  options.read("presence_penalty", sampling.presence_penalty);
  options.read("frequency_penalty", sampling.frequency_penalty);
  std::int64_t seed = -1;
  if (options.read("seed", seed) && seed != -1) {
    sampling.seed = static_cast<std::uint64_t>(seed);
    sampling.has_seed = true;
  }
  sampling.top_k = std::max(sampling.top_k, 0);  // -1: off, here 0
  read_length(options, out);
  read_stop(options, rules.limits, out.stop);
  // How Ollama would run the model; how it runs here is decided when it is loaded.
  options.ignore({"num_ctx", "num_keep", "num_batch", "num_gpu", "main_gpu", "use_mmap", "use_mlock", "num_thread",
                  "numa", "low_vram", "f16_kv", "vocab_only", "penalize_newline", "tfs_z", "draft_num_predict",
                  "logits_all", "mirostat", "mirostat_tau", "mirostat_eta"});
  if (const Status status = options.finish(); !status) fields.refuse(status.error());
}

// true, false, or how much.
void read_think(JsonFields& fields, Conversation& out) {
  const json::value* value = fields.value("think");
  if (value == nullptr) return;
  if (value->is_bool()) {
    out.variables["enable_thinking"] = value->get_bool();
  } else if (value->is_string() && (*value == "low" || *value == "medium" || *value == "high" || *value == "max")) {
    out.variables["enable_thinking"] = true;
    out.variables["reasoning_effort"] = *value;
  } else {
    fields.refuse("think", fmt::format("expected true, false, low, medium, high or max, found {}", describe(*value)));
  }
}

void read_common(JsonFields& fields, const RequestRules& rules, OllamaRequest& out) {
  GenerationFields& generation = out.turn.fields;
  generation.sampling = rules.sampling;
  generation.stream = true;
  fields.read("model", generation.model);
  fields.read("stream", generation.stream);
  read_options(fields, rules, generation);
  fields.ignore({"keep_alive"});  // server/pipeline/acquire.hpp
  read_think(fields, out.turn.conversation);
  fields.read("logprobs", generation.logprobs.wanted);
  read_n_top(fields, "top_logprobs", generation.logprobs);
  if (generation.logprobs.n_top > 0 && !generation.logprobs.wanted) {
    fields.refuse("top_logprobs", "needs logprobs: true");
  }
  read_ollama_format(fields, generation.form);
  fields.ignore(
      {"truncate", "shift", "_debug_render_only", "tool_choice", "temperature", "top_p", "max_output_tokens"});
  read_scheduling(fields, rules.limits, generation);
}

void refuse_images(JsonFields& fields) {
  const json::array* images = fields.array("images");
  if (images != nullptr && !images->empty()) fields.refuse_unsupported("images", "this model cannot see");
}

// {"function": {"name", "arguments": {}}}
void read_call(JsonFields& message, const json::value& value, std::size_t index, std::vector<ToolCall>& out) {
  const std::string path = fmt::format("tool_calls[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return message.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields call(message, *object, path);
  ToolCall read;
  std::string id;
  if (call.read("id", id)) read.id = std::move(id);
  call.ignore({"type"});
  const json::object* function = call.object("function");
  if (function == nullptr) {
    call.refuse("function", "missing; expected an object");
  } else {
    JsonFields nested(call, *function, "function");
    if (!nested.read("name", read.name)) nested.refuse("name", "missing; expected a string");
    nested.ignore({"index"});
    const json::object* arguments = nested.object("arguments");
    read.arguments = arguments == nullptr ? json::object() : *arguments;
    if (const Status status = nested.finish(); !status) call.refuse(status.error());
  }
  if (const Status status = call.finish(); !status) return message.refuse(status.error());
  out.push_back(std::move(read));
}

// The answers of tools may say neither which tool nor which call they belong to: then it is the order that tells.
void name_tool_answers(std::vector<Message>& messages) {
  const std::vector<ToolCall>* calls = nullptr;
  std::size_t next = 0;
  for (Message& message : messages) {
    if (message.role == Role::assistant) {
      calls = message.calls.empty() ? nullptr : &message.calls;
      next = 0;
    } else if (message.role == Role::tool && calls != nullptr && next < calls->size()) {
      const ToolCall& call = (*calls)[next++];
      if (!message.name && !message.call_id) message.name = call.name;
      if (!message.call_id && call.id) message.call_id = call.id;
    }
  }
}

void read_message(JsonFields& fields, const json::value& value, std::size_t index, std::vector<Message>& out) {
  const std::string path = fmt::format("messages[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return fields.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields message(fields, *object, path);
  Message read;
  std::string role, text;
  if (!message.read("role", role)) message.refuse("role", "missing; expected system, user, assistant or tool");
  const std::optional<Role> known = role_of(role);
  if (!known)
    message.refuse("role",
                   fmt::format("expected system, user, assistant or tool, found {}", describe(text_value(role))));
  read.role = known.value_or(Role::user);
  message.read("content", text);
  read.content = std::move(text);
  std::string thinking;
  if (message.read("thinking", thinking)) read.reasoning = std::move(thinking);
  for (const auto& [key, field] : {std::pair("tool_name", &read.name), {"tool_call_id", &read.call_id}}) {
    std::string given;
    if (message.read(key, given)) *field = std::move(given);
  }
  message.ignore({"name"});
  refuse_images(message);
  if (const json::array* calls = message.array("tool_calls")) {
    read.calls_field = message.path_of("tool_calls");
    for (std::size_t i = 0; i < calls->size() && !message.failed(); ++i) read_call(message, (*calls)[i], i, read.calls);
  }
  if (const Status status = message.finish(); !status) return fields.refuse(status.error());
  out.push_back(std::move(read));
}

}  // namespace

Result<OllamaRequest> parse_ollama_chat(const Document& document, const RequestRules& rules) {
  OllamaRequest out;
  Conversation& conversation = out.turn.conversation;
  conversation.wide = document.wide;
  JsonFields fields(document.root, "", rules.unknown);
  const json::array* messages = fields.array("messages");
  const std::size_t n = messages == nullptr ? 0 : messages->size();
  if (n > rules.limits.max_messages) {
    fields.refuse("messages", fmt::format("at most {} messages are allowed, found {}", rules.limits.max_messages, n));
  }
  for (std::size_t i = 0; i < n && !fields.failed(); ++i)
    read_message(fields, (*messages)[i], i, conversation.messages);
  out.nothing = n == 0;
  name_tool_answers(conversation.messages);
  read_tools(fields, conversation.tools);
  read_common(fields, rules, out);
  QUERN_CHECK(finish_fields(fields, rules, out.turn.fields));
  return out;
}

Result<OllamaRequest> parse_ollama_generate(const Document& document, const RequestRules& rules) {
  OllamaRequest out;
  out.turn.conversation.wide = document.wide;
  JsonFields fields(document.root, "", rules.unknown);
  std::string prompt, system;
  fields.read("prompt", prompt);
  fields.read("raw", out.raw);
  if (fields.read("system", system) && !system.empty()) {
    out.turn.conversation.messages.push_back({.role = Role::system, .content = std::move(system)});
  }
  fields.read("suffix", out.suffix);
  fields.unsupported({"template", "context"});
  refuse_images(fields);
  read_common(fields, rules, out);
  out.nothing = prompt.empty() && out.suffix.empty();
  if (out.raw || !out.suffix.empty()) {
    out.prompt = std::move(prompt);
  } else {
    out.turn.conversation.messages.push_back({.role = Role::user, .content = std::move(prompt)});
  }
  QUERN_CHECK(finish_fields(fields, rules, out.turn.fields));
  return out;
}

}  // namespace quern::server
