#include "server/api/anthropic/messages_json.hpp"
#include "server/api/llama_server/completion_json.hpp"
#include "server/api/llama_server/tokenize_json.hpp"
#include "server/api/ollama/ollama_embed_json.hpp"
#include "server/api/ollama/ollama_json.hpp"
#include "server/api/openai/chat_json.hpp"
#include "server/api/openai/completions_json.hpp"
#include "server/api/openai/embeddings_json.hpp"
#include "server/api/openai/responses_json.hpp"
#include "server/api/reference/reference.hpp"
#include "server/api/rerank/rerank_json.hpp"
#include "server/routes.hpp"

#include <algorithm>

namespace quern::server {
namespace {

// Runs a parser for what it asks for; what it makes of nothing does not matter.
using Parse = void (*)(const Document& document, const RequestRules& rules);

template <auto parse>
void run(const Document& document, const RequestRules& rules) {
  static_cast<void>(parse(document, rules));
}
void run_embeddings(const Document& document, const RequestRules& rules) {
  static_cast<void>(parse_embeddings_request(document, rules, {}));
}
void run_embed(const Document& document, const RequestRules& rules) {
  static_cast<void>(parse_ollama_embed(document, rules, 1));
}
void run_older_embed(const Document& document, const RequestRules& rules) {
  static_cast<void>(parse_ollama_embeddings(document, rules, 1));
}

struct Row {
  std::string_view path, summary;
  Parse parse = nullptr;  // of a POST
};

// Every path of a route is one of these (a test looks).
constexpr Row kRows[] = {
    {"/health", "Whether new requests are taken and the engine gets on"},
    {"/metrics", "Prometheus metrics"},
    {"/openapi.json", "This reference as an OpenAPI document"},
    {"/docs", "This reference as a page"},
    {"/v1/models", "The served models"},
    {"/v1/models/load", "Load a model, and wait for it"},
    {"/v1/models/unload", "Unload a model once nobody uses it"},
    {"/v1/models/{path}", "One of them"},
    {"/v1/completions", "Continue prompts", &run<&parse_completion_request>},
    {"/v1/chat/completions", "Answer messages", &run<&parse_chat_request>},
    {"/v1/chat/completions/input_tokens", "How many tokens a chat is", &run<&parse_chat_request>},
    {"/v1/responses", "The Responses API", &run<&parse_responses_request>},
    {"/v1/responses/input_tokens", "How many tokens a response's input is", &run<&parse_responses_request>},
    {"/v1/responses/{id}", "A stored response"},
    {"/v1/responses/{id}/cancel", "Cancel a response in the background: there are none"},
    {"/v1/responses/{id}/input_items", "What a stored response was asked"},
    {"/v1/embeddings", "Vectors of texts", &run_embeddings},
    {"/v1/rerank", "Scores of documents for a query", &run<&parse_rerank_request>},
    {"/apply-template", "The prompt that a chat gives the model", &run<&parse_chat_request>},
    {"/completion", "llama-server: continue a prompt", &run<&parse_native_request>},
    {"/infill", "llama-server: fill in the middle", &run<&parse_infill_request>},
    {"/props", "llama-server: the default model and what it is run with"},
    {"/slots", "llama-server: what runs"},
    {"/tokenize", "Text to tokens", &run<&parse_tokenize_request>},
    {"/detokenize", "Tokens to text", &run<&parse_detokenize_request>},
    {"/v1/messages", "Anthropic's Messages API", &run<&parse_messages_request>},
    {"/v1/messages/count_tokens", "How many tokens messages are", &run<&parse_messages_request>},
    {"/", "That this is a server"},
    {"/api/chat", "Ollama: answer messages", &run<&parse_ollama_chat>},
    {"/api/generate", "Ollama: continue a prompt", &run<&parse_ollama_generate>},
    {"/api/embed", "Ollama: vectors of texts", &run_embed},
    {"/api/embeddings", "Ollama: the vector of a text, the older way", &run_older_embed},
    {"/api/show", "Ollama: one model"},
    {"/api/tags", "Ollama: the models"},
    {"/api/ps", "Ollama: the models in memory"},
    {"/api/version", "Ollama: the version"},
    {"/api/pull", "Ollama: fetch a model"},
    {"/api/create", "Ollama: make a model from another one, or from files"},
    {"/api/copy", "Ollama: give a model another name"},
    {"/api/delete", "Ollama: remove a model"},
    {"/api/blobs/{id}", "Ollama: a file of a model, by its digest"},
    {"/api/push", "Ollama: send a model to a registry: refused"},
};

// Other paths of the same endpoints.
struct Alias {
  std::string_view path, of;
};
constexpr Alias kAliases[] = {
    {"/v1/health", "/health"},
    {"/models", "/v1/models"},
    {"/models/load", "/v1/models/load"},
    {"/models/unload", "/v1/models/unload"},
    {"/chat/completions", "/v1/chat/completions"},
    {"/completions", "/completion"},
    {"/embeddings", "/v1/embeddings"},
    {"/v2/rerank", "/v1/rerank"},
    {"/rerank", "/v1/rerank"},
    {"/v1/reranking", "/v1/rerank"},
    {"/reranking", "/v1/rerank"},
};

}  // namespace

std::vector<Endpoint> describe_endpoints() {
  const ServerLimits limits;
  const RequestRules rules{.limits = limits, .n_vocab = 1, .sampling = {}, .unknown = nullptr};
  std::vector<Endpoint> out;
  for (const Route& route : routes()) {
    if (route.control || std::ranges::find(kAliases, route.pattern, &Alias::path) != std::end(kAliases)) continue;
    const auto row = std::ranges::find(kRows, route.pattern, &Row::path);
    const std::string_view method = beast::http::to_string(route.method);
    Endpoint endpoint{.dialect = route.dialect->name,
                      .method = method,
                      .path = route.pattern,
                      .summary = row == std::end(kRows) ? std::string_view() : row->summary};
    if (row != std::end(kRows) && row->parse != nullptr && method == "POST") {
      FieldRecorder recorder;
      row->parse(Document{}, rules);
      endpoint.fields = recorder.uses();
    }
    out.push_back(std::move(endpoint));
  }
  return out;
}

}  // namespace quern::server
