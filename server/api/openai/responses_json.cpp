#include "server/api/openai/responses_json.hpp"

#include "server/api/sampling_json.hpp"

#include <algorithm>
#include <utility>

namespace quern::server {
namespace {

class Reader {
 public:
  Reader(const Document& document, const RequestRules& rules) : document_(document), rules_(rules) {
    turn_.conversation.wide = document.wide;
  }
  Result<ChatTurn> read();

 private:
  void read_input(JsonFields& fields);
  void read_item(JsonFields& fields, const json::value& value, std::size_t index);
  void read_message(JsonFields& item);
  void read_call(JsonFields& item, const std::string& path);
  void read_call_output(JsonFields& item);
  void read_reasoning(JsonFields& item);
  std::vector<TextPart> read_parts(JsonFields& item, std::string_view key);
  void read_tools(JsonFields& fields, std::string_view key);
  void read_function(JsonFields& tool);
  void read_tool_choice(JsonFields& fields);
  void read_chosen_tool(JsonFields& fields, const json::object& object);
  void read_text(JsonFields& fields);
  void read_logprobs(JsonFields& fields);
  Message& assistant(bool fresh);

  const Document& document_;
  const RequestRules& rules_;
  ChatTurn turn_;
};

// What an assistant thinks, says and calls in a row is one message of it.
Message& Reader::assistant(bool fresh) {
  std::vector<Message>& messages = turn_.conversation.messages;
  if (fresh || messages.empty() || messages.back().role != Role::assistant)
    messages.push_back({.role = Role::assistant});
  return messages.back();
}

bool is_empty(const Content& content) noexcept {
  return std::holds_alternative<std::monostate>(content);
}

// A string, or parts of text under several names.
std::vector<TextPart> Reader::read_parts(JsonFields& item, std::string_view key) {
  std::vector<TextPart> out;
  const json::value* content = item.value(key);
  if (content == nullptr) return out;
  if (content->is_string()) {
    out.push_back({std::string(content->get_string().data(), content->get_string().size()), {}});
    return out;
  }
  if (!content->is_array()) {
    item.refuse(key, fmt::format("expected a string or an array, found {}", describe(*content)));
    return out;
  }
  const json::array& parts = content->get_array();
  for (std::size_t i = 0; i < parts.size() && !item.failed(); ++i) {
    const std::string path = fmt::format("{}[{}]", key, i);
    const json::object* object = parts[i].if_object();
    if (object == nullptr) {
      item.refuse(path, fmt::format("expected an object, found {}", describe(parts[i])));
      break;
    }
    JsonFields part(item, *object, path);
    std::string type, text;
    part.read("type", type);
    const bool is_text = type == "input_text" || type == "output_text" || type == "text" || type == "reasoning_text" ||
                         type == "summary_text";
    if (type == "refusal") {
      part.read("refusal", text);
    } else if (!is_text) {
      part.refuse_unsupported("type", fmt::format("only text is supported, found {}", describe(text_value(type))));
    } else if (!part.read("text", text)) {
      part.refuse("text", "missing; expected a string");
    }
    part.ignore({"annotations", "logprobs", "cache_control"});
    if (const Status status = part.finish(); !status) item.refuse(status.error());
    out.push_back({std::move(text), {}});
  }
  return out;
}

Content content_of(std::vector<TextPart> parts) {
  if (parts.size() == 1) return std::move(parts.front().text);
  if (parts.empty()) return std::string();
  return parts;
}

void Reader::read_message(JsonFields& item) {
  std::string role;
  item.read("role", role);
  const std::optional<Role> known = role_of(role);
  if (!known || *known == Role::tool) {
    return item.refuse(
        "role", fmt::format("expected user, assistant, system or developer, found {}", describe(text_value(role))));
  }
  Content content = content_of(read_parts(item, "content"));
  item.ignore({"id", "status", "phase"});
  if (*known == Role::assistant) {
    const std::vector<Message>& messages = turn_.conversation.messages;
    const bool said = !messages.empty() && (!is_empty(messages.back().content) || !messages.back().calls.empty());
    assistant(said).content = std::move(content);
  } else {
    turn_.conversation.messages.push_back({.role = *known, .content = std::move(content)});
  }
}

void Reader::read_call(JsonFields& item, const std::string& path) {
  ToolCall call;
  std::string id, arguments;
  if (!item.read("call_id", id)) item.refuse("call_id", "missing; expected a string");
  if (!item.read("name", call.name)) item.refuse("name", "missing; expected a string");
  item.read("arguments", arguments);
  item.ignore({"id", "status", "namespace"});
  call.id = std::move(id);
  call.arguments = text_value(arguments);
  Message& message = assistant(false);
  if (message.calls.empty()) message.calls_field = path;
  message.calls.push_back(std::move(call));
}

void Reader::read_call_output(JsonFields& item) {
  Message out{.role = Role::tool};
  std::string id;
  if (!item.read("call_id", id)) item.refuse("call_id", "missing; expected a string");
  item.ignore({"id", "status"});
  out.content = content_of(read_parts(item, "output"));
  for (const Message& message : turn_.conversation.messages) {
    for (const ToolCall& call : message.calls) {
      if (call.id == id) out.name = call.name;
    }
  }
  out.call_id = std::move(id);
  turn_.conversation.messages.push_back(std::move(out));
}

void Reader::read_reasoning(JsonFields& item) {
  std::string text;
  for (const TextPart& part : read_parts(item, "content")) text += part.text;
  const std::vector<TextPart> summary = read_parts(item, "summary");
  item.ignore({"id", "status", "encrypted_content"});
  if (text.empty()) return;  // what only its server could read
  const std::vector<Message>& messages = turn_.conversation.messages;
  const bool said = !messages.empty() && messages.back().role == Role::assistant &&
                    (!is_empty(messages.back().content) || !messages.back().calls.empty());
  Message& message = assistant(said);
  message.reasoning = message.reasoning.value_or("") + text;
}

void Reader::read_item(JsonFields& fields, const json::value& value, std::size_t index) {
  const std::string path = fmt::format("input[{}]", index);
  const json::object* object = value.if_object();
  if (object == nullptr) return fields.refuse(path, fmt::format("expected an object, found {}", describe(value)));
  JsonFields item(fields, *object, path);
  std::string type = "message";
  item.read("type", type);
  if (type == "message") {
    read_message(item);
  } else if (type == "function_call") {
    read_call(item, path);
  } else if (type == "function_call_output") {
    read_call_output(item);
  } else if (type == "reasoning") {
    read_reasoning(item);
  } else {
    item.refuse_unsupported("type", fmt::format("only message, function_call, function_call_output and reasoning are "
                                                "supported, found {}",
                                                describe(text_value(type))));
  }
  if (const Status status = item.finish(); !status) fields.refuse(status.error());
}

void Reader::read_input(JsonFields& fields) {
  std::vector<Message>& messages = turn_.conversation.messages;
  std::string instructions;
  if (fields.read("instructions", instructions) && !instructions.empty()) {
    messages.push_back({.role = Role::system, .content = std::move(instructions)});
  }
  const json::value* input = fields.value("input");
  if (input == nullptr) return fields.refuse("input", "missing; expected a string or an array of items");
  if (input->is_string()) {
    messages.push_back(
        {.role = Role::user, .content = std::string(input->get_string().data(), input->get_string().size())});
    return;
  }
  if (!input->is_array())
    return fields.refuse("input", fmt::format("expected a string or an array, found {}", describe(*input)));
  const json::array& items = input->get_array();
  if (items.empty() || items.size() > rules_.limits.max_messages) {
    return fields.refuse("input",
                         fmt::format("expected 1 to {} items, found {}", rules_.limits.max_messages, items.size()));
  }
  for (std::size_t i = 0; i < items.size() && !fields.failed(); ++i) read_item(fields, items[i], i);
}

void Reader::read_function(JsonFields& tool) {
  std::string name;
  if (!tool.read("name", name) || name.empty()) tool.refuse("name", "missing; expected a string");
  json::object function{{"name", text_value(name)}};
  if (const json::value* description = tool.value("description")) function["description"] = *description;
  const json::object* parameters = tool.object("parameters");
  function["parameters"] = parameters == nullptr ? json::object{{"type", "object"}} : *parameters;
  bool strict = false;
  tool.read("strict", strict);
  tool.ignore({"type", "defer_loading"});
  turn_.conversation.tools.push_back({.name = std::move(name),
                                      .strict = strict,
                                      .definition = {{"type", "function"}, {"function", std::move(function)}}});
}

// A namespace is a group of functions; tools that OpenAI's servers would run are left out: the model is not told of
// them.
void Reader::read_tools(JsonFields& fields, std::string_view key) {
  const json::array* tools = fields.array(key);
  for (std::size_t i = 0; tools != nullptr && i < tools->size() && !fields.failed(); ++i) {
    const std::string path = fmt::format("{}[{}]", key, i);
    const json::object* object = (*tools)[i].if_object();
    if (object == nullptr)
      return fields.refuse(path, fmt::format("expected an object, found {}", describe((*tools)[i])));
    JsonFields tool(fields, *object, path);
    std::string type;
    tool.read("type", type);
    if (type == "function") {
      read_function(tool);
    } else if (type == "namespace") {
      tool.ignore({"name", "description"});
      read_tools(tool, "tools");
    } else {
      continue;
    }
    if (const Status status = tool.finish(); !status) return fields.refuse(status.error());
  }
}

// {"type": "function", "name"}, or {"type": "allowed_tools", "mode", "tools"}: fewer of them.
void Reader::read_chosen_tool(JsonFields& fields, const json::object& object) {
  JsonFields choice(fields, object, "tool_choice");
  Conversation& conversation = turn_.conversation;
  std::string type, name, mode;
  choice.read("type", type);
  const auto is_known = [&](std::string_view wanted) {
    return std::ranges::any_of(conversation.tools, [&](const Tool& tool) { return tool.name == wanted; });
  };
  if (type == "allowed_tools") {
    choice.read("mode", mode);
    if (mode != "required") conversation.calls = Conversation::Calls::automatic;
    const json::array* const allowed = choice.array("tools");
    std::erase_if(conversation.tools, [&](const Tool& tool) {
      return allowed != nullptr && std::ranges::none_of(*allowed, [&](const json::value& one) {
               const json::value* const of = one.is_object() ? one.get_object().if_contains("name") : nullptr;
               return of != nullptr && *of == json::string_view(tool.name);
             });
    });
  } else if (type == "function") {
    if (!choice.read("name", name)) choice.refuse("name", "missing; expected a string");
    if (!choice.failed() && !is_known(name)) choice.refuse("name", fmt::format("no tool is called \"{}\"", name));
    conversation.calls = Conversation::Calls::named;
    conversation.called_tool = std::move(name);
  } else {
    choice.refuse_unsupported("type", "only function and allowed_tools are supported");
  }
  if (const Status status = choice.finish(); !status) fields.refuse(status.error());
}

void Reader::read_tool_choice(JsonFields& fields) {
  const json::value* choice = fields.value("tool_choice");
  if (choice == nullptr || *choice == "auto") return;
  Conversation& conversation = turn_.conversation;
  if (*choice == "none") {
    conversation.tools.clear();
  } else if (*choice == "required" || choice->is_object()) {
    conversation.calls = Conversation::Calls::required;
    if (const json::object* const object = choice->if_object()) read_chosen_tool(fields, *object);
    conversation.variables["tool_choice"] = *choice;
  } else {
    fields.refuse("tool_choice",
                  fmt::format("expected none, auto, required or an object, found {}", describe(*choice)));
  }
}

// {"format", "verbosity"}
void Reader::read_text(JsonFields& fields) {
  const json::object* object = fields.object("text");
  if (object == nullptr) return;
  JsonFields text(fields, *object, "text");
  read_response_format(text, "format", turn_.fields.form);
  text.ignore({"verbosity"});
  if (const Status status = text.finish(); !status) fields.refuse(status.error());
}

// Both ways to ask for them; what else may be included is nothing that there is here.
void Reader::read_logprobs(JsonFields& fields) {
  engine::sampling::LogprobWish& out = turn_.fields.logprobs;
  read_n_top(fields, "top_logprobs", out);
  std::vector<std::string> include;
  fields.read("include", include);
  out.wanted = out.n_top > 0 || std::ranges::find(include, "message.output_text.logprobs") != include.end();
}

Result<ChatTurn> Reader::read() {
  JsonFields fields(document_.root, "", rules_.unknown);
  GenerationFields& out = turn_.fields;
  out.sampling = rules_.sampling;
  fields.read("model", out.model);
  read_input(fields);
  read_tools(fields, "tools");
  read_tool_choice(fields);
  read_text(fields);
  read_logprobs(fields);
  fields.read("stream", out.stream);
  fields.read("temperature", out.sampling.temperature);
  fields.read("top_p", out.sampling.top_p);
  std::uint32_t max_tokens = 0;
  if (fields.read("max_output_tokens", max_tokens, 1)) out.max_tokens = max_tokens;
  if (const json::object* object = fields.object("reasoning")) {
    JsonFields reasoning(fields, *object, "reasoning");
    std::string effort;
    if (reasoning.read("effort", effort)) turn_.conversation.variables["reasoning_effort"] = text_value(effort);
    if (effort == "none") out.thought_budget = 0;
    reasoning.ignore({"summary", "generate_summary", "context"});
    if (const Status status = reasoning.finish(); !status) fields.refuse(status.error());
  }
  fields.read("parallel_tool_calls", turn_.conversation.parallel_calls);
  read_scheduling(fields, rules_.limits, out);
  fields.unsupported({"conversation", "background", "prompt"});
  // Without effect, or read before the model was known (responses_document.hpp).
  fields.ignore({"store", "previous_response_id", "metadata", "client_metadata", "user", "safety_identifier",
                 "prompt_cache_key", "prompt_cache_retention", "service_tier", "truncation", "max_tool_calls",
                 "stream_options"});
  QUERN_CHECK(finish_fields(fields, rules_, out));
  return std::move(turn_);
}

}  // namespace

Result<ChatTurn> parse_responses_request(const Document& document, const RequestRules& rules) {
  return Reader(document, rules).read();
}

}  // namespace quern::server
