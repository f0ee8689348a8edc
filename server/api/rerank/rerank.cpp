// POST /v1/rerank. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
#include "server/api/endpoints.hpp"
#include "server/api/openai/openai_writer.hpp"
#include "server/api/rerank/rerank_json.hpp"
#include "server/http_error.hpp"

#include <memory>
#include <utility>

namespace quern::server {
namespace {

struct Work {
  PreparedTexts texts;
  std::shared_ptr<const RerankRequest> request;
};

Result<Work> prepare_rerank(const Document& document, Effort& effort) {
  QUERN_TRY(RerankRequest request, parse_rerank_request(document, effort.rules()));
  Work out{.texts = {.scheduling = request.scheduling, .endpoint = "POST /v1/rerank"}, .request = {}};
  QUERN_TRY(const PairEncoder pairs, PairEncoder::create(request.query, request.too_long, effort));
  std::uint64_t n_tokens = 0;
  for (std::size_t i = 0; i < request.documents.size(); ++i) {
    const std::string field = fmt::format("{}[{}]", request.documents_field, i);
    QUERN_TRY(std::vector<engine::TokenId> tokens, pairs.encode(request.documents[i], field));
    QUERN_CHECK(add_text(std::move(tokens), field, effort.limits(), n_tokens, out.texts.texts));
  }
  out.request = std::make_shared<const RerankRequest>(std::move(request));
  return out;
}

}  // namespace

net::awaitable<void> post_rerank(Exchange& exchange, ServerState& state) {
  Result<Understood<Work>> request = co_await understand<Work>(exchange, state, &prepare_rerank, models::Work::rank);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const Envelope envelope = make_envelope("rerank-", request->model->id);
  VectorWriter writer = [request = request->value.request, id = envelope.id, model = envelope.model](
                            const models::Vectors& vectors, const VectorFacts& facts) {
    return rerank_json(*request, scores_of(vectors, request->raw_scores), facts, id, model);
  };
  co_await reply_vectors(exchange, state, std::move(request->model), std::move(request->value.texts),
                         std::move(writer));
}

}  // namespace quern::server
