// POST /v1/responses, and how many tokens a request has. Errors: 400 bad JSON or value, 404 another model, 429 line
// full, 503 draining.
#include "base/log.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/openai/responses_document.hpp"
#include "server/api/openai/responses_json.hpp"
#include "server/api/openai/responses_writer.hpp"
#include "server/http_error.hpp"
#include "server/pipeline/run_job.hpp"
#include "server/store/response_store.hpp"

#include <utility>

namespace quern::server {
namespace {

Result<Prepared> prepare_responses(const Document& document, Effort& effort) {
  QUERN_TRY(ChatTurn turn, parse_responses_request(document, effort.rules()));
  return prepare_turn(std::move(turn), "input", "POST /v1/responses", effort);
}

}  // namespace

net::awaitable<void> post_responses(Exchange& exchange, ServerState& state) {
  Result<ResponsesDocument> document = co_await read_responses_document(exchange, state);
  if (!document) {
    Response response = error_response(document.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  exchange.allow_early_stream();
  Result<Understood<Prepared>> request = co_await understand<Prepared>(
      exchange, state, document->document, &prepare_responses, models::Work::generate, Place::anywhere);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  Envelope envelope = make_envelope("resp_", request->model->id);
  const bool kept = !document->added.empty();
  std::function<void(const std::string&)> keep;
  if (kept) {
    keep = [&state, stored = StoredResponse{.id = envelope.id,
                                            .previous = document->previous,
                                            .tenant = exchange.tenant(),
                                            .created_unix_s = envelope.created_unix_s,
                                            .input = std::move(document->added),
                                            .response = {}}](const std::string& response) {
      StoredResponse whole = stored;
      whole.response = response;
      state.responses->put(std::move(whole));
    };
  }
  auto writer = std::make_shared<ResponsesWriter>(std::move(envelope), response_echo(*document->document, kept),
                                                  request->value.fields.logprobs.wanted, std::move(keep));
  document->document.reset();
  co_await generate(exchange, state, std::move(*request), std::move(writer));
  if (!kept) co_return;
  JobOf<bool>::Work work = [&state](const std::atomic<bool>&) -> Result<bool> {
    QUERN_CHECK(state.responses->flush());
    return true;
  };
  const Result<bool> flushed = co_await run_job<bool>(exchange, state, std::move(work), 1, true);
  if (!flushed && flushed.error().code != Errc::cancelled) log::error("{}", flushed.error().detail);
}

net::awaitable<void> post_responses_count(Exchange& exchange, ServerState& state) {
  Result<ResponsesDocument> document = co_await read_responses_document(exchange, state);
  Result<Understood<Prepared>> request = fail(Errc::cancelled, "");
  if (document) {
    Result<Understood<Prepared>> prepared = co_await understand<Prepared>(
        exchange, state, document->document, &prepare_responses, models::Work::any, Place::here);
    request = std::move(prepared);
  } else {
    request = document.error();
  }
  Response response = count_response(request, state, kCountOpening);
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
