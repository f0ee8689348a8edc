// POST /apply-template: the prompt that the same body would give a chat completion. Errors: 400, 404.
#include "server/api/endpoints.hpp"
#include "server/api/openai/chat_json.hpp"

#include <utility>

namespace quern::server {
namespace {

Result<std::string> prepare_template(const Document& document, Effort& effort) {
  QUERN_TRY(const ChatTurn turn, parse_chat_request(document, effort.rules()));
  QUERN_TRY(const std::string text, render_turn(turn.conversation, effort));
  std::string reply = "{\"prompt\":";
  append_json_string(reply, text);
  return reply + '}';
}

}  // namespace

net::awaitable<void> post_apply_template(Exchange& exchange, ServerState& state) {
  co_await reply_prepared(exchange, state, &prepare_template);
}

}  // namespace quern::server
