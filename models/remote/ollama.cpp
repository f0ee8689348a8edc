#include "models/remote/kinds.hpp"
#include "models/remote/line_reader.hpp"

#include <string>
#include <utility>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

namespace quern::models {
namespace {

namespace json = boost::json;

// Ollama writes arguments as objects; other members of a message are the same.
json::array ollama_messages(const json::array& messages) {
  json::array out = messages;
  for (json::value& value : out) {
    json::object& message = value.as_object();
    if (json::value* thought = message.if_contains("reasoning_content")) {
      message["thinking"] = json::value(*thought);
      message.erase("reasoning_content");
    }
    json::value* const content = message.if_contains("content");
    if (content != nullptr && content->is_array()) {
      std::string text;
      for (const json::value& part : content->get_array()) {
        if (part.is_object()) text += text_in(part.get_object(), "text");
      }
      *content = json::value(text);
    }
    if (content == nullptr) message["content"] = "";
    json::value* const calls = message.if_contains("tool_calls");
    if (calls == nullptr || !calls->is_array()) continue;
    for (json::value& call : calls->get_array()) {
      json::value* const function = call.as_object().if_contains("function");
      json::value* const arguments = function == nullptr ? nullptr : function->as_object().if_contains("arguments");
      if (arguments == nullptr || !arguments->is_string()) continue;
      boost::system::error_code error;
      json::value parsed = json::parse(arguments->get_string(), error);
      if (!error && parsed.is_object()) *arguments = std::move(parsed);
    }
  }
  return out;
}

class OllamaReader final : public AnswerReader {
 public:
  Status read(std::string_view bytes, std::vector<AnswerEvent>& out) override {
    QUERN_CHECK(lines_.add(bytes));
    while (const auto line = lines_.next()) {
      if (line->empty() || done_) continue;
      QUERN_TRY(const json::object part, parse_object(*line));
      QUERN_CHECK(read_part(part, out));
    }
    return {};
  }
  bool done() const noexcept override { return done_; }
  bool complete() const noexcept override { return done_; }
  void finish(std::vector<AnswerEvent>& out) override {
    if (!done_) end_.reason = EndReason::length;
    out.emplace_back(end_);
  }
  Usage usage() const noexcept override { return usage_; }

 private:
  Status read_part(const json::object& part, std::vector<AnswerEvent>& out) {
    if (part.contains("error"))
      return fail(Errc::io, "it failed in the middle: {}", text_in(part, "error").substr(0, 500));
    static const json::object kNone;
    const json::object* message = object_in(part, "message");
    std::string text(text_in(part, "response"));
    if (message == nullptr) message = &kNone;
    if (text.empty()) text = text_in(*message, "content");
    const std::string_view thought =
        text_in(*message, "thinking").empty() ? text_in(part, "thinking") : text_in(*message, "thinking");
    if (!thought.empty()) out.emplace_back(ReasoningDelta{.text = std::string(thought), .logprobs = {}});
    if (!text.empty()) out.emplace_back(TextDelta{.text = std::move(text), .logprobs = {}});
    if (const json::array* calls = array_in(*message, "tool_calls")) {
      for (const json::value& value : *calls) QUERN_CHECK(read_call(value, out));
    }
    const json::value* const done = part.if_contains("done");
    if (done == nullptr || !done->is_bool() || !done->get_bool()) return {};
    done_ = true;
    end_.reason = text_in(part, "done_reason") == "length" ? EndReason::length
                  : n_calls_ > 0                           ? EndReason::tool_calls
                                                           : EndReason::turn;
    usage_.prompt_tokens = count_in(part, "prompt_eval_count");
    usage_.completion_tokens = count_in(part, "eval_count");
    return {};
  }

