// POST /v1/messages, /v1/messages/count_tokens. Errors: 400 bad JSON or value, 404 another model, 429 line full, 503
// draining.
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

std::shared_ptr<AnswerWriter> writer_of(const models::ServedModel& model, Prepared&) {
  return std::make_shared<MessagesWriter>(model.id);
}

}  // namespace

net::awaitable<void> post_messages(Exchange& exchange, ServerState& state) {
  co_await understand_and_generate<Prepared>(exchange, state, &prepare_messages, &writer_of, Place::anywhere);
}

net::awaitable<void> post_count_tokens(Exchange& exchange, ServerState& state) {
  const Result<Understood<Prepared>> request = co_await understand<Prepared>(exchange, state, &prepare_messages);
  Response response = count_response(request, state, "{\"input_tokens\":");
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
