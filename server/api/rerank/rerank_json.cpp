#include "server/api/rerank/rerank_json.hpp"

#include "server/api/json_text.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace quern::server {
namespace {

std::string text_of(const json::string& text) {
  return {text.data(), text.size()};
}

// "text", or {"text": "..."}.
void read_text(JsonFields& fields, const std::string& path, const json::value& value, std::string& out) {
  const json::value* text = &value;
  if (const json::object* object = value.if_object()) text = object->if_contains("text");
  if (text != nullptr && text->is_string()) {
    out = text_of(text->get_string());
  } else {
    fields.refuse(path, fmt::format("expected a string or an object with `text`, found {}", describe(value)));
  }
}

void read_documents(JsonFields& fields, const RequestRules& rules, RerankRequest& out) {
  const json::array* array = fields.array("documents");
  const json::array* texts = fields.array("texts");
  if (array != nullptr && texts != nullptr) fields.refuse("texts", "want one list of texts, found `documents` too");
  if (array == nullptr) {
    array = texts;
    if (texts != nullptr) out.documents_field = "texts";
  }
  if (array == nullptr) return fields.refuse("documents", "missing; expected an array of strings");
  if (array->empty() || array->size() > rules.limits.max_texts) {
    return fields.refuse(out.documents_field,
                         fmt::format("expected 1 to {} of them, found {}", rules.limits.max_texts, array->size()));
  }
  out.documents.resize(array->size());
  for (std::size_t i = 0; i < array->size() && !fields.failed(); ++i)
    read_text(fields, fmt::format("{}[{}]", out.documents_field, i), (*array)[i], out.documents[i]);
}

}  // namespace

Result<RerankRequest> parse_rerank_request(const Document& document, const RequestRules& rules) {
  JsonFields fields(document.root, "", rules.unknown);
  RerankRequest out;
  fields.ignore({"model", "user", "truncation_direction"});
  const json::value* query = fields.value("query");
  if (query == nullptr) {
    fields.refuse("query", "missing; expected a string");
  } else {
    read_text(fields, "query", *query, out.query);
  }
  read_documents(fields, rules, out);
  std::uint32_t top_n = 0;
  if (fields.read("top_n", top_n, 1)) out.top_n = top_n;
  fields.read("return_documents", out.return_documents);
  fields.read("return_text", out.return_documents);
  fields.read("raw_scores", out.raw_scores);
  bool truncate = false;
  for (const char* const key : {"truncate", "truncation"}) {
    if (fields.read(key, truncate) && truncate) out.too_long = TooLong::truncate;
  }
  std::uint32_t max_tokens_per_doc = 0;  // of Cohere: documents are cut; here to what the model takes
  if (fields.read("max_tokens_per_doc", max_tokens_per_doc, 1)) out.too_long = TooLong::truncate;
  read_scheduling(fields, rules.limits, out.scheduling);
  QUERN_CHECK(fields.finish());
  return out;
}

std::string rerank_json(const RerankRequest& request, const std::vector<double>& scores, const VectorFacts& facts,
                        const std::string& id, const std::string& model) {
  std::vector<std::size_t> order(scores.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::ranges::stable_sort(order, [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
  if (request.top_n) order.resize(std::min<std::size_t>(order.size(), *request.top_n));
  std::string results = "[";
  for (const std::size_t index : order) {
    if (results.size() > 1) results += ',';
    results += fmt::format(R"({{"index":{},"{}":{})", index, request.plain_list() ? "score" : "relevance_score",
                           scores[index]);
    if (request.return_documents) {
      const std::string text = text_field("text", request.documents[index]);
      results += request.plain_list() ? "," + text : ",\"document\":{" + text + "}";
    }
    results += '}';
  }
  results += ']';
  if (request.plain_list()) return results;
  return "{" + text_field("id", id) + "," + text_field("model", model) + R"(,"object":"list","results":)" + results +
         fmt::format(R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}}}})", facts.n_tokens);
}

}  // namespace quern::server
