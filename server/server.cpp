#include "server/server.hpp"

#include "base/log.hpp"
#include "sched/stall_watch.hpp"
#include "server/descriptor_limit.hpp"
#include "server/keys/key_store.hpp"
#include "server/listener.hpp"
#include "server/server_state.hpp"
#include "server/ticker.hpp"
#include "server/tls/tls_identity.hpp"

#include <utility>
#include <vector>

namespace quern::server {
namespace {

Result<AccessPolicy> create_access(const ServerOptions& options) {
  return AccessPolicy::create(options.host, options.allowed_hosts, options.allowed_origins);
}

}  // namespace

struct Server::Impl {
  std::shared_ptr<ServerState> state;
  Listeners listeners;
  std::shared_ptr<Ticker> watch;            // looks whether the engine gets on while nobody asks
  ByteLedger::Reservation response_memory;  // of stored responses that are in memory
};

Result<Listeners> Listeners::open(boost::asio::io_context& io, const ServerOptions& options) {
  if (!options.tcp && options.unix_socket.empty()) {
    return fail(Errc::bad_input, "server: neither TCP nor a Unix socket is enabled");
  }
  QUERN_TRY(const AccessPolicy access, create_access(options));  // what is wrong there shows before a model is loaded
  static_cast<void>(access);
  Listeners out;
  if (!options.keys_file.empty()) {
    QUERN_TRY(out.keys, KeyStore::open(options.keys_file, options.keys_required));
  }
  if (!options.tls_cert.empty()) {
    QUERN_TRY(out.tls, TlsIdentity::load(options.tls_cert, options.tls_key));
  }
  if (options.tcp) {
    QUERN_TRY(auto listener, Listener::listen_tcp(io, options.host, options.port));
    out.port = listener->port();
    out.all.push_back(std::move(listener));
  }
  if (!options.unix_socket.empty()) {
    QUERN_TRY(auto listener, Listener::listen_unix(io, options.unix_socket));
    out.all.push_back(std::move(listener));
  }
  return out;
}

void Listeners::remove_files() const noexcept {
  for (const auto& listener : all) listener->remove_file();
}

Result<std::unique_ptr<Server>> Server::create(boost::asio::io_context& io, const ServerOptions& options,
                                               const Services& services) {
  QUERN_TRY(Listeners listeners, Listeners::open(io, options));
  return create(io, options, services, std::move(listeners));
}

Result<std::unique_ptr<Server>> Server::create(boost::asio::io_context& io, const ServerOptions& options,
                                               const Services& services, Listeners listeners) {
  QUERN_TRY(AccessPolicy access, create_access(options));
  auto impl = std::make_unique<Impl>();
  impl->listeners = std::move(listeners);
  ServerOptions fitting = options;
  fitting.limits.max_connections = fit_descriptors(options.limits.max_connections);
  impl->state = std::make_shared<ServerState>(io, fitting, services, std::move(access));
  impl->state->keys = impl->listeners.keys;
  impl->state->tls = impl->listeners.tls;
  if (!options.otlp_endpoint.empty()) {
    QUERN_TRY(OtlpEndpoint endpoint, parse_otlp_endpoint(options.otlp_endpoint));
    impl->state->spans = std::make_shared<SpanExporter>(io, std::move(endpoint));
  }
  if (options.response_store != "none") {
    const bool in_memory = options.response_store == "memory";
    std::uint64_t max_bytes = options.response_store_bytes;
    if (in_memory) {  // as much as asked for, but little beside what is left
      max_bytes = std::min(max_bytes, (services.ledger.budget() - services.ledger.used()) / 8);
      QUERN_TRY(impl->response_memory, services.ledger.reserve(MemoryUse::buffers, max_bytes));
    }
    const ResponseStoreOptions store{
        .path = in_memory ? "" : options.response_store,
        .max_bytes = max_bytes,
        .ttl = std::chrono::duration_cast<std::chrono::seconds>(options.response_store_ttl)};
    QUERN_TRY(impl->state->responses, ResponseStore::open(store));
  }
  if (options.activity_log != "none") {
    QUERN_TRY(impl->state->activity, ActivityLog::open({.path = options.activity_log,
                                                        .max_bytes = options.activity_log_bytes,
                                                        .body_bytes = options.activity_body_bytes}));
  }
  const auto look = [&models = services.models] { static_cast<void>(models.stalled()); };
  impl->watch = std::make_shared<Ticker>(io, sched::StallWatch::kLookEvery, look);
  // An operator can look at the last requests and cancel them: the Unix socket listens as long as there are any.
  const auto stop = [listeners = impl->listeners.all](Transport transport) {
    for (const auto& listener : listeners) {
      if (listener->transport() == transport) listener->stop();
    }
  };
  impl->state->on_drain([stop, watch = impl->watch] {
    watch->stop();
    stop(Transport::tcp);
  });
  impl->state->on_quiet([stop] { stop(Transport::unix_socket); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

void Server::start() {
  for (const auto& listener : impl_->listeners.all) listener->start(impl_->state);
  impl_->watch->start();
}

std::uint16_t Server::port() const noexcept {
  return impl_->listeners.port;
}

void Server::reload() {
  const auto tell = [](std::string_view what, const Status& status) {
    if (status) {
      log::info("reload: {} were read again", what);
    } else {
      log::error("reload: {}; what was read before stays in force", status.error().detail);
    }
  };
  if (impl_->state->keys) tell("API keys", impl_->state->keys->reload());
  if (impl_->state->tls) tell("certificate and key", impl_->state->tls->reload());
}

void Server::drain() {
  impl_->state->drain();
}

}  // namespace quern::server
