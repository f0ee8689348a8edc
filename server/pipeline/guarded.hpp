// What keeps an exception from being lost: in a handler it becomes an answer, in a coroutine that nobody waits for a
// line in the log. Threads: the connection's strand.
#pragma once

#include "server/asio.hpp"

#include <exception>
#include <string>

namespace quern::server {

class Exchange;
class ServerState;

// What an exception says of itself.
std::string what_of(const std::exception_ptr& failure);

// Runs the handler. An exception that leaves it becomes a 500 with the request's id, or an error event where a stream
// has begun; the connection closes afterwards, and the log has what happened.
net::awaitable<void> guarded(net::awaitable<void> (*handler)(Exchange&, ServerState&), Exchange& exchange,
                             ServerState& state);

// Completion handler of a coroutine that nobody waits for.
class LogFailure {
 public:
  explicit LogFailure(const char* what) noexcept : what_(what) {}
  void operator()(const std::exception_ptr& failure) const noexcept;

 private:
  const char* what_;  // what ended, for the log
};

}  // namespace quern::server
