// A few threads for the work on requests that would hold up the streams of others on the I/O thread: parsing,
// rendering, encoding, large replies. They run below the engine's workers (SCHED_BATCH, nice + 10: a tenth of a core
// that both want), because one slow worker makes every stream wait. Bounded: `max_waiting` jobs beyond those that run.
// The next job is the one with the smallest (work that was handed out before it came + its own cost): a small one
// overtakes a large one that waits, and each is overtaken by at most as much work as its own cost. Threads: all
// functions any. Ownership: jobs are shared with whoever waits for them. The destructor waits for the jobs that run and
// drops the others.
#pragma once

#include "server/pipeline/job.hpp"

#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace quern::server {

class HelperPool {
 public:
  HelperPool(std::uint32_t n_threads, std::uint32_t max_waiting);
  HelperPool(const HelperPool&) = delete;
  HelperPool& operator=(const HelperPool&) = delete;
  ~HelperPool();

  // Two, and more where the machine has many cores: one long job must not keep out all others.
  static std::uint32_t default_threads() noexcept;

  // cost: what the work takes, in bytes looked at. false: too many wait. must: one that was begun has to be finished,
  // it is never refused (there is at most one for each request that was accepted).
  bool add(std::shared_ptr<Job> job, std::uint64_t cost, bool must = false);
  // The job ends soon: at once if it waits, else when it next looks at its flag.
  void cancel(Job& job);

  std::size_t n_waiting() const;
  std::uint64_t n_begun() const;  // jobs that a helper has taken, ever

 private:
  struct Waiting {
    std::shared_ptr<Job> job;
    std::uint64_t turn = 0, cost = 0;
  };

  void run();
  std::shared_ptr<Job> next();  // empty: the end

  const std::uint32_t max_waiting_;
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Waiting> waiting_;  // guarded by mutex_
  std::uint64_t handed_out_ = 0;  // guarded by mutex_
  std::uint64_t n_begun_ = 0;     // guarded by mutex_
  bool ending_ = false;           // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace quern::server
