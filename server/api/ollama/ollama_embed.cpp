// POST /api/embed and the older /api/embeddings. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503
// draining. Source: Ollama's API reference, "Generate Embeddings" and "Generate Embedding".
#include "server/api/endpoints.hpp"
#include "server/api/json_text.hpp"
#include "server/api/ollama/ollama_embed_json.hpp"
#include "server/api/prompt_json.hpp"

#include <memory>
#include <utility>

namespace quern::server {
namespace {

struct Work {
  PreparedTexts texts;
  std::string model;           // as the request names it
  std::uint32_t n_values = 0;  // of each vector
};

// As far as it is known.
std::uint32_t width_of(const models::ServedModel& model) {
  const std::uint32_t width = model.embedder->width();
  return width == 0 ? UINT32_MAX : width;
}

Result<Work> work_of(OllamaEmbedRequest request, std::string_view field, std::string_view endpoint, Effort& effort) {
  Work out{.texts = {.scheduling = std::move(request.scheduling), .endpoint = endpoint},
           .model = std::move(request.model),
           .n_values = request.n_values};
  std::uint64_t n_tokens = 0;
  for (std::size_t i = 0; i < request.texts.size(); ++i) {
    if (!effort.model().is_local()) {
      out.texts.plain.push_back(std::move(request.texts[i]));
      continue;
    }
    const std::string path = prompt_path(field, i, request.texts.size());
    QUERN_TRY(std::vector<engine::TokenId> tokens, encode_text(request.texts[i], request.too_long, path, effort));
    QUERN_CHECK(add_text(std::move(tokens), path, effort.limits(), n_tokens, out.texts.texts));
  }
  return out;
}

Result<Work> prepare_embed(const Document& document, Effort& effort) {
  const std::uint32_t width = width_of(effort.model());
  QUERN_TRY(OllamaEmbedRequest request, parse_ollama_embed(document, effort.rules(), width));
  return work_of(std::move(request), "input", "POST /api/embed", effort);
}

Result<Work> prepare_embeddings(const Document& document, Effort& effort) {
  const std::uint32_t width = width_of(effort.model());
  QUERN_TRY(OllamaEmbedRequest request, parse_ollama_embeddings(document, effort.rules(), width));
  return work_of(std::move(request), "prompt", "POST /api/embeddings", effort);
}

std::string embed_json(const std::string& model, models::Vectors vectors, std::uint32_t n_values,
                       const VectorFacts& facts) {
  const auto ns = [](double seconds) { return static_cast<std::int64_t>(seconds * 1e9); };
  std::string out = "{" + text_field("model", model) + ",\"embeddings\":[";
  const std::span<float> values(vectors.values);
  for (std::size_t i = 0; i < values.size(); i += vectors.width) {
    const std::span<float> vector = values.subspan(i, std::min(n_values, vectors.width));
    normalize(vector);
    if (i > 0) out += ',';
    append_floats(out, vector);
  }
  return out + fmt::format(R"(],"total_duration":{},"load_duration":{},"prompt_eval_count":{}}})", ns(facts.total_s),
                           ns(facts.queued_s), facts.n_tokens);
}

// The older endpoint gives one vector as the model made it.
std::string embedding_json(const models::Vectors& vectors) {
  std::string out = "{\"embedding\":";
  append_floats(out, vectors.values);
  return out + "}";
}

VectorWriter writer_of(const models::ServedModel& model, Work& work) {
  return [name = work.model.empty() ? model.id : work.model, n_values = work.n_values](models::Vectors vectors,
                                                                                       const VectorFacts& facts) {
    return embed_json(name, std::move(vectors), n_values, facts);
  };
}

VectorWriter older_writer_of(const models::ServedModel&, Work&) {
  return [](const models::Vectors& vectors, const VectorFacts&) { return embedding_json(vectors); };
}

}  // namespace

net::awaitable<void> post_ollama_embed(Exchange& exchange, ServerState& state) {
  co_await understand_and_compute<Work>(exchange, state, &prepare_embed, models::Work::embed, &writer_of,
                                        Place::anywhere);
}

net::awaitable<void> post_ollama_embeddings(Exchange& exchange, ServerState& state) {
  co_await understand_and_compute<Work>(exchange, state, &prepare_embeddings, models::Work::embed, &older_writer_of,
                                        Place::anywhere);
}

}  // namespace quern::server
