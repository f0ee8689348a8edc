#include "engine/tokenizer/utf8.hpp"
#include "server/api/encode.hpp"
#include "server/api/endpoints.hpp"
#include "server/api/tokenize_json.hpp"
#include "server/http_error.hpp"

#include <utility>

namespace quern::server {

// POST /tokenize. Errors: 400.
net::awaitable<void> post_tokenize(Exchange& exchange, ServerState& state) {
  const RequestRules rules{state.options.limits, state.services.tokenizer.n_vocab()};
  Result<TokenizeRequest> request = parse_tokenize_request(exchange.body(), rules);
  Response response;
  if (request) {
    const std::vector<engine::TokenId> tokens = co_await encode(state, std::move(request->content), request->options);
    response.body = tokenize_json(tokens, request->with_pieces, state.services.tokenizer);
  } else {
    response = error_response(request.error());
  }
  co_await exchange.reply(std::move(response));
}

// POST /detokenize. Errors: 400.
net::awaitable<void> post_detokenize(Exchange& exchange, ServerState& state) {
  const RequestRules rules{state.options.limits, state.services.tokenizer.n_vocab()};
  const Result<std::vector<engine::TokenId>> tokens = parse_detokenize_request(exchange.body(), rules);
  Response response;
  if (tokens) {
    const std::string text = engine::replace_invalid_bytes(state.services.tokenizer.decode(*tokens, true));
    response.body = "{\"content\":";
    append_json_string(response.body, text);
    response.body += '}';
  } else {
    response = error_response(tokens.error());
  }
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
