#include "server/tracing/exporter.hpp"

#include "base/log.hpp"
#include "server/pipeline/guarded.hpp"

#include <charconv>
#include <chrono>
#include <utility>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core/tcp_stream.hpp>
#include <boost/beast/http/read.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/write.hpp>

namespace quern::server {
namespace {

namespace http = beast::http;

constexpr std::size_t kMaxWaiting = 4096;
constexpr std::chrono::milliseconds kGather{200};  // more spans may join the batch
constexpr std::chrono::seconds kPatience{5};

std::string authority_of(const OtlpEndpoint& endpoint) {
  const bool is_v6 = endpoint.host.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", is_v6 ? "[" : "", endpoint.host, is_v6 ? "]" : "", endpoint.port);
}

}  // namespace

Result<OtlpEndpoint> parse_otlp_endpoint(std::string_view url) {
  constexpr std::string_view kScheme = "http://";
  const auto bad = [&] { return fail(Errc::bad_input, "want http://HOST:PORT[/PATH], found '{}'", url); };
  if (!url.starts_with(kScheme)) return bad();
  const std::string_view rest = url.substr(kScheme.size());
  const std::size_t slash = std::min(rest.find('/'), rest.size());
  const std::string_view authority = rest.substr(0, slash);
  const std::size_t colon = authority.rfind(':');
  if (colon == std::string_view::npos || colon == 0 || colon + 1 == authority.size() ||
      authority.find_first_not_of("0123456789", colon + 1) != std::string_view::npos) {
    return bad();
  }
  std::uint16_t port = 0;
  const auto [end, code] = std::from_chars(authority.data() + colon + 1, authority.data() + authority.size(), port);
  if (code != std::errc{} || port == 0) return bad();
  OtlpEndpoint out{std::string(authority.substr(0, colon)), std::string(authority.substr(colon + 1)),
                   std::string(rest.substr(slash))};
  if (out.host.starts_with('[') && out.host.ends_with(']')) out.host = out.host.substr(1, out.host.size() - 2);
  if (out.path.empty() || out.path == "/") out.path = "/v1/traces";
  return out;
}

SpanExporter::SpanExporter(net::io_context& io, OtlpEndpoint endpoint)
    : strand_(net::make_strand(net::any_io_executor(io.get_executor()))), endpoint_(std::move(endpoint)) {}

void SpanExporter::offer(Span span) {
  {
    const std::lock_guard lock(mutex_);
    if (waiting_.size() >= kMaxWaiting) {
      n_dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    waiting_.push_back(std::move(span));
    if (std::exchange(sending_, true)) return;
  }
  const auto try_again = [self = shared_from_this()](const std::exception_ptr& failure) {
    LogFailure{"sending spans"}(failure);
    if (!failure) return;
    const std::lock_guard lock(self->mutex_);
    self->sending_ = false;  // the next span tries again
  };
  try {
    net::co_spawn(strand_, run(shared_from_this()), try_again);
  } catch (...) {
    try_again(std::current_exception());
  }
}

net::awaitable<void> SpanExporter::run(std::shared_ptr<SpanExporter> self) {
  net::steady_timer timer(self->strand_);
  for (bool was_lost = false;;) {
    timer.expires_after(kGather);
    [[maybe_unused]] auto woken = co_await timer.async_wait(kTuple);
    std::vector<Span> batch;
    {
      const std::lock_guard lock(self->mutex_);
      batch.swap(self->waiting_);
      if (batch.empty()) {
        self->sending_ = false;
        co_return;
      }
    }
    const bool sent = co_await self->send(batch);
    if (sent) {
      was_lost = false;
      continue;
    }
    self->n_dropped_.fetch_add(batch.size(), std::memory_order_relaxed);
    if (!std::exchange(was_lost, true)) {
      log::warn("spans were not taken by http://{}{}", authority_of(self->endpoint_), self->endpoint_.path);
    }
  }
}

// Whether the collector answered 2xx.
net::awaitable<bool> SpanExporter::send(const std::vector<Span>& spans) {
  net::ip::tcp::resolver resolver(strand_);
  const auto [resolve_error, addresses] = co_await resolver.async_resolve(endpoint_.host, endpoint_.port, kTuple);
  if (resolve_error) co_return false;
  beast::tcp_stream stream(strand_);
  stream.expires_after(kPatience);
  const auto [connect_error, peer] = co_await stream.async_connect(addresses, kTuple);
  if (connect_error) co_return false;
  http::request<http::string_body> request(http::verb::post, endpoint_.path, 11);
  const std::string authority = authority_of(endpoint_);
  request.set(http::field::host, authority);
  request.set(http::field::content_type, "application/json");
  request.set(http::field::connection, "close");
  request.body() = spans_json(spans);
  request.prepare_payload();
  const auto [write_error, n_written] = co_await http::async_write(stream, request, kTuple);
  if (write_error) co_return false;
  beast::flat_buffer buffer(64 * 1024);
  http::response<http::string_body> response;
  const auto [read_error, n_read] = co_await http::async_read(stream, buffer, response, kTuple);
  co_return !read_error && response.result_int() / 100 == 2;
}

}  // namespace quern::server
