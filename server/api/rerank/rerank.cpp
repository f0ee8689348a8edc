// POST /v1/rerank. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
#include "server/api/endpoints.hpp"
#include "server/api/openai/openai_writer.hpp"
#include "server/api/rerank/rerank_json.hpp"

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

VectorWriter writer_of(const models::ServedModel& model, Work& work) {
  const Envelope envelope = make_envelope("rerank-", model.id);
  return [request = work.request, id = envelope.id, model = envelope.model](const models::Vectors& vectors,
                                                                            const VectorFacts& facts) {
    return rerank_json(*request, scores_of(vectors, request->raw_scores), facts, id, model);
  };
}

}  // namespace

net::awaitable<void> post_rerank(Exchange& exchange, ServerState& state) {
  co_await understand_and_compute<Work>(exchange, state, &prepare_rerank, models::Work::rank, &writer_of);
}

}  // namespace quern::server
