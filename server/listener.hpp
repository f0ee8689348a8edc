// A listening socket (TCP or Unix) and the loop that accepts from it. Threads: its strand; stop() from any.
// Errors of accept (no descriptors left, ...) are waited out; only stop() ends the loop.
#pragma once

#include "base/result.hpp"
#include "server/asio.hpp"
#include "server/server_state.hpp"
#include "server/unix_socket.hpp"

#include <cstdint>
#include <memory>
#include <string>

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/io_context.hpp>

namespace quern::server {

class Listener : public std::enable_shared_from_this<Listener> {
 public:
  // Errors: bad_input (host that does not resolve), io naming the address (in use, no permission).
  static Result<std::shared_ptr<Listener>> listen_tcp(net::io_context& io, const std::string& host, std::uint16_t port);
  // Errors: those of bind_unix_socket.
  static Result<std::shared_ptr<Listener>> listen_unix(net::io_context& io, const std::string& path);

  std::uint16_t port() const noexcept { return port_; }  // TCP only
  Transport transport() const noexcept { return transport_; }
  void remove_file() noexcept { file_.remove(); }
  void start(std::shared_ptr<ServerState> state);
  void stop();

  explicit Listener(net::io_context& io, Transport transport);

 private:
  Status adopt(int fd, int family, const std::string& name);
  static net::awaitable<void> accept_loop(std::shared_ptr<Listener> self, std::shared_ptr<ServerState> state);

  net::io_context& io_;
  net::basic_socket_acceptor<net::generic::stream_protocol> acceptor_;
  const Transport transport_;
  std::uint16_t port_ = 0;
  UnixSocketFile file_;
};

}  // namespace quern::server
