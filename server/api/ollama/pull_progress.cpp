#include "server/api/ollama/pull_progress.hpp"

#include <chrono>
#include <string_view>
#include <utility>

#include <boost/asio/post.hpp>

namespace quern::server {
namespace {

constexpr std::chrono::seconds kWakeBackstop{1};  // a post may fail for lack of memory: who waits looks by itself

// What an event is about: all before its counts.
std::string_view subject(std::string_view line) noexcept {
  return line.substr(0, line.find("\"total\""));
}

}  // namespace

models::PullListener PullProgress::listener() {
  return {.on_line =
              [self = shared_from_this()](std::string line) {
                {
                  const std::lock_guard lock(self->mutex_);
                  std::vector<std::string>& lines = self->lines_;
                  if (!lines.empty() && subject(lines.back()) == subject(line)) lines.pop_back();
                  lines.push_back(std::move(line));
                }
                self->wake();
              },
          .on_end =
              [self = shared_from_this()](Status end) {
                {
                  const std::lock_guard lock(self->mutex_);
                  self->end_ = std::move(end);
                }
                self->wake();
              }};
}

void PullProgress::wake() noexcept {
  try {
    net::post(executor_, [self = shared_from_this()] { self->timer_.cancel(); });
  } catch (...) {  // see kWakeBackstop
  }
}

net::awaitable<bool> PullProgress::next(std::string& out) {
  for (;;) {
    bool any = false, ended = false;
    {
      const std::lock_guard lock(mutex_);
      any = !lines_.empty();
      ended = end_.has_value();
      for (const std::string& line : lines_) out.append(line).append("\n");
      lines_.clear();
    }
    if (ended) co_return true;
    if (any) co_return false;
    timer_.expires_after(kWakeBackstop);
    [[maybe_unused]] auto woken = co_await timer_.async_wait(kTuple);
  }
}

Status PullProgress::end() const {
  const std::lock_guard lock(mutex_);
  return *end_;
}

}  // namespace quern::server
