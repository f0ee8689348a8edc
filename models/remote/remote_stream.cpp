#include "models/remote/remote_stream.hpp"

#include "base/log.hpp"
#include "models/remote/upstream_errors.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quern::models {
namespace {

namespace asio = boost::asio;

constexpr auto kTupled = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxErrorBytes = 64 * 1024;
constexpr std::chrono::milliseconds kGoodbye{250};  // for the rest of a body whose answer is complete

struct EventBytes {
  std::size_t operator()(const TextDelta& e) const { return e.text.size() + 64 * e.logprobs.size(); }
  std::size_t operator()(const ReasoningDelta& e) const { return e.text.size() + 64 * e.logprobs.size(); }
  std::size_t operator()(const ToolCallDelta& e) const { return e.arguments.size(); }
  std::size_t operator()(const auto&) const { return 0; }
};

std::size_t bytes_of(const std::vector<AnswerEvent>& events) {
  std::size_t n = 0;
  for (const AnswerEvent& event : events) n += sizeof(AnswerEvent) + std::visit(EventBytes{}, event);
  return n;
}

}  // namespace

class RemoteRun : public std::enable_shared_from_this<RemoteRun> {
 public:
  RemoteRun(std::shared_ptr<RemoteDesk> desk_in, sched::RequestId id_in, quern::net::HttpRequest request,
            const GenerateTask& task, asio::any_io_executor executor_in)
      : desk(std::move(desk_in)),
        id(id_in),
        executor(std::move(executor_in)),
        reader(remote_dialect(desk->upstream.kind).reader(*task.ask)),
        arrived(executor, TimePoint::max()),
        taken(executor, TimePoint::max()),
        exchange_(desk->http->open(std::move(request))),
        max_decode_(task.max_decode) {
    if (task.head.deadline) deadline_ = std::chrono::steady_clock::now() + *task.head.deadline;
  }

  static asio::awaitable<void> pump(std::shared_ptr<RemoteRun> run);
  asio::awaitable<bool> wait(Duration timeout, bool for_events);

  void cancel() {
    if (ended) return;
    cancelled_ = true;
    exchange_.cancel();
    arrived.cancel();
    taken.cancel();
  }
  // Nobody reads any more.
  void abandon() {
    if (!ended) cancel();
  }
  std::vector<AnswerEvent> take() {
    waiting_bytes_ = 0;
    taken.cancel();
    return std::exchange(events, {});
  }

  const std::shared_ptr<RemoteDesk> desk;
  const sched::RequestId id;
  const asio::any_io_executor executor;
  const std::unique_ptr<AnswerReader> reader;
  asio::steady_timer arrived, taken;  // cancelled when something has come, or was taken
  std::vector<AnswerEvent> events;
  std::optional<Error> error;
  bool answered = false;  // the head of an answer has come
  bool ended = false;     // nothing more will come

 private:
  asio::awaitable<Status> ask();
  asio::awaitable<Status> read_answer();
  Status finish_reading();
  bool is_late() const noexcept { return deadline_ && std::chrono::steady_clock::now() >= *deadline_; }
  void set_patience(Duration patience);
  void end(Status status);

  quern::net::HttpExchange exchange_;
  const std::optional<Duration> max_decode_;
  std::optional<TimePoint> deadline_;
  std::size_t waiting_bytes_ = 0;
  bool cancelled_ = false, any_ = false, settled_ = false;
};

// true: what was waited for is there.
asio::awaitable<bool> RemoteRun::wait(Duration timeout, bool for_events) {
  const TimePoint until = timeout == Duration::zero() ? TimePoint::max() : std::chrono::steady_clock::now() + timeout;
  const auto there = [&] { return ended || (for_events ? !events.empty() : answered); };
  while (!there() && std::chrono::steady_clock::now() < until) {
    arrived.expires_at(until);
    [[maybe_unused]] auto woken = co_await arrived.async_wait(kTupled);
  }
  co_return there();
}

void RemoteRun::set_patience(Duration patience) {
  if (deadline_) {
    const Duration left = *deadline_ - std::chrono::steady_clock::now();
    patience = std::clamp<Duration>(left, Duration(1), patience);
  }
  exchange_.set_silence(patience);
}

asio::awaitable<Status> RemoteRun::ask() {
  const Status begun = co_await exchange_.begin();
  if (!begun) co_return begun.error();
  if (exchange_.head().status == 200) {
    answered = settled_ = true;
    desk->settle(id, UpstreamOutcome::answered);
    arrived.cancel();
    co_return Status();
  }
  set_patience(desk->upstream.silence);
  const Result<std::string> body = co_await exchange_.read_all(kMaxErrorBytes);
  const std::string_view text = body ? std::string_view(*body) : std::string_view();
  Refusal refusal = refusal_of(exchange_.head(), text, desk->upstream);
  settled_ = true;
  desk->settle(id, refusal.outcome, refusal.retry_after);
  co_return std::move(refusal.error);
}

