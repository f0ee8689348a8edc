#include "server/routes.hpp"

#include "server/api/endpoints.hpp"

#include <array>
#include <optional>

namespace quern::server {
namespace {

constexpr auto kGet = beast::http::verb::get;
constexpr auto kPost = beast::http::verb::post;
constexpr auto kDelete = beast::http::verb::delete_;

constexpr std::array kRoutes{
    Route{kOpenAi, kGet, "/health", &get_health}.needs(KeyScope::none),
    Route{kOpenAi, kGet, "/v1/health", &get_health}.needs(KeyScope::none),
    Route{kOpenAi, kGet, "/metrics", &get_metrics},
    Route{kOpenAi, kGet, "/openapi.json", &get_openapi},
    Route{kOpenAi, kGet, "/docs", &get_docs},
    Route{kOpenAi, kGet, "/v1/models", &get_models},
    Route{kOpenAi, kGet, "/models", &get_models},
    Route{kOpenAi, kGet, "/v1/models/{path}", &get_model},
    Route{kOpenAi, kPost, "/v1/models/load", &post_model_load, true}.needs(KeyScope::admin),
    Route{kOpenAi, kPost, "/v1/models/unload", &post_model_unload, true}.needs(KeyScope::admin),
    Route{kOpenAi, kPost, "/models/load", &post_model_load, true}.needs(KeyScope::admin),
    Route{kOpenAi, kPost, "/models/unload", &post_model_unload, true}.needs(KeyScope::admin),
    Route{kOpenAi, kPost, "/v1/completions", &post_completions, true},
    Route{kOpenAi, kPost, "/v1/chat/completions", &post_chat_completions, true},
    Route{kOpenAi, kPost, "/chat/completions", &post_chat_completions, true},
    Route{kOpenAi, kPost, "/apply-template", &post_apply_template, true}.needs(KeyScope::read),
    Route{kOpenAi, kPost, "/completion", &post_native_completion, true},
    Route{kOpenAi, kPost, "/completions", &post_native_completion, true},
    Route{kOpenAi, kPost, "/infill", &post_infill, true},
    Route{kOpenAi, kGet, "/props", &get_props},
    Route{kOpenAi, kGet, "/slots", &get_slots},
    Route{kOpenAi, kPost, "/tokenize", &post_tokenize, true}.needs(KeyScope::read),
    Route{kOpenAi, kPost, "/detokenize", &post_detokenize, true}.needs(KeyScope::read),
    Route{kOpenAi, kPost, "/v1/embeddings", &post_embeddings, true},
    Route{kOpenAi, kPost, "/embeddings", &post_embeddings, true},
    Route{kOpenAi, kPost, "/v1/rerank", &post_rerank, true},
    Route{kOpenAi, kPost, "/v2/rerank", &post_rerank, true},
    Route{kOpenAi, kPost, "/rerank", &post_rerank, true},
    Route{kOpenAi, kPost, "/v1/reranking", &post_rerank, true},
    Route{kOpenAi, kPost, "/reranking", &post_rerank, true},
    Route{kOpenAi, kPost, "/v1/chat/completions/input_tokens", &post_chat_count, true}.needs(KeyScope::read),
    Route{kOpenAi, kPost, "/v1/responses", &post_responses, true},
    Route{kOpenAi, kPost, "/v1/responses/input_tokens", &post_responses_count, true}.needs(KeyScope::read),
    Route{kOpenAi, kGet, "/v1/responses/{id}", &get_response},
    Route{kOpenAi, kDelete, "/v1/responses/{id}", &delete_response}.needs(KeyScope::infer),
    Route{kOpenAi, kPost, "/v1/responses/{id}/cancel", &cancel_response, true},
    Route{kOpenAi, kGet, "/v1/responses/{id}/input_items", &get_response_input},
    Route{kAnthropic, kPost, "/v1/messages", &post_messages, true},
    Route{kAnthropic, kPost, "/v1/messages/count_tokens", &post_count_tokens, true}.needs(KeyScope::read),
    Route{kOllama, kGet, "/", &get_root},
    Route{kOllama, kPost, "/api/chat", &post_ollama_chat, true},
    Route{kOllama, kPost, "/api/generate", &post_ollama_generate, true},
    Route{kOllama, kPost, "/api/embed", &post_ollama_embed, true},
    Route{kOllama, kPost, "/api/embeddings", &post_ollama_embeddings, true},
    Route{kOllama, kPost, "/api/show", &post_ollama_show, true}.needs(KeyScope::read),
    Route{kOllama, kGet, "/api/tags", &get_ollama_tags},
    Route{kOllama, kGet, "/api/ps", &get_ollama_ps},
    Route{kOllama, kGet, "/api/version", &get_ollama_version},
    Route{kOllama, kPost, "/api/pull", &post_ollama_pull, true}.needs(KeyScope::admin),
    Route{kOllama, kPost, "/api/create", &post_ollama_create, true}.needs(KeyScope::admin),
    Route{kOllama, kPost, "/api/copy", &post_ollama_copy, true}.needs(KeyScope::admin),
    Route{kOllama, kDelete, "/api/delete", &delete_ollama_model, true}.needs(KeyScope::admin),
    Route{kOllama, kGet, "/api/blobs/{id}", &get_ollama_blob}.needs(KeyScope::admin),
    Route{kOllama, kPost, "/api/blobs/{id}", &post_ollama_blob}.uploads().needs(KeyScope::admin),
    Route{kOllama, kPost, "/api/push", &post_ollama_push, true}.needs(KeyScope::admin),
    Route{kOpenAi, kGet, "/control/status", &get_control_status, false, true},
    Route{kOpenAi, kGet, "/control/memory", &get_control_memory, false, true},
    Route{kOpenAi, kGet, "/control/models", &get_control_models, false, true},
    Route{kOpenAi, kGet, "/control/requests", &get_control_requests, false, true},
    Route{kOpenAi, kGet, "/control/history", &get_control_history, false, true},
    Route{kOpenAi, kGet, "/control/activity", &get_control_activity, false, true},
    Route{kOpenAi, kGet, "/control/activity/{id}", &get_control_activity_row, false, true},
    Route{kOpenAi, kGet, "/control/requests/{id}", &get_control_request, false, true},
    Route{kOpenAi, kDelete, "/control/requests/{id}", &cancel_control_request, false, true},
    Route{kOpenAi, kPost, "/control/requests/{id}/cancel", &cancel_control_request, false, true},
    Route{kOpenAi, kPost, "/control/drain", &post_control_drain, false, true},
};

// Takes the text up to the next '/' off the front.
std::string_view next_segment(std::string_view& rest) noexcept {
  const std::size_t slash = rest.find('/');
  const std::string_view segment = rest.substr(0, slash);
  rest.remove_prefix(slash == std::string_view::npos ? rest.size() : slash + 1);
  return segment;
}

// The value of the pattern's placeholder ("" if it has none), or nothing if the path is another one.
std::optional<std::string_view> match(std::string_view pattern, std::string_view path) noexcept {
  std::string_view value;
  if (pattern.ends_with('/') != path.ends_with('/')) return std::nullopt;
  while (!pattern.empty()) {
    const std::string_view wanted = next_segment(pattern);
    if (wanted == "{path}") return path.empty() ? std::nullopt : std::optional(path);
    const std::string_view found = next_segment(path);
    if (wanted == "{id}" ? found.empty() : wanted != found) return std::nullopt;
    if (wanted == "{id}") value = found;
    if (pattern.empty() != path.empty()) return std::nullopt;
  }
  return value;
}

}  // namespace

std::span<const Route> routes() noexcept {
  return kRoutes;
}

RouteMatch find_route(std::string_view path, beast::http::verb method, bool control_allowed) {
  RouteMatch found;
  const auto wanted = method == beast::http::verb::head ? kGet : method;
  for (const Route& route : kRoutes) {
    if (route.control && !control_allowed) continue;
    const std::optional<std::string_view> value = match(route.pattern, path);
    if (!value) continue;
    if (route.method == wanted) {
      found.route = &route;
      found.value = std::string(*value);
    }
    if (!found.allow.empty()) found.allow += ", ";
    found.allow += beast::http::to_string(route.method);
    if (route.method == kGet) found.allow += ", HEAD";
  }
  if (!found.allow.empty()) found.allow += ", OPTIONS";
  return found;
}

}  // namespace quern::server
