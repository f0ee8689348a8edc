#include "engine/tokenizer/utf8.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/api/llama_server/tokenize_json.hpp"

#include <utility>

namespace quern::server {
namespace {

// What one token takes in the reply at most: its id and a comma; with its piece, written as an array of bytes.
std::uint64_t reply_bytes(bool with_pieces, std::size_t longest_token_bytes) {
  return with_pieces ? 48 + 4 * std::uint64_t{longest_token_bytes} : 12;
}

Result<std::string> prepare_tokens(const Document& document, Effort& effort) {
  QUERN_TRY(const TokenizeRequest request, parse_tokenize_request(document, effort.rules()));
  QUERN_TRY(const std::vector<engine::TokenId> tokens, effort.encode(request.content, request.options, "content"));
  const std::uint64_t each =
      sizeof(engine::TokenId) + reply_bytes(request.with_pieces, effort.model().longest_token_bytes);
  QUERN_CHECK(effort.hold(2 * request.content.size() + tokens.size() * each));
  return tokenize_json(tokens, request.with_pieces, effort.model().tokenizer);
}

Result<std::string> prepare_text(const Document& document, Effort& effort) {
  QUERN_TRY(const std::vector<engine::TokenId> tokens, parse_detokenize_request(document, effort.rules()));
  QUERN_CHECK(effort.hold(tokens.size() * (sizeof(engine::TokenId) + 4 * effort.model().longest_token_bytes)));
  const std::string text = engine::replace_invalid_bytes(effort.model().tokenizer->decode(tokens, true));
  std::string reply = "{\"content\":";
  append_json_string(reply, text);
  return reply + '}';
}

}  // namespace

// POST /tokenize. Errors: 400.
net::awaitable<void> post_tokenize(Exchange& exchange, ServerState& state) {
  co_await reply_prepared(exchange, state, &prepare_tokens);
}

// POST /detokenize. Errors: 400.
net::awaitable<void> post_detokenize(Exchange& exchange, ServerState& state) {
  co_await reply_prepared(exchange, state, &prepare_text);
}

}  // namespace quern::server
