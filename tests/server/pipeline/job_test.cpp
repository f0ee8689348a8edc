#include "server/pipeline/job.hpp"

#include <stdexcept>
#include <string>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

using TextJob = JobOf<std::string>;

struct Seen {
  std::string text, error;
  bool ended = false;
};

net::awaitable<void> take(std::shared_ptr<TextJob> job, std::shared_ptr<Seen> seen) {
  co_await Job::wait(job);
  seen->ended = true;
  try {
    Result<std::string> result = job->take();
    if (result) {
      seen->text = *result;
    } else {
      seen->error = errc_name(result.error().code);
    }
  } catch (const std::exception& e) {
    seen->error = e.what();
  }
}

struct Waiting {
  explicit Waiting(TextJob::Work work) : job(std::make_shared<TextJob>(io.get_executor(), std::move(work))) {
    net::co_spawn(io, take(job, seen), net::detached);
    io.poll();
  }
  net::io_context io;
  std::shared_ptr<TextJob> job;
  std::shared_ptr<Seen> seen = std::make_shared<Seen>();
};

TEST(Job, GivesItsResultToWhoWaits) {
  Waiting waiting([](const std::atomic<bool>&) -> Result<std::string> { return "done"; });
  EXPECT_FALSE(waiting.seen->ended);
  waiting.job->run();
  waiting.io.run();
  EXPECT_EQ(waiting.seen->text, "done");
}

TEST(Job, WhatItThrowsIsThrownWhereItIsTaken) {
  Waiting waiting([](const std::atomic<bool>&) -> Result<std::string> { throw std::runtime_error("boom"); });
  waiting.job->run();
  waiting.io.run();
  EXPECT_EQ(waiting.seen->error, "boom");
}

TEST(Job, DroppedOrAskedToEndItIsCancelledWithoutHavingRun) {
  for (const bool dropped : {true, false}) {
    Waiting waiting([](const std::atomic<bool>&) -> Result<std::string> { return "never"; });
    waiting.job->ask_to_end();
    dropped ? waiting.job->drop() : waiting.job->run();
    waiting.io.run();
    EXPECT_EQ(waiting.seen->error, "cancelled");
  }
}

TEST(Job, WhatTheWorkOwnsGoesWithItsEnd) {
  const auto owned = std::make_shared<int>(1);
  Waiting waiting([owned](const std::atomic<bool>&) -> Result<std::string> { return "done"; });
  EXPECT_GT(owned.use_count(), 1);
  waiting.job->run();
  EXPECT_EQ(owned.use_count(), 1) << "before anybody has taken the result";
  waiting.io.run();
}

TEST(Job, EndedBeforeAnybodyWaits) {
  net::io_context io;
  const auto job = std::make_shared<TextJob>(io.get_executor(),
                                             [](const std::atomic<bool>&) -> Result<std::string> { return "early"; });
  job->run();
  const auto seen = std::make_shared<Seen>();
  net::co_spawn(io, take(job, seen), net::detached);
  io.run();
  EXPECT_EQ(seen->text, "early");
}

}  // namespace
}  // namespace quern::server
