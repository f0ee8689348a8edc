#include "models/remote/routed_generator.hpp"

#include "models/remote/upstream_errors.hpp"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <mutex>
#include <utility>

namespace quern::models {
namespace {

namespace asio = boost::asio;
using Ways = std::vector<std::unique_ptr<Generator>>;

// What ends whichever stream answers at the moment.
class CancelSwitch {
 public:
  void set(std::function<void()> hook) {
    bool now = false;
    {
      const std::lock_guard lock(mutex_);
      hook_ = hook;
      now = cancelled_;
    }
    if (now) hook();
  }
  void cancel() {
    std::function<void()> hook;
    {
      const std::lock_guard lock(mutex_);
      cancelled_ = true;
      hook = hook_;
    }
    if (hook) hook();
  }
  bool cancelled() const {
    const std::lock_guard lock(mutex_);
    return cancelled_;
  }

 private:
  mutable std::mutex mutex_;
  std::function<void()> hook_;  // guarded by mutex_
  bool cancelled_ = false;      // guarded by mutex_
};

// Asks one way after the other, from `way` on. `way` is then the one that has taken the task.
Submitted submit_from(const Ways& ways, std::size_t& way, const GenerateTask& task, asio::any_io_executor executor) {
  for (;; ++way) {
    Submitted submitted = ways[way]->submit(task, executor);
    const bool may = way + 1 < ways.size() && !submitted.status && may_ask_another(submitted.status.error());
    if (!may) return submitted;
  }
}

class RoutedStream final : public AnswerStream {
 public:
  RoutedStream(const Ways& ways, std::size_t way, std::unique_ptr<AnswerStream> stream, GenerateTask task,
               asio::any_io_executor executor)
      : ways_(ways), way_(way), stream_(std::move(stream)), task_(std::move(task)), executor_(std::move(executor)) {
    switch_->set(stream_->cancel_hook());
  }

  asio::awaitable<bool> begun(Duration timeout) override;
  asio::awaitable<Result<std::vector<AnswerEvent>>> next(Duration timeout) override;

  bool finished() const noexcept override { return early_.empty() && stream_->finished(); }
  std::uint32_t n_choices() const noexcept override { return stream_->n_choices(); }
  Usage usage() const override { return stream_->usage(); }
  sched::RequestStatus status(TimePoint now) const override { return stream_->status(now); }
  std::vector<sched::RequestStatus> statuses(TimePoint now) const override { return stream_->statuses(now); }
  std::vector<sched::RequestId> ids() const override { return stream_->ids(); }
  std::function<void()> cancel_hook() override {
    return [cancel = switch_] { cancel->cancel(); };
  }

 private:
  bool go_on(const Error& error);  // false: it was the last one, or may not

