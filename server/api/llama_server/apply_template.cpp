// POST /apply-template: the prompt that the same body would give a chat completion. Errors: 400, 404.
#include "server/api/chat_prompt.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"

#include <utility>

namespace quern::server {
namespace {

Result<std::string> prepare_template(const Document& document, Effort& effort) {
  QUERN_TRY(const ChatRequest request, read_chat_request(document, effort));
  QUERN_TRY(const std::string text, render_prompt(request.conversation, effort));
  std::string reply = "{\"prompt\":";
  append_json_string(reply, text);
  return reply + '}';
}

}  // namespace

net::awaitable<void> post_apply_template(Exchange& exchange, ServerState& state) {
  co_await reply_prepared(exchange, state, &prepare_template);
}

}  // namespace quern::server
