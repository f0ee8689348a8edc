// Events of a pull on their way from its thread to a client that may read slowly: of those about one file only the last
// waits. Threads: listener() any; the rest the connection's strand. Ownership: shared with the listener.
#pragma once

#include "base/result.hpp"
#include "models/model_store.hpp"
#include "server/asio.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace quern::server {

class PullProgress : public std::enable_shared_from_this<PullProgress> {
 public:
  explicit PullProgress(const net::any_io_executor& executor) : executor_(executor), timer_(executor) {}

  models::PullListener listener();
  // Waits for events, and appends them as lines. true: it has ended, and there will be no more.
  net::awaitable<bool> next(std::string& out);
  Status end() const;  // REQUIRES: next() was true

 private:
  void wake() noexcept;

  net::any_io_executor executor_;
  net::steady_timer timer_;
  mutable std::mutex mutex_;
  std::vector<std::string> lines_;  // guarded by mutex_
  std::optional<Status> end_;       // guarded by mutex_
};

}  // namespace quern::server
