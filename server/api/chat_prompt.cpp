#include "server/api/chat_prompt.hpp"

#include "engine/chat/jinja/integers.hpp"

#include <string>
#include <utility>

namespace quern::server {
namespace {

namespace chat = engine::chat;
namespace jinja = engine::chat::jinja;
using jinja::Value;

Value whole_number(jinja::Heap& heap, std::string_view digits) {
  return jinja::read_integer(heap, digits, 10).value_or(Value::none());
}

// wide: what the numbers beyond 64 bits are.
Value to_value(jinja::Heap& heap, const json::value& value, const WideIntegers& wide) {
  switch (value.kind()) {
    case json::kind::null:
      return Value::none();
    case json::kind::bool_:
      return Value::boolean(value.get_bool());
    case json::kind::int64:
      return Value::integer(value.get_int64());
    case json::kind::uint64:
      return whole_number(heap, std::to_string(value.get_uint64()));
    case json::kind::double_:
      if (const auto index = wide_index(value.get_double()); index) return whole_number(heap, wide.at(*index));
      return Value::real(value.get_double());
    case json::kind::string:
      return Value::string(heap, std::string(value.get_string().data(), value.get_string().size()));
    case json::kind::array: {
      std::vector<Value> items;
      items.reserve(value.get_array().size());
      for (const json::value& item : value.get_array()) items.push_back(to_value(heap, item, wide));
      return jinja::make_list(heap, std::move(items));
    }
    case json::kind::object: {
      Value out(jinja::make_dict(heap));
      for (const auto& [key, item] : value.get_object())
        out.as_dict().set(std::string_view(key.data(), key.size()), to_value(heap, item, wide));
      return out;
    }
  }
  return Value::none();
}

Status fill(chat::Inputs& inputs, const Conversation& conversation) {
  try {
    jinja::Heap& heap = *inputs.heap;
    const WideIntegers& wide = conversation.wide;
    std::vector<Value> messages, tools;
    for (const Message& message : conversation.messages) {
      messages.push_back(to_value(heap, template_message(message), wide));
    }
    for (const Tool& tool : conversation.tools) tools.push_back(to_value(heap, tool.definition, wide));
    inputs.messages = jinja::make_list(heap, std::move(messages));
    inputs.tools = tools.empty() ? Value::none() : jinja::make_list(heap, std::move(tools));
    inputs.add_generation_prompt = conversation.add_generation_prompt;
    for (const auto& [name, value] : conversation.variables) {
      inputs.variables.emplace_back(std::string(name.data(), name.size()), to_value(heap, value, wide));
    }
  } catch (const jinja::FailureException& e) {
    return fail_field("messages", "{}", e.failure.message);
  }
  return {};
}

}  // namespace

Status check_template(const Conversation& conversation, const chat::TemplateSet& templates) {
  QUERN_TRY(const chat::Template* const chosen, templates.pick(!conversation.tools.empty()));
  const auto require = [chosen](bool is_given, const std::string& field, bool has_place) -> Status {
    if (!is_given || has_place) return {};
    Error error = fail_field(field, "the chat template '{}' has no place for it", chosen->name());
    error.code = Errc::unsupported;
    return error;
  };
  for (std::size_t i = 0; i < conversation.messages.size(); ++i) {
    const bool calls = !conversation.messages[i].calls.empty();
    QUERN_CHECK(require(calls, fmt::format("messages[{}].tool_calls", i), chosen->traits().takes_calls));
  }
  QUERN_CHECK(require(!conversation.tools.empty(), "tools", chosen->mentions("tools")));
  return require(conversation.forces_call, "tool_choice", chosen->mentions("tool_choice"));
}

Result<std::string> render_prompt(const Conversation& conversation, const chat::TemplateSet& templates,
                                  const jinja::Limits& limits, std::uint64_t& n_steps) {
  chat::Inputs inputs(limits);
  const Status filled = fill(inputs, conversation);
  Result<std::string> text = filled ? templates.render(inputs) : Result<std::string>(filled.error());
  n_steps = inputs.heap->steps();
  return text;
}

Result<std::string> render_prompt(const Conversation& conversation, Effort& effort) {
  std::uint64_t n_steps = 0;
  Result<std::string> text = render_prompt(conversation, effort.model().chat, effort.template_limits(), n_steps);
  QUERN_CHECK(effort.rendered(n_steps));
  return text;
}

Result<ChatRequest> read_chat_request(const Document& document, Effort& effort) {
  const models::ServedModel& model = effort.model();
  QUERN_TRY(ChatRequest request, parse_chat_request(document, effort.rules()));
  QUERN_CHECK(check_template(request.conversation, model.chat));
  return request;
}

}  // namespace quern::server
