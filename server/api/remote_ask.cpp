#include "server/api/remote_ask.hpp"

#include <array>
#include <utility>

#include <boost/json/serialize.hpp>

namespace quern::server {
namespace {

// What is passed on under the name that the request has for it, and only where the request says it.
constexpr std::array<std::string_view, 26> kSampling{"temperature",
                                                     "top_p",
                                                     "top_k",
                                                     "min_p",
                                                     "typical_p",
                                                     "top_n_sigma",
                                                     "seed",
                                                     "frequency_penalty",
                                                     "presence_penalty",
                                                     "repeat_penalty",
                                                     "repetition_penalty",
                                                     "repeat_last_n",
                                                     "logit_bias",
                                                     "mirostat",
                                                     "mirostat_tau",
                                                     "mirostat_eta",
                                                     "xtc_probability",
                                                     "xtc_threshold",
                                                     "dry_multiplier",
                                                     "dry_base",
                                                     "dry_allowed_length",
                                                     "dry_penalty_last_n",
                                                     "dry_sequence_breakers",
                                                     "dynatemp_range",
                                                     "dynatemp_exponent",
                                                     "min_keep"};

void add_sampling(const json::object& from, json::object& out) {
  for (const std::string_view name : kSampling) {
    const json::value* const value = from.if_contains(json::string_view(name.data(), name.size()));
    if (value != nullptr && !value->is_null()) out[json::string_view(name.data(), name.size())] = *value;
  }
}

// About what values take of memory.
std::uint64_t memory_of(const json::value& value);
std::uint64_t memory_of(const json::array& items) {
  std::uint64_t n = 0;
  for (const json::value& item : items) n += memory_of(item);
  return n;
}
std::uint64_t memory_of(const json::object& members) {
  std::uint64_t n = 0;
  for (const auto& [key, item] : members) n += key.size() + 2 * sizeof(void*) + memory_of(item);
  return n;
}
std::uint64_t memory_of(const json::value& value) {
  std::uint64_t n = sizeof(json::value);
  if (const json::string* text = value.if_string()) n += text->size();
  if (const json::array* items = value.if_array()) n += memory_of(*items);
  if (const json::object* members = value.if_object()) n += memory_of(*members);
  return n;
}

models::RemoteAsk::Form form_of(AnswerForm::Kind kind) noexcept {
  using Form = models::RemoteAsk::Form;
  switch (kind) {
    case AnswerForm::Kind::free:
      return Form::free;
    case AnswerForm::Kind::json_object:
      return Form::json_object;
    case AnswerForm::Kind::json_schema:
      return Form::json_schema;
    case AnswerForm::Kind::regex:
      return Form::regex;
    case AnswerForm::Kind::choice:
      return Form::choice;
    case AnswerForm::Kind::gbnf:
      return Form::gbnf;
  }
  return Form::free;
}

void add_fields(models::RemoteAsk& out, const GenerationFields& fields, const Effort& effort) {
  if (effort.root() != nullptr) {
    add_sampling(*effort.root(), out.sampling);
    const json::value* const options = effort.root()->if_contains("options");  // of Ollama
    if (options != nullptr && options->is_object()) add_sampling(options->get_object(), out.sampling);
  }
  out.form = form_of(fields.form.kind);
  out.schema = fields.form.schema;
  out.strict = fields.form.strict;
  out.form_text = fields.form.text;
  out.choices = fields.form.choices;
  out.thought_budget = fields.thought_budget;
  if (fields.max_tokens && *fields.max_tokens != kWhatFits) out.max_tokens = fields.max_tokens;
  out.stop = fields.stop;
  out.n = fields.n;
  out.logprobs = fields.logprobs.wanted;
  out.n_top = static_cast<std::uint32_t>(fields.logprobs.n_top);
  // As they are, and once more as the body of the request for the upstream.
  out.n_bytes += 2 * (memory_of(out.messages) + memory_of(out.tools) + memory_of(out.schema) + memory_of(out.sampling));
}

// As OpenAI's API has it: arguments are text.
json::object message_of(const Message& message) {
  json::object out = template_message(message);
  json::value* const calls = out.if_contains("tool_calls");
  if (calls == nullptr) return out;
  for (json::value& call : calls->as_array()) {
    json::value& arguments = call.as_object()["function"].as_object()["arguments"];
    if (!arguments.is_string()) arguments = json::value(json::serialize(arguments));
  }
  return out;
}

}  // namespace

Result<std::shared_ptr<const models::RemoteAsk>> ask_of(const ChatTurn& turn, const Effort& effort) {
  const Conversation& conversation = turn.conversation;
  if (!conversation.wide.empty()) {
    return only_here(effort.root() != nullptr && effort.root()->contains("input") ? "input" : "messages",
                     effort.model());
  }
  auto out = std::make_shared<models::RemoteAsk>();
  for (const Message& message : conversation.messages) out->messages.push_back(message_of(message));
  for (const Tool& tool : conversation.tools) out->tools.push_back(tool.definition);
  out->calls = conversation.calls == Conversation::Calls::automatic  ? models::RemoteAsk::Calls::automatic
               : conversation.calls == Conversation::Calls::required ? models::RemoteAsk::Calls::required
                                                                     : models::RemoteAsk::Calls::named;
  out->called_tool = conversation.called_tool;
  out->parallel_calls = conversation.parallel_calls;
  out->variables = conversation.variables;
  add_fields(*out, turn.fields, effort);
  return out;
}

std::shared_ptr<const models::RemoteAsk> ask_of(std::vector<std::string> prompts, const GenerationFields& fields,
                                                const Effort& effort) {
  auto out = std::make_shared<models::RemoteAsk>();
  out->chat = false;
  for (const std::string& prompt : prompts) out->n_bytes += 3 * prompt.size();
  out->prompts = std::move(prompts);
  add_fields(*out, fields, effort);
  return out;
}

Error only_here(std::string field, const models::ServedModel& model) {
  Error error = fail_field(std::move(field), "cannot be passed on: the model '{}' is on another server", model.id);
  error.code = Errc::unsupported;
  return error;
}

}  // namespace quern::server
