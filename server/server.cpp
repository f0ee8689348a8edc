#include "server/server.hpp"

#include "server/descriptor_limit.hpp"
#include "server/listener.hpp"
#include "server/server_state.hpp"

#include <utility>
#include <vector>

namespace quern::server {

struct Server::Impl {
  std::shared_ptr<ServerState> state;
  std::vector<std::shared_ptr<Listener>> listeners;
  std::uint16_t port = 0;
};

Result<std::unique_ptr<Server>> Server::create(boost::asio::io_context& io, const ServerOptions& options,
                                               const Services& services) {
  if (!options.tcp && options.unix_socket.empty()) {
    return fail(Errc::bad_input, "server: neither TCP nor a Unix socket is enabled");
  }
  QUERN_TRY(AccessPolicy access, AccessPolicy::create(options.host, options.allowed_hosts, options.allowed_origins));
  auto impl = std::make_unique<Impl>();
  if (options.tcp) {
    QUERN_TRY(auto listener, Listener::listen_tcp(io, options.host, options.port));
    impl->port = listener->port();
    impl->listeners.push_back(std::move(listener));
  }
  if (!options.unix_socket.empty()) {
    QUERN_TRY(auto listener, Listener::listen_unix(io, options.unix_socket));
    impl->listeners.push_back(std::move(listener));
  }
  ServerOptions fitting = options;
  fitting.limits.max_connections = fit_descriptors(options.limits.max_connections);
  impl->state = std::make_shared<ServerState>(io, fitting, services, std::move(access));
  if (!options.otlp_endpoint.empty()) {
    QUERN_TRY(OtlpEndpoint endpoint, parse_otlp_endpoint(options.otlp_endpoint));
    impl->state->spans = std::make_shared<SpanExporter>(io, std::move(endpoint));
  }
  // An operator can look at the last requests and cancel them: the Unix socket listens as long as there are any.
  const auto stop = [listeners = impl->listeners](Transport transport) {
    for (const auto& listener : listeners) {
      if (listener->transport() == transport) listener->stop();
    }
  };
  impl->state->on_drain([stop] { stop(Transport::tcp); });
  impl->state->on_quiet([stop] { stop(Transport::unix_socket); });
  return std::unique_ptr<Server>(new Server(std::move(impl)));
}

Server::Server(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Server::~Server() = default;

void Server::start() {
  for (const auto& listener : impl_->listeners) listener->start(impl_->state);
}

std::uint16_t Server::port() const noexcept {
  return impl_->port;
}

void Server::drain() {
  impl_->state->drain();
}

}  // namespace quern::server
