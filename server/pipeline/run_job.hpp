// Work on a helper thread for a request, which ends when the client leaves. Threads: the connection's strand.
#pragma once

#include "server/exchange.hpp"
#include "server/pipeline/job.hpp"

#include <cstdint>
#include <memory>
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

// The same where nobody may read from the connection: it goes on when the client leaves.
template <class T>
net::awaitable<Result<T>> run_job_apart(Exchange& exchange, ServerState& state, typename JobOf<T>::Work work,
                                        std::uint64_t cost) {
  const auto job = std::make_shared<JobOf<T>>(exchange.executor(), std::move(work));
  if (!state.helpers.add(job, cost, true)) co_return fail(Errc::overloaded, "too many large requests at once");
  co_await Job::wait(job);
  co_return job->take();
}

}  // namespace quern::server
