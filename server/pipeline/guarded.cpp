#include "server/pipeline/guarded.hpp"

#include "base/log.hpp"
#include "server/exchange.hpp"
#include "server/http_error.hpp"

#include <utility>

namespace quern::server {

std::string what_of(const std::exception_ptr& failure) {
  try {
    std::rethrow_exception(failure);
  } catch (const std::exception& e) {
    return e.what();
  } catch (...) {
    return "unknown exception";
  }
}

net::awaitable<void> guarded(net::awaitable<void> (*handler)(Exchange&, ServerState&), Exchange& exchange,
                             ServerState& state) {
  std::exception_ptr failure;
  try {
    co_await handler(exchange, state);
  } catch (...) {
    failure = std::current_exception();  // awaiting is not allowed in here
  }
  if (!failure) co_return;
  log::error("request {}: {}", exchange.head().request_id, what_of(failure));
  exchange.close_after();
  const Error error =
      fail(Errc::io, "internal error; the server's log has it under request id {}", exchange.head().request_id);
  if (!exchange.replied()) {
    Response response = error_response(error, "internal_error");
    co_await exchange.reply(std::move(response));
  } else if (exchange.streaming()) {
    const HttpError what = http_error(error, "internal_error");
    co_await exchange.fail_stream(what);
  }
}

void LogFailure::operator()(const std::exception_ptr& failure) const noexcept {
  if (!failure) return;
  try {
    log::error("{}: {}", what_, what_of(failure));
  } catch (...) {  // no memory for the line
  }
}

}  // namespace quern::server
