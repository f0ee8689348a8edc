#include "tests/support/scripted/scripted_stream.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace quern::test {
namespace {

constexpr auto kTuple = boost::asio::as_tuple(boost::asio::use_awaitable);

models::AnswerEvent of_choice(const models::AnswerEvent& event, std::uint32_t choice) {
  models::AnswerEvent out = event;
  std::visit([choice](auto& e) { e.choice = choice; }, out);
  return out;
}

}  // namespace

void StreamHandle::cancel() {
  cancelled_.store(true, std::memory_order_release);
  boost::asio::post(timer.get_executor(), [self = shared_from_this()] { self->timer.cancel(); });
}

ScriptedStream::ScriptedStream(std::shared_ptr<StreamHandle> handle, std::vector<ScriptStep> steps,
                               std::uint32_t n_choices, models::Usage usage, sched::RequestStatus status,
                               std::function<void(const char*)> ended)
    : handle_(std::move(handle)),
      steps_(std::move(steps)),
      n_choices_(n_choices),
      usage_(usage),
      status_(std::move(status)),
      ended_(std::move(ended)) {}

ScriptedStream::~ScriptedStream() {
  end("cancelled");
}

void ScriptedStream::end(const char* how) {
  if (auto tell = std::exchange(ended_, nullptr)) tell(how);
}

std::function<void()> ScriptedStream::cancel_hook() {
  return [handle = handle_] { handle->cancel(); };
}

boost::asio::awaitable<bool> ScriptedStream::pause(Duration timeout) {
  const TimePoint now = std::chrono::steady_clock::now();
  const bool all = timeout == Duration::zero() || now + timeout >= *resume_at_;
  handle_->timer.expires_at(all ? *resume_at_ : now + timeout);
  [[maybe_unused]] auto woken = co_await handle_->timer.async_wait(kTuple);
  if (!all && !handle_->cancelled()) co_return false;
  resume_at_.reset();
  co_return true;
}

boost::asio::awaitable<Result<std::vector<models::AnswerEvent>>> ScriptedStream::next(Duration timeout) {
  std::vector<models::AnswerEvent> out;
  while (!finished_) {
    if (resume_at_) {
      if (!out.empty()) break;
      const bool over = co_await pause(timeout);
      if (!over) break;
    }
    if (handle_->cancelled()) {
      end("cancelled");
      co_return fail(Errc::cancelled, "the request was cancelled");
    }
    const ScriptStep& step = steps_[position_++];
    if (const auto* failure = std::get_if<Failure>(&step)) {
      end("failed");
      co_return fail(Errc::io, "{}", failure->words);
    }
    if (const auto* length = std::get_if<Duration>(&step)) {
      resume_at_ = std::chrono::steady_clock::now() + *length;
      continue;
    }
    const models::AnswerEvent& event = std::get<models::AnswerEvent>(step);
    for (std::uint32_t choice = 0; choice < n_choices_; ++choice) out.push_back(of_choice(event, choice));
    finished_ = std::holds_alternative<models::End>(event);
  }
  if (finished_) {
    status_.state = sched::RequestState::finished;
    end("finished");
  }
  co_return out;
}

}  // namespace quern::test
