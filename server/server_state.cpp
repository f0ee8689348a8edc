#include "server/server_state.hpp"

#include "base/log.hpp"
#include "server/descriptor_limit.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>

namespace quern::server {
namespace {

// What an open connection takes of this process at most while it streams an answer: its coroutines, the bytes read
// ahead, the ticket with its ring of tokens, the sampler. Measured with 2,000 streams: docs/PERFORMANCE.md.
constexpr std::uint64_t kConnectionBytes = 64u << 10;
// And through TLS: Asio's two buffers, the pair between it and OpenSSL, OpenSSL's own; each holds a record or two.
constexpr std::uint64_t kTlsBytes = 112u << 10;

}  // namespace

ServerState::ServerState(net::io_context& io, const ServerOptions& options_in, const Services& services_in,
                         AccessPolicy access_in)
    : options(options_in),
      services(services_in),
      access(std::move(access_in)),
      started(services.clock.now()),
      strand_(net::make_strand(net::any_io_executor(io.get_executor()))),
      drain_timer_(strand_),
      helpers(options.helper_threads == 0 ? HelperPool::default_threads() : options.helper_threads,
              options.limits.max_jobs) {}

ServerState::Place ServerState::add(const std::shared_ptr<Connection>& connection) {
  const std::lock_guard lock(mutex_);
  if (connections_.size() - n_reserved_ < options.limits.max_connections) {
    if (auto memory = services.ledger.reserve(MemoryUse::connections,
                                              kConnectionBytes + (connection->encrypted() ? kTlsBytes : 0))) {
      connections_.emplace(connection.get(), Open{connection, std::move(*memory)});
      return Place::open;
    }
  }
  const bool may_control = connection->transport() == Transport::unix_socket && options.control;
  if (!may_control || n_reserved_ == kReservedPlaces) return Place::none;
  ++n_reserved_;
  connections_.emplace(connection.get(), Open{connection, std::nullopt});
  return Place::reserved;
}

bool ServerState::begin_refusal() noexcept {
  if (n_refusals_.fetch_add(1, std::memory_order_relaxed) < kMaxRefusals) return true;
  end_refusal();
  return false;
}

void ServerState::remove(const Connection& connection) {
  {
    const std::lock_guard lock(mutex_);
    const auto found = connections_.find(&connection);
    if (found != connections_.end()) {
      if (!found->second.memory) --n_reserved_;
      connections_.erase(found);
    }
    if (!connections_.empty() || !draining()) return;
  }
  net::post(strand_, [self = shared_from_this()] { self->drain_timer_.cancel(); });
}

std::size_t ServerState::n_connections() const {
  const std::lock_guard lock(mutex_);
  return connections_.size();
}

std::vector<std::shared_ptr<Connection>> ServerState::open_connections() const {
  std::vector<std::shared_ptr<Connection>> open;
  const std::lock_guard lock(mutex_);
  for (const auto& [key, entry] : connections_) {
    if (auto alive = entry.connection.lock()) open.push_back(std::move(alive));
  }
  return open;
}

bool ServerState::take_body_bytes(std::uint64_t n_bytes) noexcept {
  const std::uint64_t before = body_bytes_.fetch_add(n_bytes, std::memory_order_relaxed);
  if (before + n_bytes <= options.limits.max_bodies_bytes) return true;
  return_body_bytes(n_bytes);
  return false;
}

void ServerState::return_body_bytes(std::uint64_t n_bytes) noexcept {
  body_bytes_.fetch_sub(n_bytes, std::memory_order_relaxed);
}

void ServerState::request_ended() {
  n_active_.fetch_sub(1, std::memory_order_seq_cst);
  if (draining()) close_idle_when_quiet();
}

void ServerState::count_response(unsigned status) noexcept {
  responses_[std::min<std::size_t>(status / 100, responses_.size() - 1)].fetch_add(1, std::memory_order_relaxed);
  if (status >= kFirstError && status < kFirstError + kErrors) {
    errors_[status - kFirstError].fetch_add(1, std::memory_order_relaxed);
  }
}

std::uint64_t ServerState::n_errors(unsigned status) const noexcept {
  return errors_[status - kFirstError].load(std::memory_order_relaxed);
}

std::uint64_t ServerState::n_responses(unsigned status_class) const noexcept {
  return responses_[std::min<std::size_t>(status_class, responses_.size() - 1)].load(std::memory_order_relaxed);
}

void ServerState::drain() {
  if (draining_.exchange(true, std::memory_order_seq_cst)) return;
  log::info("draining: {} requests may finish within {} ms", n_active(), options.limits.drain_timeout.count());
  services.models.drain();
  if (when_draining_) when_draining_();
  net::post(strand_, [self = shared_from_this()] {
    if (self->n_connections() == 0) return;
    self->drain_timer_.expires_after(self->options.limits.drain_timeout);
    self->drain_timer_.async_wait([self](boost::system::error_code error) {
      if (error) return;  // cancelled: the last connection has closed
      const auto left = self->open_connections();
      log::warn("drain timeout: {} connections are cut", left.size());
      for (const auto& connection : left) connection->abort();
    });
  });
  close_idle_when_quiet();
}

void ServerState::close_idle_when_quiet() {
  // While a request runs, idle connections stay, so that health checks on them see the draining state.
  if (n_active() != 0) return;
  if (!quiet_.exchange(true, std::memory_order_seq_cst) && when_quiet_) when_quiet_();
  for (const auto& connection : open_connections()) connection->close_if_idle();
}

}  // namespace quern::server
