#include "models/remote/kinds.hpp"

#include <string>
#include <utility>

namespace quern::models {
namespace {

namespace json = boost::json;

json::array texts_of(const std::vector<std::string>& texts) {
  json::array out;
  for (const std::string& text : texts) out.emplace_back(text);
  return out;
}

void add_tools(const RemoteAsk& ask, json::object& body) {
  if (ask.tools.empty()) return;
  body["tools"] = ask.tools;
  if (!ask.parallel_calls) body["parallel_tool_calls"] = false;
  if (ask.calls == RemoteAsk::Calls::required) body["tool_choice"] = "required";
  if (ask.calls == RemoteAsk::Calls::named) {
    body["tool_choice"] = json::object{{"type", "function"}, {"function", json::object{{"name", ask.called_tool}}}};
  }
}

void add_form(const RemoteAsk& ask, json::object& body) {
  switch (ask.form) {
    case RemoteAsk::Form::free:
      return;
    case RemoteAsk::Form::json_object:
      body["response_format"] = json::object{{"type", "json_object"}};
      return;
    case RemoteAsk::Form::json_schema: {
      json::object schema{{"name", "answer"}, {"schema", ask.schema}, {"strict", ask.strict}};
      body["response_format"] = json::object{{"type", "json_schema"}, {"json_schema", std::move(schema)}};
      return;
    }
    case RemoteAsk::Form::regex:
      body["guided_regex"] = ask.form_text;
      return;
    case RemoteAsk::Form::choice:
      body["guided_choice"] = texts_of(ask.choices);
      return;
    case RemoteAsk::Form::gbnf:
      body["grammar"] = ask.form_text;
      return;
  }
}

}  // namespace

Result<quern::net::HttpRequest> OpenAiUpstream::request(const RemoteAsk& ask, const Upstream& upstream) const {
  json::object body = ask.sampling;
  body["model"] = upstream.model;
  body["stream"] = true;
  body["stream_options"] = json::object{{"include_usage", true}};
  if (ask.max_tokens) body["max_tokens"] = *ask.max_tokens;
  if (!ask.stop.empty()) body["stop"] = texts_of(ask.stop);
  if (ask.n > 1) body["n"] = ask.n;
  add_form(ask, body);
  if (!ask.chat) {
    body["prompt"] = ask.prompts.size() == 1 ? json::value(ask.prompts.front()) : json::value(texts_of(ask.prompts));
    if (ask.logprobs) body["logprobs"] = ask.n_top;
    return json_post(upstream, "/completions", body);
  }
  body["messages"] = ask.messages;
  add_tools(ask, body);
  if (ask.logprobs) {
    body["logprobs"] = true;
    if (ask.n_top > 0) body["top_logprobs"] = ask.n_top;
  }
  if (!ask.variables.empty()) {
    if (const json::value* effort = ask.variables.if_contains("reasoning_effort")) body["reasoning_effort"] = *effort;
    body["chat_template_kwargs"] = ask.variables;
  }
  if (ask.thought_budget) body["thinking_budget"] = *ask.thought_budget;
  return json_post(upstream, "/chat/completions", body);
}

quern::net::HttpRequest OpenAiUpstream::probe(const Upstream& upstream) const {
  return get_request(upstream, "/models");
}

Result<quern::net::HttpRequest> OpenAiUpstream::embed_request(const std::vector<std::string>& texts,
                                                              const Upstream& upstream) const {
  return json_post(upstream, "/embeddings", {{"model", upstream.model}, {"input", texts_of(texts)}});
}

Result<RemoteVectors> OpenAiUpstream::read_vectors(std::string_view body, std::size_t n) const {
  QUERN_TRY(const json::object object, parse_object(body));
  const json::array* const data = array_in(object, "data");
  if (data == nullptr || data->size() != n) return fail(Errc::corrupt, "want {} vectors in 'data'", n);
  RemoteVectors out;
  for (std::size_t i = 0; i < n; ++i) {  // in the order of the texts, whatever that of the answer is
    const json::object* row = nullptr;
    for (std::size_t k = 0; k < n && row == nullptr; ++k) {
      const json::object* const one = (*data)[(i + k) % n].if_object();
      if (one != nullptr && count_in(*one, "index") == i) row = one;
    }
    const json::value* const vector = row == nullptr ? nullptr : row->if_contains("embedding");
    if (vector == nullptr) return fail(Errc::corrupt, "want a vector for text {}", i);
    QUERN_CHECK(append_vector(*vector, out.vectors));
  }
  if (const json::object* usage = object_in(object, "usage")) out.n_tokens = count_in(*usage, "prompt_tokens");
  return out;
}

}  // namespace quern::models