  Status read_call(const json::value& value, std::vector<AnswerEvent>& out) {
    const json::object* const call = value.if_object();
    const json::object* const function = call == nullptr ? nullptr : object_in(*call, "function");
    if (function == nullptr || text_in(*function, "name").empty()) {
      return fail(Errc::corrupt, "want tool calls with a function");
    }
    const json::value* const arguments = function->if_contains("arguments");
    const std::string_view id = text_in(*call, "id");
    out.emplace_back(ToolCallBegin{.call = n_calls_,
                                   .id = id.empty() ? fmt::format("call_{}", n_calls_) : std::string(id),
                                   .name = std::string(text_in(*function, "name"))});
    out.emplace_back(ToolCallDelta{.call = n_calls_,
                                   .arguments = arguments == nullptr     ? "{}"
                                                : arguments->is_string() ? std::string(text_in(*function, "arguments"))
                                                                         : json::serialize(*arguments)});
    out.emplace_back(ToolCallEnd{.call = n_calls_});
    ++n_calls_;
    return {};
  }

  LineReader lines_;
  End end_;
  Usage usage_;
  std::uint32_t n_calls_ = 0;
  bool done_ = false;
};

Status add_ollama_form(const RemoteAsk& ask, json::object& body) {
  if (ask.form == RemoteAsk::Form::free) return {};
  if (ask.form == RemoteAsk::Form::json_object) {
    body["format"] = "json";
  } else if (ask.form == RemoteAsk::Form::json_schema) {
    body["format"] = ask.schema;
  } else {
    return not_supported("response_format", UpstreamKind::ollama);
  }
  return {};
}

}  // namespace

Result<quern::net::HttpRequest> OllamaUpstream::request(const RemoteAsk& ask, const Upstream& upstream) const {
  if (ask.n_choices() != 1) return not_supported("n", UpstreamKind::ollama);
  if (ask.logprobs) return not_supported("logprobs", UpstreamKind::ollama);
  if (ask.calls != RemoteAsk::Calls::automatic) return not_supported("tool_choice", UpstreamKind::ollama);
  json::object options = ask.sampling;
  if (ask.max_tokens) options["num_predict"] = *ask.max_tokens;
  if (!ask.stop.empty()) {
    json::array stop;
    for (const std::string& text : ask.stop) stop.emplace_back(text);
    options["stop"] = std::move(stop);
  }
  json::object body{{"model", upstream.model}, {"stream", true}};
  if (!options.empty()) body["options"] = std::move(options);
  QUERN_CHECK(add_ollama_form(ask, body));
  if (!ask.chat) {
    body["prompt"] = ask.prompts.front();
    body["raw"] = true;
    return json_post(upstream, "/api/generate", body);
  }
  body["messages"] = ollama_messages(ask.messages);
  if (!ask.tools.empty()) body["tools"] = ask.tools;
  if (ask.thought_budget) body["think"] = *ask.thought_budget > 0;
  if (const json::value* effort = ask.variables.if_contains("reasoning_effort")) body["think"] = *effort;
  if (const json::value* thinks = ask.variables.if_contains("enable_thinking")) body["think"] = *thinks;
  return json_post(upstream, "/api/chat", body);
}

std::unique_ptr<AnswerReader> OllamaUpstream::reader(const RemoteAsk&) const {
  return std::make_unique<OllamaReader>();
}

quern::net::HttpRequest OllamaUpstream::probe(const Upstream& upstream) const {
  return get_request(upstream, "/api/version");
}

Result<quern::net::HttpRequest> OllamaUpstream::embed_request(const std::vector<std::string>& texts,
                                                              const Upstream& upstream) const {
  json::array input;
  for (const std::string& text : texts) input.emplace_back(text);
  return json_post(upstream, "/api/embed",
                   {{"model", upstream.model}, {"input", std::move(input)}, {"truncate", false}});
}

Result<RemoteVectors> OllamaUpstream::read_vectors(std::string_view body, std::size_t n) const {
  QUERN_TRY(const json::object object, parse_object(body));
  const json::array* const rows = array_in(object, "embeddings");
  if (rows == nullptr || rows->size() != n) return fail(Errc::corrupt, "want {} vectors in 'embeddings'", n);
  RemoteVectors out;
  for (const json::value& row : *rows) QUERN_CHECK(append_vector(row, out.vectors));
  out.n_tokens = count_in(object, "prompt_eval_count");
  return out;
}

}  // namespace quern::models
