#include "server/api/endpoints.hpp"
#include "server/metrics.hpp"

#include <utility>

namespace quern::server {

// GET /health: whether new requests are taken, and whether the engine gets on. Answers while a step runs.
net::awaitable<void> get_health(Exchange& exchange, ServerState& state) {
  Response response{.body = R"({"status":"ok"})"};
  if (state.draining()) {
    response.status = 503;
    response.body = R"({"status":"draining"})";
  } else if (state.services.models.stalled() > state.options.limits.watchdog) {
    response.status = 503;
    response.body = R"({"status":"stalled"})";
  }
  co_await exchange.reply(std::move(response));
}

// GET /metrics: Prometheus text.
net::awaitable<void> get_metrics(Exchange& exchange, ServerState& state) {
  Response response{.body = metrics_text(state), .content_type = "text/plain; version=0.0.4; charset=utf-8"};
  co_await exchange.reply(std::move(response));
}

}  // namespace quern::server
