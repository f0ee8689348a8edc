// What all sessions of one server share: services, limits, counters, the open connections, and how draining goes on.
// Threads: any, unless said. Ownership: shared by the Server, its listeners and its sessions; the services it refers to
// must outlive the io_context's run.
#pragma once

#include "base/clock.hpp"
#include "server/access.hpp"
#include "server/asio.hpp"
#include "server/connection.hpp"
#include "server/keys/key_store.hpp"
#include "server/pipeline/helper_pool.hpp"
#include "server/server.hpp"
#include "server/store/activity_log.hpp"
#include "server/store/response_store.hpp"
#include "server/supersede.hpp"
#include "server/tls/tls_identity.hpp"
#include "server/tracing/exporter.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

namespace quern::server {

class ServerState : public std::enable_shared_from_this<ServerState> {
 public:
  ServerState(net::io_context& io, const ServerOptions& options, const Services& services, AccessPolicy access);

  const ServerOptions options;
  const Services services;
  const AccessPolicy access;
  const TimePoint started;

  // Requests are numbered as they arrive.
  std::uint64_t next_arrival() noexcept { return arrivals_.fetch_add(1, std::memory_order_relaxed) + 1; }

  SupersedeTable supersede;
  std::shared_ptr<SpanExporter> spans;       // empty: nobody wants them
  std::unique_ptr<ResponseStore> responses;  // of /v1/responses; empty: none are kept
  std::unique_ptr<ActivityLog> activity;     // empty: nothing is kept of requests
  std::shared_ptr<KeyStore> keys;            // empty: nobody is asked for a key
  std::shared_ptr<TlsIdentity> tls;          // empty: TCP connections are plain

  // Where max_connections are open, or the memory budget has no room for one more, a connection on the Unix socket gets
  // one of kReservedPlaces, on which an operator can look and steer; others get none. The reserved ones hold no bodies
  // and no answers of the model, and are not in the budget.
  enum class Place : std::uint8_t { none, open, reserved };
  Place add(const std::shared_ptr<Connection>& connection);
  void remove(const Connection& connection);
  std::size_t n_connections() const;
  // For a connection without a place: whether it may be told. Each true needs an end_refusal().
  bool begin_refusal() noexcept;
  void end_refusal() noexcept { n_refusals_.fetch_sub(1, std::memory_order_relaxed); }

  // Request bodies being received, all connections together. false: over the limit, nothing was counted.
  bool take_body_bytes(std::uint64_t n_bytes) noexcept;
  void return_body_bytes(std::uint64_t n_bytes) noexcept;

  void request_began() noexcept { n_active_.fetch_add(1, std::memory_order_seq_cst); }
  void request_ended();
  void count_response(unsigned status) noexcept;
  std::uint32_t n_active() const noexcept { return n_active_.load(std::memory_order_seq_cst); }
  std::uint64_t n_responses(unsigned status_class) const noexcept;  // 2: 2xx, ..., 5: 5xx
  static constexpr unsigned kFirstError = 400, kErrors = 200;
  std::uint64_t n_errors(unsigned status) const noexcept;  // of one status in [kFirstError, kFirstError + kErrors)

  // Refuses new work; closes idle connections once no request runs, and everything after drain_timeout. Twice is fine.
  void drain();
  bool draining() const noexcept { return draining_.load(std::memory_order_seq_cst); }
  // Set before the server starts; each is called once: when draining begins, and when its last request has ended.
  void on_drain(std::function<void()> then) { when_draining_ = std::move(then); }
  void on_quiet(std::function<void()> then) { when_quiet_ = std::move(then); }

 private:
  void close_idle_when_quiet();
  std::vector<std::shared_ptr<Connection>> open_connections() const;

  net::strand<net::any_io_executor> strand_;  // of the drain timer
  net::steady_timer drain_timer_;
  std::function<void()> when_draining_, when_quiet_;
  std::atomic<bool> draining_{false}, quiet_{false};
  std::atomic<std::uint32_t> n_active_{0}, n_refusals_{0};
  std::atomic<std::uint64_t> body_bytes_{0}, arrivals_{0};
  std::array<std::atomic<std::uint64_t>, 6> responses_{};
  std::array<std::atomic<std::uint64_t>, kErrors> errors_{};
  mutable std::mutex mutex_;
  struct Open {
    std::weak_ptr<Connection> connection;
    std::optional<ByteLedger::Reservation> memory;  // none: a reserved place
  };
  std::unordered_map<const Connection*, Open> connections_;  // guarded by mutex_
  std::size_t n_reserved_ = 0;                               // of them; guarded by mutex_

 public:
  HelperPool helpers;  // last: its jobs refer to the rest
};

}  // namespace quern::server