asio::awaitable<Status> RemoteRun::read_answer() {
  std::array<char, 16 * 1024> space;
  while (!reader->done()) {
    set_patience(desk->upstream.silence);
    const Result<std::size_t> n = co_await exchange_.read(asio::buffer(space));
    if (!n && reader->complete()) co_return Status();  // only its count of tokens is missing
    if (!n) co_return n.error();
    if (*n == 0) co_return finish_reading();
    std::vector<AnswerEvent> more;
    const Status read = reader->read(std::string_view(space.data(), *n), more);
    if (!more.empty() && !std::exchange(any_, true)) {
      desk->note_begun(id);
      if (max_decode_) {
        const TimePoint until = std::chrono::steady_clock::now() + *max_decode_;
        deadline_ = deadline_ ? std::min(*deadline_, until) : until;
      }
    }
    const Usage usage = reader->usage();
    desk->note_usage(id, usage.prompt_tokens, usage.cached_tokens, usage.completion_tokens);
    waiting_bytes_ += bytes_of(more);
    std::ranges::move(more, std::back_inserter(events));
    if (!events.empty()) arrived.cancel();
    if (!read) co_return fail(read.error().code, "{}: {}", desk->upstream.name(), read.error().detail);
    while (waiting_bytes_ > RemoteStream::kMaxWaitingBytes && !cancelled_) {
      taken.expires_at(TimePoint::max());
      [[maybe_unused]] auto woken = co_await taken.async_wait(kTupled);
    }
    if (is_late()) co_return fail(Errc::io, "the deadline has passed");
  }
  co_return Status();
}

Status RemoteRun::finish_reading() {
  if (reader->complete() || reader->done()) return {};
  return fail(Errc::io, "{}: the answer was cut off", desk->upstream.name());
}

void RemoteRun::end(Status status) {
  const bool late = is_late() && !cancelled_;
  if (!status && late && any_) status = Status();  // cut by its deadline, as by max_tokens
  const bool left = cancelled_ || (!status && status.error().code == Errc::cancelled);
  const bool at_fault = !status && !left && !late;
  if (at_fault && (answered || !settled_)) {
    desk->settle(id, UpstreamOutcome::failed);
  } else if (!settled_) {
    desk->settle(id, UpstreamOutcome::left);
  }
  sched::FinishReason reason = sched::FinishReason::stop;
  if (status) {
    const std::size_t n_before = events.size();
    reader->finish(events);
    const auto is_length = [](const AnswerEvent& event) {
      const auto* const last = std::get_if<End>(&event);
      return last != nullptr && last->reason == EndReason::length;
    };
    if (std::any_of(events.begin() + static_cast<std::ptrdiff_t>(n_before), events.end(), is_length)) {
      reason = sched::FinishReason::length;
    }
  } else {
    error = left   ? fail(Errc::cancelled, "the request was cancelled")
            : late ? fail(Errc::overloaded, "deadline_ms has passed")
                   : status.error();
    reason = left   ? sched::FinishReason::cancelled
             : late ? sched::FinishReason::timed_out
                    : sched::FinishReason::failed;
  }
  ended = true;
  desk->leave(id, reason);
  arrived.cancel();
}

asio::awaitable<void> RemoteRun::pump(std::shared_ptr<RemoteRun> run) {
  Status status = co_await run->ask();
  if (status) {
    Status read = co_await run->read_answer();
    status = std::move(read);
  }
  run->end(std::move(status));
  // What still belongs to the answer is read, so that its connection serves the next one.
  std::array<char, 1024> space;
  run->exchange_.set_silence(kGoodbye);
  for (int i = 0; i < 8 && !run->error && !run->exchange_.ended(); ++i) {
    const Result<std::size_t> n = co_await run->exchange_.read(asio::buffer(space));
    if (!n) break;
  }
  if (!run->exchange_.ended()) run->exchange_.cancel();
}

RemoteStream::RemoteStream(std::shared_ptr<RemoteDesk> desk, sched::RequestId id, quern::net::HttpRequest request,
                           const GenerateTask& task, boost::asio::any_io_executor executor)
    : run_(std::make_shared<RemoteRun>(std::move(desk), id, std::move(request), task, std::move(executor))),
      id_(id),
      n_choices_(task.ask->n_choices()) {
  run_->desk->set_cancel(id, cancel_hook());
  asio::co_spawn(run_->executor, RemoteRun::pump(run_), [run = run_](const std::exception_ptr& failure) {
    if (!failure || run->ended) return;
    log::error("reading an answer of {} has failed", run->desk->upstream.name());
    run->error = fail(Errc::io, "{}: its answer could not be read", run->desk->upstream.name());
    run->ended = true;
    run->desk->settle(run->id, UpstreamOutcome::left);
    run->desk->leave(run->id, sched::FinishReason::failed);
    run->arrived.cancel();
  });
}

RemoteStream::~RemoteStream() {
  run_->abandon();
}

boost::asio::awaitable<bool> RemoteStream::begun(Duration timeout) {
  const std::shared_ptr<RemoteRun> run = run_;
  co_return co_await run->wait(timeout, false);
}

boost::asio::awaitable<Result<std::vector<AnswerEvent>>> RemoteStream::next(Duration timeout) {
  const std::shared_ptr<RemoteRun> run = run_;
  [[maybe_unused]] const bool there = co_await run->wait(timeout, true);
  if (run->events.empty() && run->error) co_return *run->error;
  co_return run->take();
}

bool RemoteStream::finished() const noexcept {
  return run_->ended && !run_->error && run_->events.empty();
}

Usage RemoteStream::usage() const {
  return run_->reader->usage();
}

sched::RequestStatus RemoteStream::status(TimePoint) const {
  return run_->desk->status(id_);
}

std::function<void()> RemoteStream::cancel_hook() {
  return [weak = std::weak_ptr<RemoteRun>(run_), executor = run_->executor] {
    asio::post(executor, [weak] {
      if (const auto run = weak.lock()) run->cancel();
    });
  };
}

}  // namespace quern::models
