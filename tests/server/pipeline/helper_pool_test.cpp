#include "server/pipeline/helper_pool.hpp"

#include "tests/sched/scheduler_harness.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>
#include <sched.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace quern::server {
namespace {

using TextJob = JobOf<std::string>;

// A pool of one thread, which a first job holds at a gate; the jobs behind it note their names.
struct Blocked {
  explicit Blocked(std::uint32_t max_waiting = 8) : pool(1, max_waiting) {
    pool.add(std::make_shared<TextJob>(io.get_executor(),
                                       [this](const std::atomic<bool>&) -> Result<std::string> {
                                         gate.pass();
                                         return "first";
                                       }),
             0);
    gate.wait_for_arrival(1);
  }
  ~Blocked() { gate.open(); }

  std::shared_ptr<TextJob> job(std::string name) {
    return std::make_shared<TextJob>(io.get_executor(), [this, name](const std::atomic<bool>&) -> Result<std::string> {
      const std::lock_guard lock(mutex);
      order += name;
      return name;
    });
  }
  bool add(const std::string& name, std::uint64_t cost, bool must = false) { return pool.add(job(name), cost, must); }
  // All that was added before has run when this returns.
  void finish() {
    gate.open();
    const auto last = std::make_shared<test::Gate>();
    last->open();
    pool.add(std::make_shared<TextJob>(io.get_executor(),
                                       [last](const std::atomic<bool>&) -> Result<std::string> {
                                         last->pass();
                                         return "last";
                                       }),
             UINT64_MAX / 2, true);
    last->wait_for_arrival(1);
  }

  net::io_context io;
  test::Gate gate;
  std::mutex mutex;
  std::string order;
  HelperPool pool;  // its jobs use the rest
};

TEST(HelperPool, SmallJobsOvertakeLargeOnes) {
  Blocked blocked;
  EXPECT_TRUE(blocked.add("L", 1000));
  EXPECT_TRUE(blocked.add("m", 100));
  EXPECT_TRUE(blocked.add("s", 10));
  EXPECT_TRUE(blocked.add("t", 10));
  blocked.finish();
  EXPECT_EQ(blocked.order, "stmL");
}

TEST(HelperPool, NobodyIsOvertakenForEver) {
  // One that costs 10 comes whenever one has begun: only ten of them are served before the one that costs 100.
  net::io_context io;
  test::Gate gate, done;
  done.open();
  std::string order, before;  // the helper thread's
  auto pool = std::make_unique<HelperPool>(1, 1000);
  std::function<void(int)> add_small = [&](int left) {
    const auto work = [&, left](const std::atomic<bool>&) -> Result<std::string> {
      if (left == 30) gate.pass();
      order += 's';
      if (left > 0) add_small(left - 1);
      return "s";
    };
    pool->add(std::make_shared<TextJob>(io.get_executor(), work), 10);
  };
  add_small(30);
  gate.wait_for_arrival(1);
  const auto large = [&](const std::atomic<bool>&) -> Result<std::string> {
    before = order;
    done.pass();
    return "L";
  };
  pool->add(std::make_shared<TextJob>(io.get_executor(), large), 100);
  gate.open();
  done.wait_for_arrival(1);
  pool.reset();
  EXPECT_EQ(before.size(), 10u) << "the one that ran, and nine more";
}

TEST(HelperPool, RefusesWhatIsTooMuchButNotWhatHasToBeFinished) {
  Blocked blocked(2);
  EXPECT_TRUE(blocked.add("a", 1));
  EXPECT_TRUE(blocked.add("b", 1));
  EXPECT_FALSE(blocked.add("c", 1));
  EXPECT_TRUE(blocked.add("d", 1, true));
  EXPECT_EQ(blocked.pool.n_waiting(), 3u);
  blocked.finish();
  EXPECT_EQ(blocked.order, "abd");
}

TEST(HelperPool, CancelTakesAWaitingJobOut) {
  Blocked blocked;
  const auto job = blocked.job("x");
  ASSERT_TRUE(blocked.pool.add(job, 1));
  blocked.pool.cancel(*job);
  EXPECT_EQ(blocked.pool.n_waiting(), 0u);
  EXPECT_EQ(job->take().error().code, Errc::cancelled) << "at once, while the helper is busy";
  blocked.finish();
  EXPECT_EQ(blocked.order, "");
}

TEST(HelperPool, CancelTellsARunningJob) {
  net::io_context io;
  test::Gate begun;
  begun.open();
  HelperPool pool(1, 1);
  const auto job = std::make_shared<TextJob>(io.get_executor(), [&](const std::atomic<bool>& ending) {
    begun.pass();
    while (!ending.load()) std::this_thread::yield();
    return Result<std::string>(fail(Errc::cancelled, "told"));
  });
  pool.add(job, 1);
  begun.wait_for_arrival(1);
  pool.cancel(*job);  // the pool's end waits for it
}

TEST(HelperPool, ItsEndDropsWhatWaits) {
  net::io_context io;
  std::shared_ptr<TextJob> job;
  test::Gate gate;
  std::thread opener;
  {
    HelperPool pool(1, 8);
    pool.add(std::make_shared<TextJob>(io.get_executor(),
                                       [&gate](const std::atomic<bool>&) -> Result<std::string> {
                                         gate.pass();
                                         return "first";
                                       }),
             0);
    gate.wait_for_arrival(1);
    job = std::make_shared<TextJob>(io.get_executor(),
                                    [](const std::atomic<bool>&) -> Result<std::string> { return "second"; });
    pool.add(job, 1);
    opener = std::thread([&gate, job] {
      while (!job->ending()) std::this_thread::yield();
      gate.open();
    });
  }
  opener.join();
  EXPECT_EQ(job->take().error().code, Errc::cancelled);
}

TEST(HelperPool, ItsThreadsStepBackBehindTheEngine) {
  net::io_context io;
  test::Gate done;
  done.open();
  const int own = ::getpriority(PRIO_PROCESS, 0);
  int nice = 0, policy = -1;
  HelperPool pool(1, 1);
  pool.add(std::make_shared<TextJob>(io.get_executor(),
                                     [&](const std::atomic<bool>&) -> Result<std::string> {
                                       nice = ::getpriority(PRIO_PROCESS, static_cast<id_t>(::syscall(SYS_gettid)));
                                       policy = ::sched_getscheduler(0);
                                       done.pass();
                                       return "";
                                     }),
           1);
  done.wait_for_arrival(1);
  EXPECT_EQ(nice, std::min(own + 10, 19));
  EXPECT_EQ(policy, SCHED_BATCH);
  EXPECT_EQ(::getpriority(PRIO_PROCESS, 0), own) << "the others keep theirs";
}

}  // namespace
}  // namespace quern::server
