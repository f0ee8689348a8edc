#include "server/api/chat_prompt.hpp"

#include <limits>
#include <utility>

namespace quern::server {
namespace {

namespace chat = engine::chat;
namespace jinja = engine::chat::jinja;
using jinja::Value;

Value to_value(jinja::Heap& heap, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return Value::none();
    case json::kind::bool_:
      return Value::boolean(value.get_bool());
    case json::kind::int64:
      return Value::integer(value.get_int64());
    case json::kind::uint64:
      if (value.get_uint64() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
        return Value::real(static_cast<double>(value.get_uint64()));
      return Value::integer(static_cast<std::int64_t>(value.get_uint64()));
    case json::kind::double_:
      return Value::real(value.get_double());
    case json::kind::string:
      return Value::string(heap, std::string(value.get_string().data(), value.get_string().size()));
    case json::kind::array: {
      std::vector<Value> items;
      items.reserve(value.get_array().size());
      for (const json::value& item : value.get_array()) items.push_back(to_value(heap, item));
      return jinja::make_list(heap, std::move(items));
    }
    case json::kind::object: {
      Value out(jinja::make_dict(heap));
      for (const auto& [key, item] : value.get_object())
        out.as_dict().set(std::string_view(key.data(), key.size()), to_value(heap, item));
      return out;
    }
  }
  return Value::none();
}

Status fill(chat::Inputs& inputs, const ChatRequest& request) {
  try {
    jinja::Heap& heap = *inputs.heap;
    std::vector<Value> messages;
    for (const json::value& message : request.messages) messages.push_back(to_value(heap, message));
    inputs.messages = jinja::make_list(heap, std::move(messages));
    inputs.tools = to_value(heap, request.tools);
    inputs.add_generation_prompt = request.add_generation_prompt;
    for (const auto& [name, value] : request.template_variables)
      inputs.variables.emplace_back(std::string(name.data(), name.size()), to_value(heap, value));
  } catch (const jinja::FailureException& e) {
    return fail_field("messages", "{}", e.failure.message);
  }
  return {};
}

}  // namespace

Status check_template(const ChatRequest& request, const chat::TemplateSet& templates) {
  QUERN_TRY(const chat::Template* const chosen, templates.pick(!request.tools.is_null()));
  const auto require = [chosen](bool is_given, const char* field) -> Status {
    if (!is_given || chosen->mentions(field)) return {};
    Error error = fail_field(field, "the chat template '{}' has no place for it", chosen->name());
    error.code = Errc::unsupported;
    return error;
  };
  QUERN_CHECK(require(!request.tools.is_null(), "tools"));
  return require(request.forces_tools, "tool_choice");
}

Result<std::string> render_prompt(const ChatRequest& request, const chat::TemplateSet& templates,
                                  const jinja::Limits& limits, std::uint64_t& n_steps) {
  chat::Inputs inputs(limits);
  const Status filled = fill(inputs, request);
  Result<std::string> text = filled ? templates.render(inputs) : Result<std::string>(filled.error());
  n_steps = inputs.heap->steps();
  return text;
}

Result<std::string> render_prompt(const ChatRequest& request, Effort& effort) {
  std::uint64_t n_steps = 0;
  Result<std::string> text = render_prompt(request, effort.services().chat, effort.template_limits(), n_steps);
  QUERN_CHECK(effort.rendered(n_steps));
  return text;
}

}  // namespace quern::server
