#include "server/api/admission.hpp"

#include "server/pipeline/run_job.hpp"

#include <algorithm>
#include <utility>

#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

namespace quern::server {
namespace {

// What takes longer to submit than a millisecond or two is submitted by a helper thread: prompts are copied for each
// choice, and its sampler reads them.
constexpr std::uint64_t kSubmitTokens = 64u << 10;

constexpr std::chrono::milliseconds kLookAgain{100};

// A request that replaces others may have the places that these have in the line, once they have ended.
net::awaitable<void> wait_for_place(Exchange& exchange, ServerState& state, const models::Generator& generator,
                                    SupersedeTable::Entry& standing, std::uint32_t n_places) {
  const auto timer = std::make_shared<net::steady_timer>(exchange.executor());
  const auto hook = exchange.on_disconnect([timer] { timer->cancel(); });
  standing.when_older_left([timer] { net::post(timer->get_executor(), [timer] { timer->cancel(); }); });
  const TimePoint deadline = std::chrono::steady_clock::now() + state.options.limits.stream_head_after;
  while (!generator.has_room(n_places) && standing.older_runs() && !standing.superseded() && !exchange.gone() &&
         std::chrono::steady_clock::now() < deadline) {
    timer->expires_after(kLookAgain);
    [[maybe_unused]] auto woken = co_await timer->async_wait(kTuple);
  }
}

}  // namespace

net::awaitable<Result<std::unique_ptr<models::AnswerStream>>> admit(Exchange& exchange, ServerState& state,
                                                                    std::shared_ptr<models::ServedModel> model,
                                                                    models::GenerateTask task,
                                                                    SupersedeTable::Entry& standing) {
  const Status kept = exchange.memory()->keep(task.bytes());
  if (!kept) co_return kept.error();
  models::Generator& generator = *model->generator;
  if (standing.replaces()) co_await wait_for_place(exchange, state, generator, standing, task.n_choices());
  if (standing.superseded()) co_return fail(Errc::cancelled, "the request was cancelled");
  Result<models::Submitted> submitted = models::Submitted{};
  if (task.n_prompt_tokens() * task.n <= kSubmitTokens) {
    submitted = generator.submit(std::move(task), exchange.executor());
  } else {
    const std::uint64_t cost = task.bytes();
    const auto what = std::make_shared<models::GenerateTask>(std::move(task));
    JobOf<models::Submitted>::Work work = [model, what, executor = exchange.executor()](const std::atomic<bool>&) {
      return Result<models::Submitted>(model->generator->submit(std::move(*what), executor));
    };
    Result<models::Submitted> made = co_await run_job<models::Submitted>(exchange, state, std::move(work), cost, true);
    submitted = std::move(made);
  }
  if (!submitted) co_return submitted.error();
  if (!submitted->status) co_return submitted->status.error();
  standing.stand_for(submitted->stream->ids(), std::move(model));
  co_return std::move(submitted->stream);
}

}  // namespace quern::server
