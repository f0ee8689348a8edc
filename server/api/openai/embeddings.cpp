// POST /v1/embeddings. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
// Source: the OpenAI API reference, "Embeddings"; `truncate` as text-embeddings-inference has it,
// truncate_prompt_tokens as vLLM has it.
#include "server/api/endpoints.hpp"
#include "server/api/json_text.hpp"
#include "server/api/openai/embeddings_json.hpp"
#include "server/api/remote_ask.hpp"

#include <memory>
#include <utility>

namespace quern::server {
namespace {

struct Work {
  PreparedTexts texts;
  VectorShape shape;
};

Result<Work> prepare_embeddings(const Document& document, Effort& effort) {
  const bool is_local = effort.model().is_local();
  const auto known = [](std::uint32_t n) { return n == 0 ? UINT32_MAX : n; };
  const VectorBounds bounds{.width = known(effort.model().embedder->width()),
                            .max_tokens = known(effort.model().max_context())};
  QUERN_TRY(EmbeddingsRequest request, parse_embeddings_request(document, effort.rules(), bounds));
  Work out{.texts = {.scheduling = std::move(request.scheduling), .endpoint = "POST /v1/embeddings"},
           .shape = request.shape};
  std::uint64_t n_tokens = 0;
  for (std::size_t i = 0; i < request.inputs.size(); ++i) {
    const std::string field = prompt_path("input", i, request.inputs.size());
    if (!is_local) {
      auto* const text = std::get_if<std::string>(&request.inputs[i]);
      if (text == nullptr) return only_here(field, effort.model());
      out.texts.plain.push_back(std::move(*text));
      continue;
    }
    Result<std::vector<engine::TokenId>> tokens = std::vector<engine::TokenId>();
    if (auto* ids = std::get_if<std::vector<engine::TokenId>>(&request.inputs[i])) {
      tokens = fit_tokens(std::move(*ids), request.too_long, field, effort.model());
    } else {
      tokens = encode_text(std::get<std::string>(request.inputs[i]), request.too_long, field, effort);
    }
    if (!tokens) return tokens.error();
    QUERN_CHECK(add_text(std::move(*tokens), field, effort.limits(), n_tokens, out.texts.texts));
  }
  return out;
}

std::string embeddings_json(models::Vectors vectors, const VectorFacts& facts, const VectorShape& shape,
                            const std::string& model) {
  std::string out = R"({"object":"list","data":[)";
  const std::span<float> values(vectors.values);
  for (std::size_t i = 0; i * vectors.width < values.size(); ++i) {
    const std::span<float> vector = values.subspan(i * vectors.width, std::min(shape.n_values, vectors.width));
    normalize(vector);
    out += fmt::format(R"({}{{"object":"embedding","index":{},"embedding":)", i == 0 ? "" : ",", i);
    if (shape.base64) {
      out.append("\"").append(base64(vector)).append("\"");
    } else {
      append_floats(out, vector);
    }
    out += '}';
  }
  return out + "]," + text_field("model", model) +
         fmt::format(R"(,"usage":{{"prompt_tokens":{0},"total_tokens":{0}}}}})", facts.n_tokens);
}

VectorWriter writer_of(const models::ServedModel& model, Work& work) {
  return [shape = work.shape, id = model.id](models::Vectors vectors, const VectorFacts& facts) {
    return embeddings_json(std::move(vectors), facts, shape, id);
  };
}

}  // namespace

net::awaitable<void> post_embeddings(Exchange& exchange, ServerState& state) {
  co_await understand_and_compute<Work>(exchange, state, &prepare_embeddings, models::Work::embed, &writer_of,
                                        Place::anywhere);
}

}  // namespace quern::server
