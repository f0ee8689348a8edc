// POST /v1/chat/completions. Errors: 400 bad JSON or value, 404 another model, 429 queue full, 503 draining.
#include "server/api/chat_prompt.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/api/openai/chat_writer.hpp"

#include <utility>

namespace quern::server {
namespace {

Result<Prepared> prepare_chat(const Document& document, Effort& effort) {
  QUERN_TRY(ChatRequest request, read_chat_request(document, effort));
  QUERN_TRY(const std::string text, render_prompt(request.conversation, effort));
  const engine::chat::TemplateSet& chat = effort.model().chat;
  Prepared out{.fields = std::move(request.fields),
               .prompt_field = "messages",
               .endpoint = "POST /v1/chat/completions",
               .template_stops = chat.ends().strings,
               .stop_tokens = chat.ends().tokens};
  QUERN_CHECK(add_prompt(out, text, chat.encode_options(text), "messages", effort));
  return out;
}

}  // namespace

net::awaitable<void> post_chat_completions(Exchange& exchange, ServerState& state) {
  Result<Understood<Prepared>> request = co_await understand<Prepared>(exchange, state, &prepare_chat);
  if (!request) {
    Response response = error_response(request.error());
    co_await exchange.reply(std::move(response));
    co_return;
  }
  const GenerationFields& fields = request->value.fields;
  auto writer = std::make_shared<ChatWriter>(make_envelope("chatcmpl-", request->model->id), fields.logprobs,
                                             fields.include_usage);
  co_await generate(exchange, state, std::move(*request), std::move(writer));
}

}  // namespace quern::server
