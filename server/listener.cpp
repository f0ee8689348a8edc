#include "server/listener.hpp"

#include "base/log.hpp"
#include "server/authority.hpp"
#include "server/pipeline/guarded.hpp"
#include "server/session.hpp"

#include <cerrno>
#include <cstring>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace quern::server {
namespace {

constexpr int kBacklog = 1024;
constexpr std::chrono::milliseconds kBackOff{100};  // no descriptor or memory left: others may free some

std::uint16_t bound_port(int fd) noexcept {
  sockaddr_storage address{};
  socklen_t size = sizeof(address);
  if (::getsockname(fd, reinterpret_cast<sockaddr*>(&address), &size) != 0) return 0;
  return ntohs(address.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(address).sin6_port
                                             : reinterpret_cast<const sockaddr_in&>(address).sin_port);
}

void set_up_socket(Socket& socket, Transport transport, std::uint64_t max_backlog_bytes) noexcept {
  const int fd = socket.native_handle();
  if (transport == Transport::tcp) {
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));  // each token is a small packet
  }
  // Left alone, the kernel lets this grow to megabytes, and a reader that stopped would park its sequence only then.
  const int send_bytes = static_cast<int>(std::min<std::uint64_t>(max_backlog_bytes, 1u << 30));
  ::setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send_bytes, sizeof(send_bytes));
}

}  // namespace

Listener::Listener(net::io_context& io, Transport transport)
    : io_(io), acceptor_(net::make_strand(io)), transport_(transport) {}

Status Listener::adopt(int fd, int family, const std::string& name) {
  boost::system::error_code error;
  const int protocol = family == AF_UNIX ? 0 : IPPROTO_TCP;
  if (::listen(fd, kBacklog) != 0) {
    const int reason = errno;
    ::close(fd);
    return fail(Errc::io, "{}: cannot listen: {}", name, std::strerror(reason));
  }
  acceptor_.assign(net::generic::stream_protocol(family, protocol), fd, error);
  if (!error) return {};
  ::close(fd);
  return fail(Errc::io, "{}: {}", name, error.message());
}

Result<std::shared_ptr<Listener>> Listener::listen_tcp(net::io_context& io, const std::string& host,
                                                       std::uint16_t port) {
  boost::system::error_code error;
  net::ip::tcp::resolver resolver(io);
  const auto found = resolver.resolve(without_brackets(host), std::to_string(port),
                                      net::ip::resolver_base::passive | net::ip::resolver_base::numeric_service, error);
  if (error || found.empty()) return fail(Errc::bad_input, "host {}: {}", host, error.message());
  const net::ip::tcp::endpoint endpoint = found.begin()->endpoint();
  const std::string name = fmt::format("{}:{}", host, port);
  const int family = endpoint.protocol().family();
  const int fd = ::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_TCP);
  if (fd < 0) return fail(Errc::io, "{}: {}", name, std::strerror(errno));
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (::bind(fd, endpoint.data(), static_cast<socklen_t>(endpoint.size())) != 0) {
    const int reason = errno;
    ::close(fd);
    return fail(Errc::io, "cannot listen on {}: {}", name, std::strerror(reason));
  }
  auto listener = std::make_shared<Listener>(io, Transport::tcp);
  QUERN_CHECK(listener->adopt(fd, family, name));
  listener->port_ = bound_port(fd);
  return listener;
}

Result<std::shared_ptr<Listener>> Listener::listen_unix(net::io_context& io, const std::string& path) {
  QUERN_TRY(BoundUnixSocket bound, bind_unix_socket(path));
  auto listener = std::make_shared<Listener>(io, Transport::unix_socket);
  listener->file_ = std::move(bound.file);
  QUERN_CHECK(listener->adopt(bound.fd, AF_UNIX, path));
  return listener;
}

void Listener::start(std::shared_ptr<ServerState> state) {
  start([state = std::move(state), transport = transport_](Socket socket) {
    set_up_socket(socket, transport, state->options.limits.max_backlog_bytes);
    start_session(state, std::move(socket), transport);
  });
}

void Listener::start(Serve serve) {
  const auto ended = [](const std::exception_ptr& failure) {
    LogFailure{"no more connections are accepted"}(failure);
    if (failure) std::rethrow_exception(failure);  // a server that nobody can reach had better end
  };
  net::co_spawn(acceptor_.get_executor(), accept_loop(shared_from_this(), std::move(serve)), ended);
}

void Listener::stop() {
  net::post(acceptor_.get_executor(), [self = shared_from_this()] {
    boost::system::error_code ignored;
    self->acceptor_.close(ignored);
    self->file_.remove();
  });
}

// What went wrong; empty: nothing.
net::awaitable<std::string> Listener::accept_one(const Serve& serve) {
  const net::any_io_executor strand = net::make_strand(io_);
  auto accepted = co_await acceptor_.async_accept(strand, kTuple);
  auto& [error, socket] = accepted;
  if (error == net::error::connection_aborted) co_return "";  // it left before we came
  if (error) co_return error.message();
  serve(std::move(socket));
  co_return "";
}

net::awaitable<void> Listener::accept_loop(std::shared_ptr<Listener> self, Serve serve) {
  bool backing_off = false;
  while (self->acceptor_.is_open()) {
    std::string problem;
    try {
      std::string found = co_await self->accept_one(serve);
      problem = std::move(found);
    } catch (const std::exception& e) {
      problem = e.what();
      if (problem.empty()) problem = "unknown exception";
    }
    if (problem.empty()) {
      backing_off = false;
      continue;
    }
    if (!self->acceptor_.is_open()) break;
    if (!std::exchange(backing_off, true)) log::warn("accept: {}; trying again", problem);
    net::steady_timer pause(self->acceptor_.get_executor(), kBackOff);
    [[maybe_unused]] auto over = co_await pause.async_wait(kTuple);
  }
}

}  // namespace quern::server
