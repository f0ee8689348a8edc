#include "server/api/anthropic/messages_json.hpp"

#include <algorithm>
#include <map>
#include <utility>

#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

// Its end changes with every request, so that nothing behind it would be found in the prefix cache; it is for
// Anthropic's billing and says nothing to a model.
constexpr std::string_view kBillingBlock = "x-anthropic-billing-header:";

json::object function_of(std::string_view name, const json::value* description, const json::value* schema) {
  json::object function{{"name", text_value(name)}};
  if (description != nullptr) function["description"] = *description;
  function["parameters"] = schema == nullptr ? json::value(json::object{{"type", "object"}}) : *schema;
  return json::object{{"type", "function"}, {"function", std::move(function)}};
}

class Reader {
 public:
  Reader(const Document& document, const RequestRules& rules) : document_(document), rules_(rules) {
    turn_.conversation.wide = document.wide;
  }
  Result<ChatTurn> read();

 private:
  using Blocks = std::vector<TextPart>;

  void read_system(JsonFields& fields);
  void read_tools(JsonFields& fields);
  void read_tool_choice(JsonFields& fields);
  void read_output_format(JsonFields& fields);
  void read_thinking(JsonFields& fields);
  void read_messages(JsonFields& fields);
  void read_message(JsonFields& fields, const json::value& value, std::size_t index);
  void read_block(JsonFields& message, const json::value& value, std::size_t index, Message& out, Blocks& texts);
  void read_call(JsonFields& block, Message& out);
  void read_result(JsonFields& block);
  std::string result_text(JsonFields& block);
  std::string tool_text(const std::string& name) const;
  void push(Message message, Blocks texts);

  const Document& document_;
  const RequestRules& rules_;
  ChatTurn turn_;
  std::map<std::string, json::object> deferred_;       // tools that are shown where they are referred to
  std::map<std::string, std::string> names_of_calls_;  // by id
};

std::optional<std::string> text_of(JsonFields& outer, const json::value& value, const std::string& path) {
  const json::object* object = value.if_object();
  if (object == nullptr) {
    outer.refuse(path, fmt::format("expected an object, found {}", describe(value)));
    return std::nullopt;
  }
  JsonFields block(outer, *object, path);
  std::string type, text;
  if (!block.read("type", type) || type != "text")
    block.refuse("type", fmt::format("expected text, found {}", describe(text_value(type))));
  if (!block.read("text", text)) block.refuse("text", "missing; expected a string");
  block.ignore({"cache_control", "citations"});
  if (const Status status = block.finish(); !status) {
    outer.refuse(status.error());
    return std::nullopt;
  }
  return text;
}

void Reader::read_system(JsonFields& fields) {
  const json::value* system = fields.value("system");
  if (system == nullptr) return;
  Blocks texts;
  if (system->is_string()) {
    texts.push_back({std::string(system->get_string().data(), system->get_string().size()), {}});
  } else if (system->is_array()) {
    const json::array& blocks = system->get_array();
    for (std::size_t i = 0; i < blocks.size() && !fields.failed(); ++i) {
      std::optional<std::string> text = text_of(fields, blocks[i], fmt::format("system[{}]", i));
      if (text && !text->starts_with(kBillingBlock)) texts.push_back({std::move(*text), {}});
    }
  } else {
    fields.refuse("system", fmt::format("expected a string or text blocks, found {}", describe(*system)));
  }
  push({.role = Role::system}, std::move(texts));
}

void Reader::read_tools(JsonFields& fields) {
  const json::array* tools = fields.array("tools");
  for (std::size_t i = 0; tools != nullptr && i < tools->size() && !fields.failed(); ++i) {
    const std::string path = fmt::format("tools[{}]", i);
    const json::object* object = (*tools)[i].if_object();
    if (object == nullptr)
      return fields.refuse(path, fmt::format("expected an object, found {}", describe((*tools)[i])));
    JsonFields tool(fields, *object, path);
    std::string type = "custom", name;
    tool.read("type", type);
    if (type != "custom") continue;  // one that Anthropic's servers would run: the model is not told of it
    if (!tool.read("name", name) || name.empty()) tool.refuse("name", "missing; expected a string");
    const json::value* description = tool.value("description");
    const json::object* schema = tool.object("input_schema");
    bool deferred = false;
    tool.read("defer_loading", deferred);
    bool strict = false;
    tool.read("strict", strict);
    tool.ignore({"cache_control", "eager_input_streaming", "allowed_callers", "input_examples"});
    if (const Status status = tool.finish(); !status) return fields.refuse(status.error());
    const json::value parameters = schema == nullptr ? json::value() : json::value(*schema);
    json::object definition = function_of(name, description, schema == nullptr ? nullptr : &parameters);
    if (deferred) {
      deferred_[name] = std::move(definition);
    } else {
      turn_.conversation.tools.push_back(
          {.name = std::move(name), .strict = strict, .definition = std::move(definition)});
    }
  }
}

