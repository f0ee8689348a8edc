// From the body of a request to what its endpoint works with: at once where that is little work, else as a job on a
// helper thread, which ends when the client leaves. Threads: the connection's strand.
#pragma once

#include "server/exchange.hpp"
#include "server/pipeline/effort.hpp"
#include "server/pipeline/job.hpp"

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace quern::server {

// Runs the work on a helper thread and waits for it. Errors: those of the work; overloaded, where too many wait and it
// is no `must` (HelperPool::add); cancelled. The work owns what it works with, and may refer to the state.
template <class T>
net::awaitable<Result<T>> run_job(Exchange& exchange, ServerState& state, typename JobOf<T>::Work work,
                                  std::uint64_t cost, bool must) {
  const auto job = std::make_shared<JobOf<T>>(exchange.executor(), std::move(work));
  if (!state.helpers.add(job, cost, must)) co_return fail(Errc::overloaded, "too many large requests at once");
  const auto hook = exchange.on_disconnect([&state, job] { state.helpers.cancel(*job); });
  co_await Job::wait(job);
  co_return job->take();
}

// A pure function of the body and what the server has. It says where it begins and ends to need the body.
template <class T>
using Preparation = Result<T> (*)(std::string_view body, Effort& effort);

// Errors: those of the work, overloaded, cancelled.
template <class T>
net::awaitable<Result<T>> prepare(Exchange& exchange, ServerState& state, Preparation<T> work) {
  if (exchange.body().size() <= Effort::kSmallBytes) {
    Effort effort(state);
    Result<T> result = work(exchange.body(), effort);
    if (!effort.exceeded()) {
      exchange.memory()->drop_body();
      co_return result;
    }
  }
  const auto body = std::make_shared<std::string>(exchange.take_body());
  const std::uint64_t cost = body->size();
  typename JobOf<T>::Work whole = [&state, memory = exchange.memory(), body,
                                   work](const std::atomic<bool>& ending) -> Result<T> {
    Effort effort(state, *memory, *body, ending);
    return work(*body, effort);
  };
  Result<T> result = co_await run_job<T>(exchange, state, std::move(whole), cost, false);
  co_return result;
}

}  // namespace quern::server
