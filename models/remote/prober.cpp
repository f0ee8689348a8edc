#include "models/remote/prober.hpp"

#include "base/log.hpp"
#include "models/remote/remote_dialect.hpp"

#include <algorithm>
#include <exception>
#include <optional>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quern::models {
namespace {

namespace asio = boost::asio;

constexpr std::size_t kMaxProbeBytes = 4u << 20;  // a list of models may be long

// However a probe ends, the breaker hears of it: else it would wait for this one for ever.
struct ProbeEnd {
  RemoteDesk& desk;
  bool there = false;
  ~ProbeEnd() { desk.end_probe(there); }
};

class Prober : public std::enable_shared_from_this<Prober> {
 public:
  explicit Prober(const std::shared_ptr<RemoteDesk>& desk)
      : desk_(desk), executor_(desk->http->executor()), timer_(executor_) {}

  // Any thread.
  void start() {
    asio::post(executor_, [self = shared_from_this()] {
      if (self->running_ || self->stopped_) return;
      self->running_ = true;
      asio::co_spawn(self->executor_, run(self), [self](const std::exception_ptr& failure) {
        self->running_ = false;
        if (failure) log::error("a probe of an upstream ended by an exception");
      });
    });
  }
  void stop() {
    asio::post(executor_, [self = shared_from_this()] {
      self->stopped_ = true;
      self->timer_.cancel();
      if (self->exchange_) self->exchange_->cancel();
    });
  }

 private:
  static asio::awaitable<void> run(std::shared_ptr<Prober> self) {
    while (!self->stopped_) {
      const std::shared_ptr<RemoteDesk> desk = self->desk_.lock();
      if (desk == nullptr) co_return;
      const RemoteDesk::Probe probe = desk->begin_probe();
      if (probe.closed) co_return;
      if (probe.now) {
        ProbeEnd end{*desk};
        end.there = co_await self->ask(desk);
        continue;
      }
      self->timer_.expires_after(std::max<Duration>(probe.wait, std::chrono::milliseconds(1)));
      [[maybe_unused]] auto woken = co_await self->timer_.async_wait(asio::as_tuple(asio::use_awaitable));
    }
  }

  // Whoever answers is there, also where it does not know this path or this key.
  asio::awaitable<bool> ask(std::shared_ptr<RemoteDesk> desk) {
    exchange_.emplace(desk->http->open(remote_dialect(desk->upstream.kind).probe(desk->upstream)));
    const Status begun = co_await exchange_->begin();
    const bool there = begun && exchange_->head().status < 500 && exchange_->head().status != 429;
    if (there) {  // to its end, so that the connection serves the next request
      [[maybe_unused]] const Result<std::string> body = co_await exchange_->read_all(kMaxProbeBytes);
    }
    exchange_.reset();
    co_return there;
  }

  const std::weak_ptr<RemoteDesk> desk_;
  const asio::any_io_executor executor_;
  asio::steady_timer timer_;
  std::optional<quern::net::HttpExchange> exchange_;
  bool running_ = false, stopped_ = false;  // on the executor
};

}  // namespace

void probe_when_open(const std::shared_ptr<RemoteDesk>& desk) {
  const auto prober = std::make_shared<Prober>(desk);
  desk->on_trouble([prober] { prober->start(); }, [prober] { prober->stop(); });
}

}  // namespace quern::models
