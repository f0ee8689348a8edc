// A blocking HTTP client for tests: bytes out, parsed replies and SSE events in. It never repairs what a server sends:
// a reply that breaks the protocol fails the test. Threads: one per client.
#pragma once

#include <cstring>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

namespace quern::test {

struct Reply {
  int status = 0;
  std::map<std::string, std::string> headers;  // names in lower case
  std::string body;
  std::string header(const std::string& name) const {
    const auto found = headers.find(name);
    return found == headers.end() ? "" : found->second;
  }
};

// What a client's bytes go through: the socket itself, or something on top of it. As recv() and send().
class Wire {
 public:
  Wire() = default;
  Wire(const Wire&) = delete;
  Wire& operator=(const Wire&) = delete;
  virtual ~Wire() = default;
  virtual ssize_t receive(char* bytes, std::size_t size) = 0;
  virtual ssize_t send(const char* bytes, std::size_t size) = 0;
};

class HttpClient {
 public:
  int descriptor() const noexcept { return fd_; }
  void set_wire(std::unique_ptr<Wire> wire) { wire_ = std::move(wire); }

  static HttpClient tcp(std::uint16_t port, int receive_buffer_bytes = 0) {
    HttpClient client(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), receive_buffer_bytes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (::connect(client.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("connect: refused");
    }
    return client;
  }
  static HttpClient unix_socket(const std::string& path) {
    HttpClient client(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::strncpy(address.sun_path, path.c_str(), sizeof(address.sun_path) - 1);
    if (::connect(client.fd_, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
      throw std::runtime_error("connect: refused");
    }
    return client;
  }
  HttpClient(HttpClient&& other) noexcept
      : fd_(std::exchange(other.fd_, -1)), wire_(std::move(other.wire_)), buffer_(std::move(other.buffer_)) {}
  HttpClient& operator=(HttpClient&&) = delete;
  ~HttpClient() { close(); }

  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }

  // false: the server closed meanwhile.
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const ssize_t n =
          wire_ ? wire_->send(bytes.data(), bytes.size()) : ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (n <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(n));
    }
    return true;
  }
  void get(std::string_view path, std::string_view headers = "") {
    send(fmt::format("GET {} HTTP/1.1\r\nHost: localhost\r\n{}\r\n", path, headers));
  }
  void post(std::string_view path, std::string_view body, std::string_view headers = "") {
    send(
        fmt::format("POST {} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: {}\r\n"
                    "{}\r\n{}",
                    path, body.size(), headers, body));
  }

  // Status line and headers; the body stays for read_body() or read_event().
  Reply read_head() {
    Reply reply;
    std::string line = read_line();
    if (!line.starts_with("HTTP/1.1 ")) throw std::runtime_error("no status line: " + line);
    reply.status = std::stoi(line.substr(9, 3));
    for (line = read_line(); !line.empty(); line = read_line()) {
      const std::size_t colon = line.find(": ");
      if (colon == std::string::npos) throw std::runtime_error("no header: " + line);
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      if (!reply.headers.emplace(name, line.substr(colon + 2)).second) throw std::runtime_error("twice: " + name);
    }
    return reply;
  }
  Reply read_reply(bool head_only = false) {
    Reply reply = read_head();
    if (head_only || reply.status == 204 || reply.status < 200) return reply;
    if (reply.header("transfer-encoding") == "chunked") {
      for (std::string chunk = read_chunk(); !chunk.empty(); chunk = read_chunk()) reply.body += chunk;
    } else {
      reply.body = read_bytes(static_cast<std::size_t>(std::stoull(reply.headers.at("content-length"))));
    }
    return reply;
  }

  // The next chunk of a stream; empty: the last one.
  std::string read_chunk() {
    const std::size_t size = std::stoull(read_line(), nullptr, 16);
    std::string data = read_bytes(size);
    std::string end = read_line();
    for (; size == 0 && !end.empty(); end = read_line()) trailers_.push_back(end);
    if (!end.empty()) throw std::runtime_error("chunk without an end");
    return data;
  }
  // The next event or comment of a chunked stream, without its blank line; empty at the end of the body.
  std::string read_event() { return read_until("\n\n"); }
  // The next line of one.
  std::string read_stream_line() { return read_until("\n"); }

  // true when the server has closed and nothing is left to read.
  bool at_end() { return buffer_.empty() && !fill(); }
  void skip_buffered() { buffer_.clear(); }

  // Fields behind the last chunk of the last stream.
  const std::vector<std::string>& trailers() const { return trailers_; }

 private:
  HttpClient(int fd, int receive_buffer_bytes) : fd_(fd) {
    const timeval patience{.tv_sec = 60, .tv_usec = 0};  // a hang, not a slow machine
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    if (receive_buffer_bytes > 0) {
      ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer_bytes, sizeof(receive_buffer_bytes));
    }
  }

  std::string read_until(std::string_view mark) {
    while (events_.find(mark) == std::string::npos) {
      const std::string chunk = read_chunk();
      if (chunk.empty()) {
        if (!events_.empty()) throw std::runtime_error("half an event: " + events_);
        return {};
      }
      events_ += chunk;
    }
    const std::size_t end = events_.find(mark);
    std::string event = events_.substr(0, end);
    events_.erase(0, end + mark.size());
    return event;
  }
  bool fill() {
    char bytes[16384];
    const ssize_t n = wire_ ? wire_->receive(bytes, sizeof(bytes)) : ::recv(fd_, bytes, sizeof(bytes), 0);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) throw std::runtime_error("the server does not answer");
    if (n <= 0) return false;
    buffer_.append(bytes, static_cast<std::size_t>(n));
    return true;
  }
  std::string read_line() {
    std::size_t end = buffer_.find("\r\n");
    for (; end == std::string::npos; end = buffer_.find("\r\n")) {
      if (!fill()) throw std::runtime_error("the server closed in the middle: " + buffer_);
    }
    std::string line = buffer_.substr(0, end);
    buffer_.erase(0, end + 2);
    return line;
  }
  std::string read_bytes(std::size_t n) {
    while (buffer_.size() < n) {
      if (!fill()) throw std::runtime_error("the server closed in the middle");
    }
    std::string bytes = buffer_.substr(0, n);
    buffer_.erase(0, n);
    return bytes;
  }

  int fd_;
  std::unique_ptr<Wire> wire_;
  std::string buffer_;
  std::string events_;
  std::vector<std::string> trailers_;
};

}  // namespace quern::test
