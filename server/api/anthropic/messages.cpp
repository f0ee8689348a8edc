// POST /v1/messages, /v1/messages/count_tokens. Errors: 400 bad JSON or value, 404 another model, 429 line full, 503
// draining.
#include "server/api/anthropic/anthropic.hpp"
#include "server/api/anthropic/messages_json.hpp"
#include "server/api/anthropic/messages_writer.hpp"
#include "server/api/endpoints.hpp"

#include <utility>

namespace quern::server {
namespace {

Result<Prepared> prepare_messages(const Document& document, Effort& effort) {
  QUERN_TRY(ChatTurn turn, parse_messages_request(document, effort.rules()));
  return prepare_turn(std::move(turn), "messages", "POST /v1/messages", effort);
}

Response refusal(const Error& error) {
  return error_response(error, error.field == "thread" ? kThreadUnsupported : "");
}

}  // namespace

net::awaitable<void> post_messages(Exchange& exchange, ServerState& state) {
  Result<Understood<Prepared>> request = co_await understand<Prepared>(exchange, state, &prepare_messages);
  if (!request) {
    Response response = refusal(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  auto writer = std::make_shared<MessagesWriter>(request->model->id);
  co_await generate(exchange, state, std::move(*request), std::move(writer));
}

net::awaitable<void> post_count_tokens(Exchange& exchange, ServerState& state) {
  Result<Understood<Prepared>> request = co_await understand<Prepared>(exchange, state, &prepare_messages);
  const bool counted = request && !request->value.too_long;
  Response response =
      counted   ? Response{.body = fmt::format("{{\"input_tokens\":{}}}", request->value.prompts.at(0).size())}
      : request ? error_response(*request->value.too_long)
                : refusal(request.error());
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
