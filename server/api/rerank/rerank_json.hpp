// POST /v1/rerank as plain data, and its answers, in the shapes of Jina and Cohere, and in that of
// text-embeddings-inference where the texts are called `texts`. Pure. Threads: any.
// Source: the API references of Jina AI ("Reranker"), Cohere ("Rerank", v1 and v2) and text-embeddings-inference.
#pragma once

#include "server/api/vectors/texts.hpp"
#include "server/api/vectors/vectors.hpp"
#include "server/pipeline/document.hpp"

#include <optional>
#include <string>
#include <vector>

namespace quern::server {

struct RerankRequest {
  std::string query;
  std::vector<std::string> documents;  // at least one
  std::string documents_field = "documents";
  std::optional<std::uint32_t> top_n;  // empty: all
  bool return_documents = false;
  bool raw_scores = false;
  TooLong too_long = TooLong::refuse;
  GenerationFields scheduling;

  bool plain_list() const noexcept { return documents_field == "texts"; }
};

// Errors: bad_input naming the field.
Result<RerankRequest> parse_rerank_request(const Document& document, const RequestRules& rules);

// Best first, those with the same score in the order in which they came.
std::string rerank_json(const RerankRequest& request, const std::vector<double>& scores, const VectorFacts& facts,
                        const std::string& id, const std::string& model);

}  // namespace quern::server
