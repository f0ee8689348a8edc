#include "server/api/chat_prompt.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/http_error.hpp"

#include <utility>

namespace quern::server {
namespace {

// Parsed, of the served model, and within what the template can express. Errors: those of the three.
Result<ChatRequest> read_request(const Exchange& exchange, const ServerState& state) {
  const RequestRules rules{state.options.limits, state.services.tokenizer.n_vocab(), state.options.sampling};
  QUERN_TRY(ChatRequest request, parse_chat_request(exchange.body(), rules));
  QUERN_CHECK(check_model(request.fields.model, state));
  QUERN_CHECK(check_template(request, state.services.chat));
  return request;
}

}  // namespace

// POST /v1/chat/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
net::awaitable<void> post_chat_completions(Exchange& exchange, ServerState& state) {
  Result<ChatRequest> request = read_request(exchange, state);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Result<std::string> text = co_await render_prompt(state, *request);
  if (!text) {
    Response response = error_response(text.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const engine::EncodeOptions options = state.services.chat.encode_options(*text);
  std::string field = "messages";
  Result<std::vector<engine::TokenId>> prompt =
      co_await encode_prompt(state, std::move(*text), options, std::move(field));
  if (!prompt) {
    Response response = error_response(prompt.error(), "context_length_exceeded");
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const engine::chat::Ends& ends = state.services.chat.ends();
  request->fields.stop.insert(request->fields.stop.end(), ends.strings.begin(), ends.strings.end());
  const ChatShape shape(make_envelope("chatcmpl-", state), state.services.tokenizer, request->fields.logprobs,
                        request->fields.include_usage);
  Job job{.fields = std::move(request->fields),
          .prompt_field = "messages",
          .endpoint = "POST /v1/chat/completions",
          .stop_tokens = ends.tokens};
  job.prompts.push_back(std::move(*prompt));
  co_await generate(exchange, state, std::move(job), shape);
}

// POST /apply-template: the prompt that the same body would give a chat completion. Errors: 400, 404.
net::awaitable<void> post_apply_template(Exchange& exchange, ServerState& state) {
  const Result<ChatRequest> request = read_request(exchange, state);
  Result<std::string> text = request ? std::string() : Result<std::string>(request.error());
  if (request) {
    Result<std::string> rendered = co_await render_prompt(state, *request);
    text = std::move(rendered);
  }
  Response response;
  if (text) {
    response.body = "{\"prompt\":";
    append_json_string(response.body, *text);
    response.body += '}';
  } else {
    response = error_response(text.error());
  }
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
