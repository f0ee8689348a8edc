// GET /openapi.json and /docs: made once, when somebody asks.
#include "server/api/endpoints.hpp"
#include "server/api/reference/reference.hpp"

#include <utility>

namespace quern::server {

net::awaitable<void> get_openapi(Exchange& exchange, ServerState&) {
  static const std::string kDocument = openapi_json(describe_endpoints());
  Response response{.body = kDocument};
  co_await exchange.reply(std::move(response));
}

net::awaitable<void> get_docs(Exchange& exchange, ServerState&) {
  static const std::string kPage = reference_page(describe_endpoints());
  Response response{.body = kPage, .content_type = "text/html; charset=utf-8"};
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
