// A listening socket (TCP or Unix) and the loop that accepts from it. Threads: its strand; stop() from any.
// Errors of accept (no descriptors left, ...) and exceptions of what is done with a connection are logged and waited
// out; only stop() ends the loop. Should that fail too, the exception leaves the io_context's run().
#pragma once

#include "base/result.hpp"
#include "server/asio.hpp"
#include "server/server_state.hpp"
#include "server/unix_socket.hpp"

#include <cstdint>
#include <functional>
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
  using Serve = std::function<void(Socket)>;  // on the listener's strand; the socket has a strand of its own
  void start(std::shared_ptr<ServerState> state);
  void start(Serve serve);
  void stop();

  explicit Listener(net::io_context& io, Transport transport);

 private:
  Status adopt(int fd, int family, const std::string& name);
  static net::awaitable<void> accept_loop(std::shared_ptr<Listener> self, Serve serve);
  net::awaitable<std::string> accept_one(const Serve& serve);

  net::io_context& io_;
  net::basic_socket_acceptor<net::generic::stream_protocol> acceptor_;
  const Transport transport_;
  std::uint16_t port_ = 0;
  UnixSocketFile file_;
};

}  // namespace quern::server
