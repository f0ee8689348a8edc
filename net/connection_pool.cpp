#include "net/connection_pool.hpp"

#include <algorithm>
#include <utility>

namespace quern::net {

void ConnectionPool::drop_old(TimePoint now) {
  while (!idle_.empty() && now - idle_.front()->idle_since >= max_idle_) idle_.pop_front();
}

std::unique_ptr<HttpConnection> ConnectionPool::take(std::string_view key, TimePoint now) {
  drop_old(now);
  for (std::size_t i = idle_.size(); i-- > 0;) {
    if (idle_[i]->key != key) continue;
    std::unique_ptr<HttpConnection> found = std::move(idle_[i]);
    idle_.erase(idle_.begin() + static_cast<std::ptrdiff_t>(i));
    if (found->stream.idle_and_open()) return found;
  }
  return nullptr;
}

void ConnectionPool::keep(std::unique_ptr<HttpConnection> connection, TimePoint now) {
  drop_old(now);
  const auto same = [&](const auto& other) { return other->key == connection->key; };
  if (static_cast<std::size_t>(std::ranges::count_if(idle_, same)) >= max_per_key_) {
    idle_.erase(std::ranges::find_if(idle_, same));
  }
  if (idle_.size() >= max_all_ && !idle_.empty()) idle_.pop_front();
  if (max_all_ == 0 || max_per_key_ == 0) return;
  connection->idle_since = now;
  connection->used_before = true;
  connection->stream.plain().expires_never();
  idle_.push_back(std::move(connection));
}

}  // namespace quern::net
