#include "engine/chat/template.hpp"
#include "server/api/chat_json.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/http_error.hpp"

#include <utility>

namespace quern::server {
namespace {

// Parsed, of the served model, and rendered: the prompt's text. Errors: those of the three.
Result<std::string> read_request(const Exchange& exchange, const ServerState& state, ChatRequest& request) {
  const RequestRules rules{state.options.limits, state.services.tokenizer.n_vocab()};
  QUERN_TRY(request, parse_chat_request(exchange.body(), rules));
  QUERN_CHECK(check_model(request.fields.model, state));
  return engine::chat::render(state.services.chat_template, request.messages, true);
}

}  // namespace

// POST /v1/chat/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
net::awaitable<void> post_chat_completions(Exchange& exchange, ServerState& state) {
  ChatRequest request;
  Result<std::string> text = read_request(exchange, state, request);
  if (!text) {
    Response response = error_response(text.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const engine::EncodeOptions options{.add_special = true, .parse_special = true};
  std::string field = "messages";
  Result<std::vector<engine::TokenId>> prompt =
      co_await encode_prompt(state, std::move(*text), options, std::move(field));
  if (!prompt) {
    Response response = error_response(prompt.error(), "context_length_exceeded");
    co_await exchange.reply(std::move(response));
    co_return;
  }
  // Strings that end the answer because the model's vocabulary has no token for it.
  for (const std::string_view stop : engine::chat::implied_stops(state.services.chat_template)) {
    request.fields.stop.emplace_back(stop);
  }
  const ChatShape shape(make_envelope("chatcmpl-", state), state.services.tokenizer, request.fields.logprobs,
                        request.fields.include_usage);
  Job job{.fields = std::move(request.fields), .prompt_field = "messages", .endpoint = "POST /v1/chat/completions"};
  job.prompts.push_back(std::move(*prompt));
  co_await generate(exchange, state, std::move(job), shape);
}

}  // namespace quern::server
