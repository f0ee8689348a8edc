// Connections that wait for the next request to the same server. Bounded; what has waited too long or was closed by
// its server is dropped when somebody looks. Threads: one at a time. Ownership: the connections.
#pragma once

#include "base/clock.hpp"
#include "net/http_connection.hpp"

#include <deque>
#include <memory>
#include <string_view>

namespace quern::net {

class ConnectionPool {
 public:
  ConnectionPool(std::size_t max_per_key, std::size_t max_all, Duration max_idle) noexcept
      : max_per_key_(max_per_key), max_all_(max_all), max_idle_(max_idle) {}

  // The one that was used last; nullptr: none.
  std::unique_ptr<HttpConnection> take(std::string_view key, TimePoint now);
  void keep(std::unique_ptr<HttpConnection> connection, TimePoint now);
  void clear() noexcept { idle_.clear(); }
  std::size_t size() const noexcept { return idle_.size(); }

 private:
  void drop_old(TimePoint now);

  const std::size_t max_per_key_, max_all_;
  const Duration max_idle_;
  std::deque<std::unique_ptr<HttpConnection>> idle_;  // the longest unused first
};

}  // namespace quern::net
