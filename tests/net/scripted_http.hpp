// A server that does what a test says, byte by byte, over TCP (or TLS) on loopback: right answers and all kinds of
// wrong ones. Threads: one per connection runs the script. Ownership: the sockets; its end closes what is open and
// joins.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <functional>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

namespace quern::test {

// One connection, as its server sees it.
class ScriptedPeer {
 public:
  ScriptedPeer(int fd, SSL* ssl, unsigned index) : fd_(fd), ssl_(ssl), index_(index) {}

  unsigned index() const noexcept { return index_; }  // of the connection, from 0

  // Head and body of the next request; empty: the client has closed.
  std::string read_request() {
    std::size_t end = 0;
    while ((end = buffer_.find("\r\n\r\n")) == std::string::npos) {
      if (!fill()) return {};
    }
    end += 4;
    std::size_t n_body = 0;
    const std::size_t length = buffer_.substr(0, end).find("Content-Length: ");
    if (length != std::string::npos) n_body = std::stoul(buffer_.substr(length + 16));
    while (buffer_.size() < end + n_body) {
      if (!fill()) return {};
    }
    std::string request = buffer_.substr(0, end + n_body);
    buffer_.erase(0, end + n_body);
    return request;
  }
  // false: the client has closed.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto n = ssl_ != nullptr
                         ? static_cast<ssize_t>(SSL_write(ssl_, bytes.data(), static_cast<int>(bytes.size())))
                         : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  bool answer(int status, std::string_view body, std::string_view headers = "") {
    return send(fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n{}\r\n{}", status, body.size(), headers, body));
  }
  bool chunk(std::string_view bytes) { return send(fmt::format("{:x}\r\n{}\r\n", bytes.size(), bytes)); }
  // Waits until the client closes.
  void wait_for_close() {
    while (fill()) buffer_.clear();
  }
  // What the client sees is a reset, not an end.
  void reset_on_close() {
    const linger now{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
  }

 private:
  bool fill() {
    char bytes[16384];
    const auto n = ssl_ != nullptr ? static_cast<ssize_t>(SSL_read(ssl_, bytes, sizeof(bytes)))
                                   : ::recv(fd_, bytes, sizeof(bytes), 0);
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }

  const int fd_;
  SSL* const ssl_;
  const unsigned index_;
  std::string buffer_;
};

class ScriptedHttp {
 public:
  using Script = std::function<void(ScriptedPeer&)>;

  // tls: the server's context, not owned; nullptr: plain.
  explicit ScriptedHttp(Script script, SSL_CTX* tls = nullptr)
      : script_(std::move(script)), tls_(tls), listener_(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof(address);
    if (::bind(listener_, reinterpret_cast<sockaddr*>(&address), size) != 0 || ::listen(listener_, 64) != 0 ||
        ::getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &size) != 0) {
      throw std::runtime_error("cannot listen");
    }
    port_ = ntohs(address.sin_port);
    acceptor_ = std::thread([this] { accept_all(); });
  }
  ScriptedHttp(const ScriptedHttp&) = delete;
  ScriptedHttp& operator=(const ScriptedHttp&) = delete;
  ~ScriptedHttp() {
    ::shutdown(listener_, SHUT_RDWR);
    acceptor_.join();
    {
      const std::lock_guard lock(mutex_);
      for (const int fd : open_) ::shutdown(fd, SHUT_RDWR);
    }
    for (std::thread& thread : threads_) thread.join();
    ::close(listener_);
  }

  std::uint16_t port() const noexcept { return port_; }
  std::string url(std::string_view target = "/") const { return fmt::format("http://127.0.0.1:{}{}", port_, target); }
  unsigned n_connections() const noexcept { return n_connections_; }

 private:
  void accept_all() {
    for (;;) {
      const int fd = ::accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) return;
      const std::lock_guard lock(mutex_);
      open_.push_back(fd);
      threads_.emplace_back([this, fd, index = n_connections_++] { serve(fd, index); });
    }
  }
  void serve(int fd, unsigned index) {
    const std::unique_ptr<SSL, void (*)(SSL*)> ssl(tls_ != nullptr ? SSL_new(tls_) : nullptr, &SSL_free);
    if (ssl) SSL_set_fd(ssl.get(), fd);
    if (!ssl || SSL_accept(ssl.get()) == 1) {
      ScriptedPeer peer(fd, ssl.get(), index);
      script_(peer);
      if (ssl) SSL_shutdown(ssl.get());
    }
    const std::lock_guard lock(mutex_);
    std::erase(open_, fd);
    ::close(fd);
  }

  const Script script_;
  SSL_CTX* const tls_;
  const int listener_;
  std::uint16_t port_ = 0;
  std::atomic<unsigned> n_connections_{0};
  std::thread acceptor_;
  std::mutex mutex_;
  std::vector<int> open_;             // guarded by mutex_
  std::vector<std::thread> threads_;  // of accept_all(), then of the destructor
};

}  // namespace quern::test