  const Ways& ways_;
  std::size_t way_;
  std::unique_ptr<AnswerStream> stream_;
  GenerateTask task_;
  const asio::any_io_executor executor_;
  const std::shared_ptr<CancelSwitch> switch_ = std::make_shared<CancelSwitch>();
  std::vector<AnswerEvent> early_;  // came while it was only asked whether it has begun
  bool given_ = false;              // something of an answer
};

bool RoutedStream::go_on(const Error& error) {
  if (given_ || !early_.empty() || way_ + 1 >= ways_.size() || !may_ask_another(error) || switch_->cancelled()) {
    return false;
  }
  std::size_t way = way_ + 1;
  Submitted submitted = submit_from(ways_, way, task_, executor_);
  if (!submitted.status) return false;  // what the first one said is what its client learns
  way_ = way;
  stream_ = std::move(submitted.stream);
  switch_->set(stream_->cancel_hook());
  return true;
}

asio::awaitable<bool> RoutedStream::begun(Duration timeout) {
  const TimePoint until = std::chrono::steady_clock::now() + timeout;
  for (Duration left = timeout;;) {
    const bool there = co_await stream_->begun(left);
    if (!there || given_ || way_ + 1 >= ways_.size()) co_return there;
    Result<std::vector<AnswerEvent>> events = co_await stream_->next(Duration(1));
    if (events) {
      early_ = std::move(*events);
      co_return true;
    }
    if (!go_on(events.error())) co_return true;  // next() says it again
    if (timeout != Duration::zero()) left = std::max<Duration>(until - std::chrono::steady_clock::now(), Duration(1));
  }
}

asio::awaitable<Result<std::vector<AnswerEvent>>> RoutedStream::next(Duration timeout) {
  for (;;) {
    if (!early_.empty()) {
      given_ = true;
      co_return std::exchange(early_, {});
    }
    Result<std::vector<AnswerEvent>> events = co_await stream_->next(timeout);
    if (events) {
      given_ = given_ || !events->empty();
      if (given_) task_.prompts.clear();
      co_return events;
    }
    if (!go_on(events.error())) co_return events;
  }
}

void add(sched::Snapshot& into, const sched::Snapshot& from) {
  into.queued += from.queued;
  into.running += from.running;
  into.parked += from.parked;
  into.max_running += from.max_running;
  into.prompt_tokens += from.prompt_tokens;
  into.generated_tokens += from.generated_tokens;
  into.finished_stop += from.finished_stop;
  into.finished_length += from.finished_length;
  into.finished_cancelled += from.finished_cancelled;
  into.finished_failed += from.finished_failed;
  into.finished_timed_out += from.finished_timed_out;
  into.rejected += from.rejected;
  into.expected_wait_s = std::min(into.expected_wait_s, from.expected_wait_s);
}

}  // namespace

Submitted RoutedGenerator::submit(GenerateTask task, asio::any_io_executor executor) {
  std::size_t way = 0;
  Submitted submitted = submit_from(ways_, way, task, executor);
  if (!submitted.status || way + 1 == ways_.size()) return submitted;
  submitted.stream =
      std::make_unique<RoutedStream>(ways_, way, std::move(submitted.stream), std::move(task), std::move(executor));
  return submitted;
}

std::uint32_t RoutedGenerator::max_context() const noexcept {
  for (const auto& way : ways_) {
    if (way->max_context() != 0) return way->max_context();
  }
  return 0;
}

bool RoutedGenerator::has_room(std::uint32_t n) const noexcept {
  return std::ranges::any_of(ways_, [n](const auto& way) { return way->has_room(n); });
}

bool RoutedGenerator::cancel(sched::RequestId id) noexcept {
  return std::ranges::any_of(ways_, [id](const auto& way) { return way->cancel(id); });
}

void RoutedGenerator::drain() noexcept {
  for (const auto& way : ways_) way->drain();
}

sched::Snapshot RoutedGenerator::snapshot() const {
  sched::Snapshot out = ways_.front()->snapshot();
  for (std::size_t i = 1; i < ways_.size(); ++i) add(out, ways_[i]->snapshot());
  return out;
}

Duration RoutedGenerator::stalled() const {
  Duration out = Duration::zero();
  for (const auto& way : ways_) out = std::max(out, way->stalled());
  return out;
}

std::vector<sched::RequestStatus> RoutedGenerator::requests() const {
  std::vector<sched::RequestStatus> out;
  for (const auto& way : ways_) std::ranges::move(way->requests(), std::back_inserter(out));
  return out;
}

std::vector<sched::RequestStatus> RoutedGenerator::ended_requests() const {
  std::vector<sched::RequestStatus> out;
  for (const auto& way : ways_) std::ranges::move(way->ended_requests(), std::back_inserter(out));
  return out;
}

std::optional<sched::RequestStatus> RoutedGenerator::request(sched::RequestId id) const {
  for (const auto& way : ways_) {
    if (auto found = way->request(id)) return found;
  }
  return std::nullopt;
}

std::vector<UpstreamStatus> RoutedGenerator::upstreams() const {
  std::vector<UpstreamStatus> out;
  for (const auto& way : ways_) std::ranges::move(way->upstreams(), std::back_inserter(out));
  return out;
}

}  // namespace quern::models