void Reader::read_tool_choice(JsonFields& fields) {
  const json::object* object = fields.object("tool_choice");
  if (object == nullptr) return;
  JsonFields choice(fields, *object, "tool_choice");
  std::string type, name;
  choice.read("type", type);
  Conversation& conversation = turn_.conversation;
  bool one_at_a_time = false;
  choice.read("disable_parallel_tool_use", one_at_a_time);
  conversation.parallel_calls = !one_at_a_time;
  if (type == "none") {
    conversation.tools.clear();
  } else if (type == "any") {
    conversation.calls = Conversation::Calls::required;
    conversation.variables["tool_choice"] = "required";
  } else if (type == "tool") {
    if (!choice.read("name", name)) choice.refuse("name", "missing; expected a string");
    const bool known = std::ranges::any_of(conversation.tools, [&](const Tool& tool) { return tool.name == name; });
    if (!choice.failed() && !known) choice.refuse("name", fmt::format("no tool is called \"{}\"", name));
    conversation.calls = Conversation::Calls::named;
    conversation.called_tool = name;
    conversation.variables["tool_choice"] =
        json::object{{"type", "function"}, {"function", json::object{{"name", text_value(name)}}}};
  } else if (type != "auto") {
    choice.refuse("type", fmt::format("expected auto, any, tool or none, found {}", describe(text_value(type))));
  }
  if (const Status status = choice.finish(); !status) fields.refuse(status.error());
}

// Thinking is asked for, or it is not there. How much of it is a hint, where the template has a place for it.
void Reader::read_thinking(JsonFields& fields) {
  bool thinks = false;
  if (const json::object* object = fields.object("thinking")) {
    JsonFields thinking(fields, *object, "thinking");
    std::string type;
    thinking.read("type", type);
    if (type != "enabled" && type != "adaptive" && type != "disabled") {
      thinking.refuse("type",
                      fmt::format("expected enabled, adaptive or disabled, found {}", describe(text_value(type))));
    }
    thinks = type != "disabled";
    if (!thinks) turn_.fields.thought_budget = 0;  // said so: then thoughts that come all the same are cut short
    std::uint32_t budget = 0;
    if (thinking.read("budget_tokens", budget) && thinks) turn_.fields.thought_budget = budget;
    thinking.ignore({"display"});
    if (const Status status = thinking.finish(); !status) fields.refuse(status.error());
  }
  turn_.conversation.variables["enable_thinking"] = thinks;
  if (const json::object* object = fields.object("output_config")) {
    JsonFields config(fields, *object, "output_config");
    std::string effort;
    if (config.read("effort", effort)) turn_.conversation.variables["reasoning_effort"] = text_value(effort);
    read_response_format(config, "format", turn_.fields.form);
    config.ignore({"task_budget"});
    if (const Status status = config.finish(); !status) fields.refuse(status.error());
  }
}

// The name that output_config.format had before.
void Reader::read_output_format(JsonFields& fields) {
  read_response_format(fields, "output_format", turn_.fields.form);
}

// One text is the content; several are its parts.
void Reader::push(Message message, Blocks texts) {
  const bool has_more = !message.calls.empty() || message.reasoning;
  if (texts.size() == 1) {
    message.content = std::move(texts.front().text);
  } else if (!texts.empty()) {
    message.content = std::move(texts);
  } else if (!has_more) {
    return;  // nothing is left of it
  }
  turn_.conversation.messages.push_back(std::move(message));
}

std::string Reader::tool_text(const std::string& name) const {
  const auto found = deferred_.find(name);
  return found == deferred_.end() ? fmt::format("Tool: {}", name) : json::serialize(found->second);
}

// What a tool has said: text, and where it found other tools, these.
std::string Reader::result_text(JsonFields& block) {
  const json::value* content = block.value("content");
  if (content == nullptr) return {};
  if (content->is_string()) return std::string(content->get_string().data(), content->get_string().size());
  if (!content->is_array()) {
    block.refuse("content", fmt::format("expected a string or blocks, found {}", describe(*content)));
    return {};
  }
  std::string out;
  const json::array& parts = content->get_array();
  for (std::size_t i = 0; i < parts.size() && !block.failed(); ++i) {
    const std::string path = fmt::format("content[{}]", i);
    const json::object* object = parts[i].if_object();
    const json::value* type = object == nullptr ? nullptr : object->if_contains("type");
    if (!out.empty()) out += '\n';
    if (type != nullptr && *type == "tool_reference") {
      JsonFields reference(block, *object, path);
      std::string name;
      reference.ignore({"type", "cache_control"});
      if (!reference.read("tool_name", name)) reference.refuse("tool_name", "missing; expected a string");
      if (const Status status = reference.finish(); !status) block.refuse(status.error());
      out += tool_text(name);
    } else if (type != nullptr && *type == "image") {
      block.refuse_unsupported(path + ".type", "this model cannot see");
    } else if (std::optional<std::string> text = text_of(block, parts[i], path)) {
      out += *text;
    }
  }
  return out;
}

void Reader::read_call(JsonFields& block, Message& out) {
  ToolCall call;
  std::string id;
  if (block.read("id", id)) call.id = id;
  if (!block.read("name", call.name)) block.refuse("name", "missing; expected a string");
  const json::object* input = block.object("input");
  call.arguments = input == nullptr ? json::object() : *input;
  names_of_calls_[id] = call.name;
  out.calls.push_back(std::move(call));
}

