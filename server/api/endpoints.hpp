// The handlers that routes.cpp lists. Each is in the file named like it; what a request may contain and what the reply
// looks like is in docs/API.md. Threads: the connection's strand.
#pragma once

#include "server/exchange.hpp"
#include "server/server_state.hpp"

namespace quern::server {

net::awaitable<void> get_health(Exchange& exchange, ServerState& state);             // health.cpp
net::awaitable<void> get_metrics(Exchange& exchange, ServerState& state);            // health.cpp
net::awaitable<void> get_openapi(Exchange& exchange, ServerState& state);            // reference/get_reference.cpp
net::awaitable<void> get_docs(Exchange& exchange, ServerState& state);               // reference/get_reference.cpp
net::awaitable<void> get_models(Exchange& exchange, ServerState& state);             // models.cpp
net::awaitable<void> get_model(Exchange& exchange, ServerState& state);              // models.cpp
net::awaitable<void> post_completions(Exchange& exchange, ServerState& state);       // completions.cpp
net::awaitable<void> post_chat_completions(Exchange& exchange, ServerState& state);  // chat.cpp
net::awaitable<void> post_chat_count(Exchange& exchange, ServerState& state);        // chat.cpp
net::awaitable<void> post_apply_template(Exchange& exchange, ServerState& state);    // chat.cpp
net::awaitable<void> post_tokenize(Exchange& exchange, ServerState& state);          // tokenize.cpp
net::awaitable<void> post_detokenize(Exchange& exchange, ServerState& state);        // tokenize.cpp

// llama_server/completion.cpp, llama_server/props.cpp
net::awaitable<void> post_native_completion(Exchange& exchange, ServerState& state);
net::awaitable<void> post_infill(Exchange& exchange, ServerState& state);
net::awaitable<void> get_props(Exchange& exchange, ServerState& state);
net::awaitable<void> get_slots(Exchange& exchange, ServerState& state);

// openai/responses.cpp
net::awaitable<void> post_responses(Exchange& exchange, ServerState& state);
net::awaitable<void> post_responses_count(Exchange& exchange, ServerState& state);

// openai/stored_responses.cpp
net::awaitable<void> get_response(Exchange& exchange, ServerState& state);
net::awaitable<void> delete_response(Exchange& exchange, ServerState& state);
net::awaitable<void> cancel_response(Exchange& exchange, ServerState& state);
net::awaitable<void> get_response_input(Exchange& exchange, ServerState& state);

net::awaitable<void> post_embeddings(Exchange& exchange, ServerState& state);  // openai/embeddings.cpp
net::awaitable<void> post_rerank(Exchange& exchange, ServerState& state);      // rerank/rerank.cpp

// anthropic/messages.cpp
net::awaitable<void> post_messages(Exchange& exchange, ServerState& state);
net::awaitable<void> post_count_tokens(Exchange& exchange, ServerState& state);

// /api/*: ollama.cpp
net::awaitable<void> post_ollama_chat(Exchange& exchange, ServerState& state);
net::awaitable<void> post_ollama_generate(Exchange& exchange, ServerState& state);
net::awaitable<void> post_ollama_embed(Exchange& exchange, ServerState& state);       // ollama_embed.cpp
net::awaitable<void> post_ollama_embeddings(Exchange& exchange, ServerState& state);  // ollama_embed.cpp
net::awaitable<void> post_ollama_show(Exchange& exchange, ServerState& state);
net::awaitable<void> get_ollama_tags(Exchange& exchange, ServerState& state);
net::awaitable<void> get_ollama_ps(Exchange& exchange, ServerState& state);
// ollama/ollama_store.cpp
net::awaitable<void> post_ollama_pull(Exchange& exchange, ServerState& state);
net::awaitable<void> post_ollama_create(Exchange& exchange, ServerState& state);
net::awaitable<void> post_ollama_copy(Exchange& exchange, ServerState& state);
net::awaitable<void> delete_ollama_model(Exchange& exchange, ServerState& state);
net::awaitable<void> get_ollama_blob(Exchange& exchange, ServerState& state);
net::awaitable<void> post_ollama_blob(Exchange& exchange, ServerState& state);
net::awaitable<void> post_ollama_push(Exchange& exchange, ServerState& state);
net::awaitable<void> get_ollama_version(Exchange& exchange, ServerState& state);
net::awaitable<void> get_root(Exchange& exchange, ServerState& state);

// /control/*: control.cpp
net::awaitable<void> get_control_status(Exchange& exchange, ServerState& state);
net::awaitable<void> get_control_memory(Exchange& exchange, ServerState& state);
net::awaitable<void> get_control_models(Exchange& exchange, ServerState& state);
net::awaitable<void> post_model_load(Exchange& exchange, ServerState& state);
net::awaitable<void> post_model_unload(Exchange& exchange, ServerState& state);
net::awaitable<void> get_control_requests(Exchange& exchange, ServerState& state);
net::awaitable<void> get_control_history(Exchange& exchange, ServerState& state);
net::awaitable<void> get_control_activity(Exchange& exchange, ServerState& state);
net::awaitable<void> get_control_activity_row(Exchange& exchange, ServerState& state);
net::awaitable<void> get_control_request(Exchange& exchange, ServerState& state);
net::awaitable<void> cancel_control_request(Exchange& exchange, ServerState& state);
net::awaitable<void> post_control_drain(Exchange& exchange, ServerState& state);

}  // namespace quern::server
