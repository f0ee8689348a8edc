#include "tests/support/hub/test_hub.hpp"

#include <algorithm>
#include <chrono>
#include <stdexcept>
#include <utility>

#include <boost/asio/ssl/stream.hpp>
#include <boost/asio/write.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <sys/socket.h>

namespace quern::test {
namespace {

namespace asio = boost::asio;
namespace http = boost::beast::http;
using Tcp = asio::ip::tcp;
using namespace std::chrono_literals;

constexpr std::size_t kPiece = 64 * 1024;

std::uint32_t crc32_of(std::string_view bytes) {
  std::uint32_t crc = 0xFFFFFFFFu;
  for (const char c : bytes) {
    crc ^= static_cast<unsigned char>(c);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (0xEDB88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

void append_le(std::string& out, std::uint32_t value, int n_bytes) {
  for (int i = 0; i < n_bytes; ++i) out += static_cast<char>((value >> (8 * i)) & 0xFF);
}

// A gzip member of stored blocks (RFC 1951, 1952).
std::string gzip_of(std::string_view bytes) {
  std::string out("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\x03", 10);
  for (std::size_t at = 0; at < bytes.size() || at == 0;) {
    const std::size_t n = std::min<std::size_t>(bytes.size() - at, 65535);
    out += static_cast<char>(at + n == bytes.size() ? 1 : 0);
    append_le(out, static_cast<std::uint32_t>(n), 2);
    append_le(out, ~static_cast<std::uint32_t>(n) & 0xFFFFu, 2);
    out += bytes.substr(at, n);
    at += n;
    if (at == bytes.size()) break;
  }
  append_le(out, crc32_of(bytes), 4);
  append_le(out, static_cast<std::uint32_t>(bytes.size()), 4);
  return out;
}

}  // namespace

struct TestHub::Listener {
  Listener(asio::io_context& io, std::string name_in)
      : name(std::move(name_in)), acceptor(io, Tcp::endpoint(asio::ip::address_v4::loopback(), 0)) {}
  std::string name;
  Tcp::acceptor acceptor;
};

struct TestHub::Connection {
  Connection(Tcp::socket socket, asio::ssl::context& tls, std::string origin_in)
      : stream(std::move(socket), tls), origin(std::move(origin_in)) {}
  asio::ssl::stream<Tcp::socket> stream;
  std::string origin;

  // The bytes that are sent from here on, with a fault among them. false: the connection is over.
  struct Limits {
    std::uint64_t left = UINT64_MAX;  // until the fault
    FaultKind then = FaultKind::cut;
    std::uint64_t rate = 0;
    std::atomic<std::uint64_t>* sent = nullptr;  // counts them
  };
  bool send(std::string_view bytes, Limits& limits, const std::atomic<bool>& stopping) {
    while (!bytes.empty()) {
      if (limits.left == 0 && limits.then == FaultKind::silence) {
        while (!stopping && is_open()) std::this_thread::sleep_for(5ms);
        return false;
      }
      if (limits.left == 0 && limits.then == FaultKind::cut) return false;
      std::size_t n = std::min<std::size_t>(bytes.size(), kPiece);
      if (limits.rate > 0) n = std::min<std::size_t>(n, 16 * 1024);
      if (limits.left == 0) n = 1;  // drip
      if (limits.left != UINT64_MAX && limits.left > 0) {
        n = static_cast<std::size_t>(std::min<std::uint64_t>(n, limits.left));
        limits.left -= n;
      } else if (limits.left == 0) {
        std::this_thread::sleep_for(20ms);
      }
      boost::system::error_code error;
      asio::write(stream, asio::buffer(bytes.data(), n), error);
      if (error || stopping) return false;
      if (limits.sent != nullptr) *limits.sent += n;
      if (limits.rate > 0) std::this_thread::sleep_for(std::chrono::microseconds(n * 1'000'000 / limits.rate));
      bytes.remove_prefix(n);
    }
    return true;
  }
  bool is_open() {
    char byte = 0;
    const ssize_t n = ::recv(stream.next_layer().native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
    return n != 0;
  }
};

TestHub::TestHub(const std::string& folder)
    : pem_(write_hub_certificate(folder)), tls_(asio::ssl::context::tls_server) {
  tls_.use_certificate_chain_file(pem_.certificate);
  tls_.use_private_key_file(pem_.key, asio::ssl::context::pem);
  hub_ = std::make_unique<Listener>(io_, "hub");
  cdn_ = std::make_unique<Listener>(io_, "cdn");
  const std::lock_guard lock(mutex_);
  for (Listener* const listener : {hub_.get(), cdn_.get()})
    threads_.emplace_back([this, listener] { accept(*listener); });
}

TestHub::~TestHub() {
  stopping_ = true;
  std::vector<std::thread> threads;
  for (Listener* const listener : {hub_.get(), cdn_.get()}) ::shutdown(listener->acceptor.native_handle(), SHUT_RDWR);
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
      threads.swap(threads_);
    }
    if (threads.empty()) return;
    for (std::thread& thread : threads) thread.join();
    threads.clear();
  }
}

void TestHub::accept(Listener& listener) {
  for (;;) {
    boost::system::error_code error;
    Tcp::socket socket(io_);
    listener.acceptor.accept(socket, error);
    if (stopping_) return;
    if (error) continue;
    const auto connection = std::make_shared<Connection>(std::move(socket), tls_, listener.name);
    const std::lock_guard lock(mutex_);
    sockets_.insert(connection->stream.next_layer().native_handle());
    threads_.emplace_back([this, connection] {
      serve(*connection);
      const std::lock_guard inner(mutex_);
      sockets_.erase(connection->stream.next_layer().native_handle());
      boost::system::error_code ignored;
      connection->stream.next_layer().close(ignored);
    });
  }
}

void TestHub::serve(Connection& connection) {
  boost::system::error_code error;
  connection.stream.next_layer().set_option(Tcp::no_delay(true), error);
  connection.stream.handshake(asio::ssl::stream_base::server, error);
  boost::beast::flat_buffer buffer;
  while (!error && !stopping_) {
    http::request<http::string_body> message;
    http::read(connection.stream, buffer, message, error);
    if (error) return;
    HubRequest request{connection.origin, std::string(message.method_string()), std::string(message.target()),
                       std::string(message[http::field::authorization]), std::string(message[http::field::range])};
    request.accepts_gzip = message[http::field::accept_encoding].find("gzip") != std::string_view::npos;
    if (!answer(connection, request)) return;
  }
}

std::optional<Fault> TestHub::take_fault(const HubRequest& request) {
  for (Fault& fault : faults_) {
    const bool fits = request.target.find(fault.where) != std::string::npos &&
                      (fault.method.empty() || fault.method == request.method);
    if (!fits || fault.times == 0) continue;
    if (fault.skip > 0) {
      --fault.skip;
      continue;
    }
    if (fault.times > 0) --fault.times;
    return fault;
  }
  return std::nullopt;
}

void TestHub::apply_range(const HubRequest& request, const std::optional<Fault>& fault, HubAnswer& answer) {
  const std::uint64_t size = answer.body->size();
  if (!answer.ranges || answer.status != 200) return;
  answer.headers.emplace_back("Accept-Ranges", "bytes");
  if (request.range.empty() || (fault && fault->kind == FaultKind::ignore_range)) return;
  unsigned long long first = 0, last = size - 1;
  if (std::sscanf(request.range.c_str(), "bytes=%llu-%llu", &first, &last) < 1 || first >= size) {
    answer.status = 416;
    answer.headers.emplace_back("Content-Range", "bytes */" + std::to_string(size));
    answer.begin = answer.end = 0;
    return;
  }
  answer.status = 206;
  answer.begin = first;
  answer.end = std::min<std::uint64_t>(last + 1, size);
  if (fault && fault->kind == FaultKind::short_range) answer.end = std::min(answer.end, answer.begin + fault->value);
  const std::uint64_t shift = fault && fault->kind == FaultKind::wrong_range ? 1 : 0;
  const std::uint64_t total = size + (fault && fault->kind == FaultKind::wrong_total ? 7 : 0);
  answer.headers.emplace_back("Content-Range", "bytes " + std::to_string(answer.begin + shift) + "-" +
                                                   std::to_string(answer.end - 1 + shift) + "/" +
                                                   std::to_string(total));
}

bool TestHub::answer(Connection& connection, const HubRequest& request) {
  std::optional<Fault> fault;
  HubAnswer answer;
  {
    const std::lock_guard lock(mutex_);
    records_.push_back({request.origin, request.method, request.target, request.authorization, request.range});
    fault = take_fault(request);
    if (fault && fault->kind == FaultKind::expire) oldest_signature_ = signature_ + 1;
    if (fault && fault->kind == FaultKind::replace) {
      ++plain_version_;
      for (auto& [name, bytes] : plain_) {
        auto other = std::make_shared<std::string>(*bytes);
        std::ranges::reverse(*other);
        bytes = other;
      }
    }
    if (fault && (fault->kind == FaultKind::status || fault->kind == FaultKind::redirect)) {
      answer.status = fault->kind == FaultKind::redirect ? 302 : static_cast<int>(fault->value);
    } else {
      answer = route(request);
    }
  }
  if (fault) answer.headers.insert(answer.headers.end(), fault->headers.begin(), fault->headers.end());
  if (answer.ranges) answer.end = answer.body->size();
  apply_range(request, fault, answer);
  return send_answer(connection, request, std::move(answer), fault);
}

std::string TestHub::head_of(const HubAnswer& answer, bool chunked) const {
  std::string out = "HTTP/1.1 " + std::to_string(answer.status) + " Answer\r\n";
  for (const auto& [name, value] : answer.headers) out += name + ": " + value + "\r\n";
  out += chunked ? "Transfer-Encoding: chunked\r\n"
                 : "Content-Length: " + std::to_string(answer.end - answer.begin) + "\r\n";
  return out + "\r\n";
}

bool TestHub::send_answer(Connection& connection, const HubRequest& request, HubAnswer answer,
                          const std::optional<Fault>& fault) {
  Connection::Limits limits{.rate = rate_};
  const FaultKind kind = fault ? fault->kind : FaultKind::status;
  if (kind == FaultKind::cut || kind == FaultKind::silence || kind == FaultKind::drip) {
    limits.left = fault->value;
    limits.then = kind;
  }
  if (kind == FaultKind::corrupt) {
    auto other = std::make_shared<std::string>(*answer.body);
    if (fault->value < other->size()) (*other)[fault->value] = static_cast<char>((*other)[fault->value] ^ 0x20);
    answer.body = other;
  }
  if (kind == FaultKind::gzip) {
    answer.body = std::make_shared<std::string>(
        gzip_of(std::string_view(*answer.body).substr(answer.begin, answer.end - answer.begin)));
    answer.begin = 0;
    answer.end = answer.body->size();
    answer.headers.emplace_back("Content-Encoding", "gzip");
  }
  const bool chunked = kind == FaultKind::chunked;
  if (!connection.send(head_of(answer, chunked), limits, stopping_)) return false;
  if (request.method == "HEAD") return true;
  const std::string_view body = std::string_view(*answer.body).substr(answer.begin, answer.end - answer.begin);
  if (answer.ranges) limits.sent = &body_bytes_;
  if (!chunked) return connection.send(body, limits, stopping_);
  for (std::string_view rest = body; !rest.empty();) {
    const std::string_view piece = rest.substr(0, 1000);
    char size[16];
    std::snprintf(size, sizeof(size), "%zx\r\n", piece.size());
    if (!connection.send(size + std::string(piece) + "\r\n", limits, stopping_)) return false;
    rest.remove_prefix(piece.size());
  }
  return connection.send("0\r\n\r\n", limits, stopping_);
}

std::string TestHub::authority() const {
  return "localhost:" + std::to_string(hub_->acceptor.local_endpoint().port());
}
std::string TestHub::url() const {
  return "https://" + authority();
}
std::string TestHub::cdn_url() const {
  return "https://127.0.0.1:" + std::to_string(cdn_->acceptor.local_endpoint().port());
}

void TestHub::commit(Fault fault) {
  const std::lock_guard lock(mutex_);
  faults_.push_back(std::move(fault));
}
void TestHub::clear_faults() {
  const std::lock_guard lock(mutex_);
  faults_.clear();
}
std::vector<HubRecord> TestHub::records() const {
  const std::lock_guard lock(mutex_);
  return records_;
}

}  // namespace quern::test
