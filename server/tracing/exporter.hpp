// Sends spans to an OpenTelemetry collector (OTLP over HTTP, JSON), in batches and beside the requests: nobody waits
// for it, and what does not fit or does not arrive is dropped and counted. Threads: offer() any; the sending coroutine
// runs on a strand of the io_context, only while there is something to send, so that it keeps no drained server alive.
// Ownership: shared with that coroutine.
#pragma once

#include "base/result.hpp"
#include "server/asio.hpp"
#include "server/tracing/span.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <boost/asio/strand.hpp>

namespace quern::server {

struct OtlpEndpoint {
  std::string host, port, path;
};
// "http://127.0.0.1:4318" (path /v1/traces) or with a path of its own. Errors: bad_input.
Result<OtlpEndpoint> parse_otlp_endpoint(std::string_view url);

class SpanExporter : public std::enable_shared_from_this<SpanExporter> {
 public:
  SpanExporter(net::io_context& io, OtlpEndpoint endpoint);

  void offer(Span span);
  std::uint64_t n_dropped() const noexcept { return n_dropped_.load(std::memory_order_relaxed); }

 private:
  static net::awaitable<void> run(std::shared_ptr<SpanExporter> self);
  net::awaitable<bool> send(const std::vector<Span>& spans);

  net::strand<net::any_io_executor> strand_;
  const OtlpEndpoint endpoint_;
  std::mutex mutex_;
  std::vector<Span> waiting_;  // guarded by mutex_
  bool sending_ = false;       // guarded by mutex_
  std::atomic<std::uint64_t> n_dropped_{0};
};

}  // namespace quern::server
