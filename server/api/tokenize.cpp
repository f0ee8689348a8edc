#include "engine/tokenizer/utf8.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/generate.hpp"
#include "server/api/tokenize_json.hpp"
#include "server/pipeline/prepare.hpp"

#include <utility>

namespace quern::server {
namespace {

// What one token takes in the reply at most: its id and a comma; with its piece, written as an array of bytes.
std::uint64_t reply_bytes(bool with_pieces, std::size_t longest_token_bytes) {
  return with_pieces ? 48 + 4 * std::uint64_t{longest_token_bytes} : 12;
}

Result<std::string> prepare_tokens(std::string_view body, Effort& effort) {
  const RequestRules rules{effort.limits(), effort.services().tokenizer.n_vocab()};
  QUERN_CHECK(effort.begin_parsing(body));
  QUERN_TRY(const TokenizeRequest request, parse_tokenize_request(body, rules));
  effort.end_parsing();
  QUERN_TRY(const std::vector<engine::TokenId> tokens, effort.encode(request.content, request.options, "content"));
  const std::uint64_t each = sizeof(engine::TokenId) + reply_bytes(request.with_pieces, effort.longest_token_bytes());
  QUERN_CHECK(effort.hold(2 * request.content.size() + tokens.size() * each));
  return tokenize_json(tokens, request.with_pieces, effort.services().tokenizer);
}

Result<std::string> prepare_text(std::string_view body, Effort& effort) {
  const RequestRules rules{effort.limits(), effort.services().tokenizer.n_vocab()};
  QUERN_CHECK(effort.begin_parsing(body));
  QUERN_TRY(const std::vector<engine::TokenId> tokens, parse_detokenize_request(body, rules));
  effort.end_parsing();
  QUERN_CHECK(effort.hold(tokens.size() * (sizeof(engine::TokenId) + 4 * effort.longest_token_bytes())));
  const std::string text = engine::replace_invalid_bytes(effort.services().tokenizer.decode(tokens, true));
  std::string reply = "{\"content\":";
  append_json_string(reply, text);
  return reply + '}';
}

}  // namespace

// POST /tokenize. Errors: 400.
net::awaitable<void> post_tokenize(Exchange& exchange, ServerState& state) {
  Result<std::string> body = co_await prepare(exchange, state, &prepare_tokens);
  co_await reply_with(exchange, std::move(body));
}

// POST /detokenize. Errors: 400.
net::awaitable<void> post_detokenize(Exchange& exchange, ServerState& state) {
  Result<std::string> body = co_await prepare(exchange, state, &prepare_text);
  co_await reply_with(exchange, std::move(body));
}

}  // namespace quern::server