void Reader::read_result(JsonFields& block) {
  Message result{.role = Role::tool};
  std::string id;
  bool failed = false;
  if (!block.read("tool_use_id", id)) block.refuse("tool_use_id", "missing; expected a string");
  block.read("is_error", failed);
  std::string text = result_text(block);
  if (failed && text.empty()) text = "error";
  result.content = std::move(text);
  if (const auto name = names_of_calls_.find(id); name != names_of_calls_.end()) result.name = name->second;
  result.call_id = std::move(id);
  turn_.conversation.messages.push_back(std::move(result));
}

void Reader::read_block(JsonFields& message, const json::value& value, std::size_t index, Message& out, Blocks& texts) {
  const std::string path = fmt::format("content[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return message.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields block(message, *object, path);
  std::string type, text;
  if (!block.read("type", type)) block.refuse("type", "missing; expected a string");
  block.ignore({"cache_control", "citations", "caller"});
  if (type == "text") {
    if (!block.read("text", text)) block.refuse("text", "missing; expected a string");
    texts.push_back({std::move(text), {}});
  } else if (type == "thinking") {
    if (block.read("thinking", text) && !text.empty()) out.reasoning = out.reasoning.value_or("") + text;
    block.ignore({"signature"});
  } else if (type == "redacted_thinking") {
    block.ignore({"data"});
  } else if (type == "tool_use") {
    if (out.calls.empty()) out.calls_field = message.path_of(path);
    read_call(block, out);
  } else if (type == "tool_result") {
    read_result(block);
  } else if (type == "image") {
    block.refuse_unsupported("type", "this model cannot see");
  } else {
    block.refuse_unsupported("type",
                             fmt::format("only text, thinking, tool_use and tool_result are supported, found {}",
                                         describe(text_value(type))));
  }
  if (const Status status = block.finish(); !status) message.refuse(status.error());
}

void Reader::read_message(JsonFields& fields, const json::value& value, std::size_t index) {
  const std::string path = fmt::format("messages[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return fields.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields message(fields, *object, path);
  std::string role;
  message.read("role", role);
  if (role != "user" && role != "assistant" && role != "system") {
    message.refuse("role", fmt::format("expected user, assistant or system, found {}", describe(text_value(role))));
  }
  Message out{.role = role_of(role).value_or(Role::user)};
  Blocks texts;
  const json::value* content = message.value("content");
  if (content != nullptr && content->is_string()) {
    texts.push_back({std::string(content->get_string().data(), content->get_string().size()), {}});
  } else if (content != nullptr && content->is_array()) {
    const json::array& blocks = content->get_array();
    for (std::size_t i = 0; i < blocks.size() && !message.failed(); ++i) read_block(message, blocks[i], i, out, texts);
  } else {
    message.refuse("content", "expected a string or an array of blocks");
  }
  if (const Status status = message.finish(); !status) return fields.refuse(status.error());
  push(std::move(out), std::move(texts));
}

void Reader::read_messages(JsonFields& fields) {
  const json::array* messages = fields.array("messages");
  const std::size_t n = messages == nullptr ? 0 : messages->size();
  if (n == 0 || n > rules_.limits.max_messages) {
    return fields.refuse("messages",
                         fmt::format("expected an array of 1 to {} messages, found {}", rules_.limits.max_messages, n));
  }
  for (std::size_t i = 0; i < n && !fields.failed(); ++i) read_message(fields, (*messages)[i], i);
}

Result<ChatTurn> Reader::read() {
  JsonFields fields(document_.root, "", rules_.unknown);
  GenerationFields& out = turn_.fields;
  out.sampling = rules_.sampling;
  fields.read("model", out.model);
  fields.unsupported({"thread"});
  read_tools(fields);
  read_system(fields);
  read_messages(fields);
  read_tool_choice(fields);
  read_thinking(fields);
  fields.read("stream", out.stream);
  fields.read("temperature", out.sampling.temperature);
  fields.read("top_p", out.sampling.top_p);
  fields.read("top_k", out.sampling.top_k);
  std::uint32_t max_tokens = 0;
  if (fields.read("max_tokens", max_tokens, 1)) out.max_tokens = max_tokens;
  std::vector<std::string> stops;
  if (fields.read("stop_sequences", stops)) {
    check_stops(fields, rules_.limits, "stop_sequences", stops);
    out.stop = std::move(stops);
  }
  read_output_format(fields);
  read_scheduling(fields, rules_.limits, out);
  // Of Anthropic's servers, or without effect on the answer.
  fields.ignore({"metadata", "context_management", "service_tier", "container", "betas", "cache_control", "mcp_servers",
                 "inference_geo", "speed", "user_profile_id"});
  QUERN_CHECK(finish_fields(fields, rules_, out));
  return std::move(turn_);
}

}  // namespace

Result<ChatTurn> parse_messages_request(const Document& document, const RequestRules& rules) {
  return Reader(document, rules).read();
}

}  // namespace quern::server
