#include "server/api/chat_turn.hpp"

#include "engine/chat/jinja/integers.hpp"
#include "server/api/constrain.hpp"
#include "server/api/remote_ask.hpp"

#include <algorithm>
#include <iterator>
#include <optional>
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

// A request that wants no thoughts says so to templates that can be told.
// What the model's own settings begin conversations with.
void add_opening(Conversation& conversation, const models::ServedModel& model) {
  std::vector<Message> opening;
  const bool has_system = std::ranges::any_of(conversation.messages, [](const Message& message) {
    return message.role == Role::system || message.role == Role::developer;
  });
  if (!model.system.empty() && !has_system) opening.push_back({.role = Role::system, .content = model.system});
  for (const auto& [role, text] : model.opening)
    opening.push_back({.role = role_of(role).value_or(Role::user), .content = text});
  if (opening.empty()) return;
  // Behind the request's own system text.
  auto place = conversation.messages.begin();
  if (has_system && place != conversation.messages.end() && place->role != Role::user) ++place;
  conversation.messages.insert(place, std::make_move_iterator(opening.begin()), std::make_move_iterator(opening.end()));
}

void switch_thinking(ChatTurn& turn, const models::ServedModel& model) {
  const auto& reasoning = model.formats(!turn.conversation.tools.empty()).reasoning;
  if (reasoning == nullptr || turn.fields.thought_budget != 0u) return;
  json::object& variables = turn.conversation.variables;
  if (!reasoning->flag.empty() && !variables.contains(reasoning->flag)) variables[reasoning->flag] = false;
  if (!reasoning->no_effort.empty() && !variables.contains("reasoning_effort")) {
    variables["reasoning_effort"] = text_value(reasoning->no_effort);
  }
}

// Thoughts that a template opens whatever it is told are closed at once where none are wanted.
void close_thoughts(const Prepared& prepared, const models::ServedModel::AnswerFormats& formats, std::string& prompt) {
  const auto& reasoning = formats.reasoning;
  if (reasoning == nullptr || reasoning->channels || prepared.fields.thought_budget != 0u) return;
  if (reasoning->start(prompt) != engine::tools::ThinkingStart::inside) return;
  prompt += reasoning->closing.empty() ? reasoning->end : reasoning->closing;
}

std::string plain_text(const Content& content) {
  if (const auto* text = std::get_if<std::string>(&content)) return *text;
  std::string out;
  if (const auto* parts = std::get_if<std::vector<TextPart>>(&content)) {
    for (const TextPart& part : *parts) out += (out.empty() ? "" : "\n") + part.text;
  }
  return out;
}

bool is_system(const Message& message) noexcept {
  return message.role == Role::system || message.role == Role::developer;
}

// Many templates look for system messages at the beginning only. What another one says would be lost without a word.
bool loses_late_system(const Conversation& conversation, std::string_view prompt) {
  constexpr std::size_t kLooked = 64;
  for (std::size_t i = 1; i < conversation.messages.size(); ++i) {
    const Message& message = conversation.messages[i];
    if (!is_system(message) || is_system(conversation.messages[i - 1])) continue;
    std::string text = plain_text(message.content);
    text.erase(0, std::min(text.find_first_not_of(" \t\r\n"), text.size()));
    text.resize(std::min({text.size(), kLooked, text.find('\n')}));
    if (!text.empty() && prompt.find(text) == std::string_view::npos) return true;
  }
  return false;
}

// The conversation for templates that want user and assistant in turns and system messages first: a late system
// message is said by the user, and what one says in a row is one message. nullopt: it is so already.
std::optional<Conversation> in_turns(const Conversation& conversation) {
  Conversation out = conversation;
  out.messages.clear();
  bool changed = false;
  for (const Message& message : conversation.messages) {
    Message next = message;
    const bool late = is_system(next) && !out.messages.empty() && !is_system(out.messages.back());
    if (late) next.role = Role::user;
    const bool joins = !out.messages.empty() && out.messages.back().role == next.role && next.role != Role::tool &&
                       next.calls.empty() && out.messages.back().calls.empty();
    changed = changed || late || joins;
    if (!joins) {
      out.messages.push_back(std::move(next));
      continue;
    }
    Message& last = out.messages.back();
    last.content = plain_text(last.content) + "\n\n" + plain_text(next.content);
    if (next.reasoning) last.reasoning = last.reasoning ? *last.reasoning + "\n\n" + *next.reasoning : *next.reasoning;
  }
  return changed ? std::optional(std::move(out)) : std::nullopt;
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
  for (const Message& message : conversation.messages) {
    QUERN_CHECK(require(!message.calls.empty(), message.calls_field, chosen->traits().takes_calls));
  }
  return require(!conversation.tools.empty(), "tools", chosen->takes_tools());
}

Result<std::string> render_prompt(const Conversation& conversation, const chat::TemplateSet& templates,
                                  const jinja::Limits& limits, std::uint64_t& n_steps) {
  chat::Inputs inputs(limits);
  const Status filled = fill(inputs, conversation);
  Result<std::string> text = filled ? templates.render(inputs) : Result<std::string>(filled.error());
  n_steps = inputs.heap->steps();
  return text;
}

Result<std::string> render_turn(const Conversation& conversation, Effort& effort) {
  const chat::TemplateSet& templates = effort.model().chat;
  QUERN_CHECK(check_template(conversation, templates));
  std::uint64_t n_steps = 0;
  Result<std::string> text = render_prompt(conversation, templates, effort.template_limits(), n_steps);
  QUERN_CHECK(effort.rendered(n_steps));
  if (text && !loses_late_system(conversation, *text)) return text;
  std::optional<Conversation> plain = in_turns(conversation);
  if (!plain) return text;
  std::uint64_t n_more = 0;
  Result<std::string> again = render_prompt(*plain, templates, effort.template_limits(), n_more);
  QUERN_CHECK(effort.rendered(n_steps + n_more));
  return again || text ? again : text;
}

Result<Prepared> prepare_turn(ChatTurn turn, std::string_view prompt_field, std::string_view endpoint, Effort& effort) {
  const models::ServedModel& model = effort.model();
  add_opening(turn.conversation, model);
  std::shared_ptr<const models::RemoteAsk> ask;
  if (model.takes_asks) {
    QUERN_TRY(ask, ask_of(turn, effort));
  }
  if (!model.is_local()) {
    if (ask->calls != models::RemoteAsk::Calls::automatic && ask->tools.empty()) {
      return fail_field("tool_choice", "asks for a call, and there are no tools");
    }
    return Prepared{
        .fields = std::move(turn.fields), .prompt_field = prompt_field, .endpoint = endpoint, .ask = std::move(ask)};
  }
  switch_thinking(turn, model);
  QUERN_TRY(std::string text, render_turn(turn.conversation, effort));
  if (turn.conversation.calls != Conversation::Calls::automatic && turn.conversation.tools.empty()) {
    return fail_field("tool_choice", "asks for a call, and there are no tools");
  }
  Prepared out{.fields = std::move(turn.fields),
               .prompt_field = prompt_field,
               .endpoint = endpoint,
               .template_stops = model.chat->ends().strings,
               .stop_tokens = model.chat->ends().tokens,
               .ask = std::move(ask)};
  out.template_stops.insert(out.template_stops.end(), model.stops.begin(), model.stops.end());
  close_thoughts(out, model.formats(!turn.conversation.tools.empty()), text);
  QUERN_CHECK(constrain(turn.conversation, text, out, effort));
  QUERN_CHECK(add_prompt(out, text, model.chat->encode_options(text), std::string(prompt_field), effort));
  return out;
}

}  // namespace quern::server
