// POST /v1/responses, and how many tokens a request has. Errors: 400 bad JSON or value, 404 another model, 429 line
// full, 503 draining.
#include "server/api/endpoints.hpp"
#include "server/api/openai/chat_json.hpp"
#include "server/api/openai/responses_json.hpp"
#include "server/api/openai/responses_writer.hpp"

#include <utility>

namespace quern::server {
namespace {

Result<Prepared> prepare_responses(const Document& document, Effort& effort) {
  QUERN_TRY(ChatTurn turn, parse_responses_request(document, effort.rules()));
  return prepare_turn(std::move(turn), "input", "POST /v1/responses", effort);
}

Result<std::string> count_of(Result<Prepared> prepared) {
  if (!prepared) return prepared.error();
  if (prepared->too_long) return *prepared->too_long;
  return fmt::format(R"({{"object":"response.input_tokens","input_tokens":{}}})", prepared->prompts.at(0).size());
}

Result<std::string> count_responses(const Document& document, Effort& effort) {
  return count_of(prepare_responses(document, effort));
}

Result<std::string> count_chat(const Document& document, Effort& effort) {
  QUERN_TRY(ChatTurn turn, parse_chat_request(document, effort.rules()));
  return count_of(prepare_turn(std::move(turn), "messages", "POST /v1/chat/completions/input_tokens", effort));
}

}  // namespace

net::awaitable<void> post_responses(Exchange& exchange, ServerState& state) {
  Result<Understood<Prepared>> request = co_await understand<Prepared>(exchange, state, &prepare_responses);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  auto writer = std::make_shared<ResponsesWriter>(make_envelope("resp_", request->model->id),
                                                  request->value.fields.logprobs.wanted);
  co_await generate(exchange, state, std::move(*request), std::move(writer));
}

net::awaitable<void> post_responses_count(Exchange& exchange, ServerState& state) {
  co_await reply_prepared(exchange, state, &count_responses);
}

net::awaitable<void> post_chat_count(Exchange& exchange, ServerState& state) {
  co_await reply_prepared(exchange, state, &count_chat);
}

}  // namespace quern::server
