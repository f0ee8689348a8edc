#include "net/http_client.hpp"

#include "net/http_call.hpp"

#include <utility>

#include <boost/asio/post.hpp>

namespace quern::net {

HttpExchange::~HttpExchange() {
  if (call_) call_->cancel();
}

asio::awaitable<Status> HttpExchange::begin() {
  return call_->begin();
}

const ResponseHead& HttpExchange::head() const noexcept {
  return call_->head();
}

asio::awaitable<Result<std::size_t>> HttpExchange::read(asio::mutable_buffer into) {
  return call_->read(into);
}

asio::awaitable<Result<std::string>> HttpExchange::read_all(std::size_t max_bytes) {
  return call_->read_all(max_bytes);
}

bool HttpExchange::ended() const noexcept {
  return call_->ended();
}

void HttpExchange::set_silence(Duration time) noexcept {
  call_->set_silence(time);
}

void HttpExchange::cancel() {
  call_->cancel();
}

std::function<void()> HttpExchange::cancel_hook() const {
  return [executor = call_->executor(), weak = std::weak_ptr<HttpCall>(call_)] {
    asio::post(executor, [weak] {
      if (const auto call = weak.lock()) call->cancel();
    });
  };
}

HttpClient::HttpClient(asio::any_io_executor executor, HttpClientOptions options)
    : core_(std::make_shared<ClientCore>(std::move(executor), std::move(options))) {}

HttpClient::~HttpClient() {
  core_->pool.clear();
}

HttpExchange HttpClient::open(HttpRequest request) {
  return HttpExchange(std::make_shared<HttpCall>(core_, std::move(request)));
}

asio::awaitable<Result<HttpReply>> HttpClient::fetch(HttpRequest request, std::size_t max_body_bytes) {
  HttpExchange exchange = open(std::move(request));
  const Status begun = co_await exchange.begin();
  if (!begun) co_return begun.error();
  Result<std::string> body = co_await exchange.read_all(max_body_bytes);
  if (!body) co_return body.error();
  co_return HttpReply{.head = exchange.head(), .body = *std::move(body)};
}

const asio::any_io_executor& HttpClient::executor() const noexcept {
  return core_->executor;
}

void HttpClient::close_idle() noexcept {
  core_->pool.clear();
}

std::size_t HttpClient::n_idle() const noexcept {
  return core_->pool.size();
}

}  // namespace quern::net
