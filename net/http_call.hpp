// What happens between a request and the end of its answer: the inside of an HttpExchange. Threads: one at a time.
#pragma once

#include "net/abort_switch.hpp"
#include "net/connection_pool.hpp"
#include "net/http_client.hpp"

#include <memory>
#include <optional>
#include <string>

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

namespace quern::net {

// What all exchanges of a client share.
struct ClientCore {
  ClientCore(asio::any_io_executor executor_in, HttpClientOptions options_in)
      : executor(std::move(executor_in)),
        options(std::move(options_in)),
        pool(options.max_idle_per_origin, options.max_idle, options.max_idle_time) {}

  const asio::any_io_executor executor;
  const HttpClientOptions options;
  ConnectionPool pool;
};

class HttpCall : public std::enable_shared_from_this<HttpCall> {
 public:
  HttpCall(std::shared_ptr<ClientCore> core, HttpRequest request)
      : core_(std::move(core)), request_(std::move(request)), silence_(request_.silence) {}

  asio::awaitable<Status> begin();
  asio::awaitable<Result<std::size_t>> read(asio::mutable_buffer into);
  asio::awaitable<Result<std::string>> read_all(std::size_t max_bytes);

  const ResponseHead& head() const noexcept { return head_; }
  bool ended() const noexcept { return ended_; }
  void set_silence(Duration time) noexcept { silence_ = time; }
  const asio::any_io_executor& executor() const noexcept { return core_->executor; }
  void cancel();  // nothing, where the answer has been read to its end

 private:
  using Parser = beast::http::response_parser<beast::http::buffer_body>;
  enum class Try : std::uint8_t { done, stale };

  std::string key() const;
  std::string peer() const;
  Error failure(const ErrorCode& error, std::string_view when) const;

  asio::awaitable<Status> get_connection(bool fresh);
  // stale: a kept connection had been closed by the server, and nothing of an answer came.
  asio::awaitable<Result<Try>> exchange_heads(const std::string& head);
  asio::awaitable<ErrorCode> read_head();
  Status take_head();
  void keep_or_close();

  const std::shared_ptr<ClientCore> core_;
  const HttpRequest request_;
  Duration silence_;
  AbortSwitch abort_;
  std::unique_ptr<HttpConnection> connection_;
  std::optional<Parser> parser_;
  ResponseHead head_;
  ErrorCode pending_;  // met while there were bytes to give out
  bool sent_ = false;  // all of the request
  bool ended_ = false;
};

}  // namespace quern::net
