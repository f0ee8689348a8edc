// POST /v1/chat/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
#include "server/api/endpoints.hpp"
#include "server/api/openai/chat_json.hpp"
#include "server/api/openai/chat_writer.hpp"

#include <utility>

namespace quern::server {
namespace {

Result<Prepared> prepare_chat(const Document& document, Effort& effort) {
  QUERN_TRY(ChatTurn turn, parse_chat_request(document, effort.rules()));
  return prepare_turn(std::move(turn), "messages", "POST /v1/chat/completions", effort);
}

}  // namespace

net::awaitable<void> post_chat_completions(Exchange& exchange, ServerState& state) {
  Result<Understood<Prepared>> request = co_await understand<Prepared>(exchange, state, &prepare_chat);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const GenerationFields& fields = request->value.fields;
  auto writer = std::make_shared<ChatWriter>(make_envelope("chatcmpl-", request->model->id), fields.logprobs.wanted,
                                             fields.include_usage, fields.timings);
  co_await generate(exchange, state, std::move(*request), std::move(writer));
}

}  // namespace quern::server
