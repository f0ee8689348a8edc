// POST /v1/chat/completions, and how many tokens a request has. Errors: 400 bad JSON or value, 404 another model, 429
// queue full, 503 draining.
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

std::shared_ptr<AnswerWriter> writer_of(const models::ServedModel& model, Prepared& prepared) {
  const GenerationFields& fields = prepared.fields;
  return std::make_shared<ChatWriter>(make_envelope("chatcmpl-", model.id), fields.logprobs.wanted,
                                      fields.include_usage, fields.timings);
}

Result<Prepared> prepare_count(const Document& document, Effort& effort) {
  QUERN_TRY(ChatTurn turn, parse_chat_request(document, effort.rules()));
  return prepare_turn(std::move(turn), "messages", "POST /v1/chat/completions/input_tokens", effort);
}

}  // namespace

net::awaitable<void> post_chat_completions(Exchange& exchange, ServerState& state) {
  co_await understand_and_generate<Prepared>(exchange, state, &prepare_chat, &writer_of, Place::anywhere);
}

net::awaitable<void> post_chat_count(Exchange& exchange, ServerState& state) {
  const Result<Understood<Prepared>> request =
      co_await understand<Prepared>(exchange, state, &prepare_count, models::Work::any);
  Response response = count_response(request, state, kCountOpening);
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
