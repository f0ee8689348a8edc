#include "server/api/chat_prompt.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/prepare.hpp"

#include <utility>

namespace quern::server {
namespace {

// Parsed, of the served model, and within what the template can express. Errors: those of the three.
Result<ChatRequest> read_request(std::string_view body, Effort& effort) {
  const RequestRules rules{effort.limits(), effort.services().tokenizer.n_vocab(), effort.sampling()};
  QUERN_CHECK(effort.begin_parsing(body));
  QUERN_TRY(ChatRequest request, parse_chat_request(body, rules));
  effort.end_parsing();
  QUERN_CHECK(check_model(request.fields.model, effort.services().model_id));
  QUERN_CHECK(check_template(request, effort.services().chat));
  return request;
}

Result<Prepared> prepare_chat(std::string_view body, Effort& effort) {
  QUERN_TRY(ChatRequest request, read_request(body, effort));
  QUERN_TRY(const std::string text, render_prompt(request, effort));
  const engine::chat::TemplateSet& chat = effort.services().chat;
  Prepared out{.fields = std::move(request.fields),
               .prompt_field = "messages",
               .endpoint = "POST /v1/chat/completions",
               .stop_tokens = chat.ends().tokens};
  out.fields.stop.insert(out.fields.stop.end(), chat.ends().strings.begin(), chat.ends().strings.end());
  QUERN_CHECK(add_prompt(out, text, chat.encode_options(text), "messages", effort));
  return out;
}

Result<std::string> prepare_template(std::string_view body, Effort& effort) {
  QUERN_TRY(const ChatRequest request, read_request(body, effort));
  QUERN_TRY(const std::string text, render_prompt(request, effort));
  std::string reply = "{\"prompt\":";
  append_json_string(reply, text);
  return reply + '}';
}

}  // namespace

// POST /v1/chat/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
net::awaitable<void> post_chat_completions(Exchange& exchange, ServerState& state) {
  Result<Prepared> prepared = co_await prepare(exchange, state, &prepare_chat);
  if (!prepared) {
    Response response = error_response(prepared.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  auto shape = std::make_shared<const ChatShape>(make_envelope("chatcmpl-", state), state.services.tokenizer,
                                                 prepared->fields.logprobs, prepared->fields.include_usage);
  co_await generate(exchange, state, std::move(*prepared), std::move(shape));
}

// POST /apply-template: the prompt that the same body would give a chat completion. Errors: 400, 404.
net::awaitable<void> post_apply_template(Exchange& exchange, ServerState& state) {
  Result<std::string> body = co_await prepare(exchange, state, &prepare_template);
  co_await reply_with(exchange, std::move(body));
}

}  // namespace quern::server
