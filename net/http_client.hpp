// An asynchronous HTTP/1.1 client for coroutines: TCP or a Unix socket, TLS, connections kept for the next request,
// answers read piece by piece. It follows no redirects and keeps no cookies.
// Threads: the client, its exchanges and their coroutines belong to one thread at a time, that of its executor;
// cancel_hook() gives what any thread may call. Ownership: exchanges keep alive what they need of the client.
// Errors: nothing throws, but what Asio itself throws into a coroutine that goes on after its slot was cancelled;
// messages name the server, what was tried and what was found. io: no connection, cut, nothing came in time; corrupt:
// what came is no HTTP; overloaded: larger than allowed; bad_input: the request; cancelled.
#pragma once

#include "base/clock.hpp"
#include "net/asio.hpp"
#include "net/http_message.hpp"
#include "net/proxy.hpp"
#include "net/tls_context.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>

namespace quern::net {

struct HttpClientOptions {
  std::shared_ptr<TlsContext> tls = nullptr;  // nullptr: https:// is refused
  ProxySettings proxies = {};
  Duration connect_time = std::chrono::seconds(10);  // name, all addresses, proxy and TLS together
  std::uint32_t max_head_bytes = 64 * 1024;
  std::size_t max_idle_per_origin = 8, max_idle = 64;  // connections kept for later
  Duration max_idle_time = std::chrono::seconds(30);
};

class HttpCall;
struct ClientCore;

// One request and its answer. Destroying it, or cancelling the coroutine that waits, closes the connection; only one
// whose answer was read to its end is kept for the next request. REQUIRES: one operation at a time.
class HttpExchange {
 public:
  explicit HttpExchange(std::shared_ptr<HttpCall> call) noexcept : call_(std::move(call)) {}
  HttpExchange(HttpExchange&& other) noexcept = default;
  HttpExchange& operator=(HttpExchange&&) = delete;
  ~HttpExchange();

  // Sends the request, waits for the head of the answer, whatever its status. Once, before all that follows.
  // A kept connection that turns out to be closed is replaced once, if nothing of an answer had come.
  asio::awaitable<Status> begin();
  const ResponseHead& head() const noexcept;

  // The next bytes of the body, as soon as there are some; 0: that was all. REQUIRES: room for one.
  asio::awaitable<Result<std::size_t>> read(asio::mutable_buffer into);
  // All that is left of it, unpacked where gzip was accepted. Errors besides: overloaded: more than max_bytes; corrupt:
  // an encoding that was not asked for.
  asio::awaitable<Result<std::string>> read_all(std::size_t max_bytes);
  bool ended() const noexcept;               // the body was read to its end
  void set_silence(Duration time) noexcept;  // of reads from now on, instead of the request's

  // Closes the connection; what waits fails as cancelled. The hook may be called from any thread and at any time.
  void cancel();
  std::function<void()> cancel_hook() const;

 private:
  std::shared_ptr<HttpCall> call_;
};

struct HttpReply {
  ResponseHead head;
  std::string body;
};

class HttpClient {
 public:
  HttpClient(asio::any_io_executor executor, HttpClientOptions options);
  HttpClient(const HttpClient&) = delete;
  HttpClient& operator=(const HttpClient&) = delete;
  ~HttpClient();

  HttpExchange open(HttpRequest request);  // sends nothing yet
  // A whole exchange, for small answers.
  asio::awaitable<Result<HttpReply>> fetch(HttpRequest request, std::size_t max_body_bytes);

  const asio::any_io_executor& executor() const noexcept;
  void close_idle() noexcept;
  std::size_t n_idle() const noexcept;

 private:
  std::shared_ptr<ClientCore> core_;
};

}  // namespace quern::net
