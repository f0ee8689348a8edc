#include "kernels/wait_word.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

// A lost wake-up hangs the test until ctest's timeout. Spin 0 makes every wait go through the futex.
class WaitWordTest : public testing::TestWithParam<std::uint32_t> {};

TEST_P(WaitWordTest, PingPongLosesNoWakeUp) {
  constexpr int kRounds = 1000;
  WaitWord ping, pong;
  long carried = 0;  // handed back and forth without a lock: a race under TSan if the pairing is wrong
  std::jthread other([&] {
    Spinner spinner(GetParam());
    std::uint32_t seen = 0;
    for (int i = 0; i < kRounds; ++i) {
      seen = ping.await_change(seen, spinner);
      ++carried;
      pong.advance();
    }
  });
  Spinner spinner(GetParam());
  std::uint32_t seen = 0;
  for (int i = 0; i < kRounds; ++i) {
    ++carried;
    ping.advance();
    seen = pong.await_change(seen, spinner);
    ASSERT_EQ(carried, 2 * (i + 1));
  }
}

TEST_P(WaitWordTest, ZeroIsReachedOnceAndSeesAllWork) {
  constexpr std::uint32_t kThreads = 4, kRounds = 100;
  Spinner spinner(GetParam());
  for (std::uint32_t round = 0; round < kRounds; ++round) {
    WaitWord unfinished;
    unfinished.reset(kThreads);
    std::vector<std::uint32_t> done(kThreads, 0);
    std::atomic<std::uint32_t> last{0};
    std::vector<std::jthread> threads;
    for (std::uint32_t t = 0; t < kThreads; ++t) {
      threads.emplace_back([&, t] {
        done[t] = round + 1;
        if (unfinished.count_down()) last.fetch_add(1);
      });
    }
    unfinished.await_zero(spinner);
    ASSERT_EQ(done, std::vector<std::uint32_t>(kThreads, round + 1));
    threads.clear();
    ASSERT_EQ(last, 1u);
  }
}

TEST_P(WaitWordTest, ChangeThatAlreadyHappenedDoesNotWait) {
  WaitWord word;
  Spinner spinner(GetParam());
  const std::uint32_t before = word.load();
  word.advance();
  const std::uint32_t after = word.await_change(before, spinner);
  word.advance();
  EXPECT_NE(word.await_change(after, spinner), after);
  word.reset(0);
  word.await_zero(spinner);
}

INSTANTIATE_TEST_SUITE_P(Spin, WaitWordTest, testing::Values(0u, 1u, 100u, 2000u));

TEST(Spinner, RestsAfterFailuresInARowAndTriesAgain) {
  Spinner spinner(10);
  // A wait that is sure to outlast ten pauses: the other side signals only once this one has gone to sleep.
  const auto fail_once = [&] {
    WaitWord word;
    word.reset(1);
    std::jthread other([&] {
      while ((word.load() & kSleeperBit) == 0) std::this_thread::yield();
      word.count_down();
    });
    word.await_zero(spinner);
  };
  const auto succeed_once = [&] {
    WaitWord word;
    word.await_zero(spinner);
  };
  for (std::uint32_t i = 1; i < Spinner::kFailuresMax; ++i) fail_once();
  EXPECT_FALSE(spinner.resting());
  succeed_once();  // starts the count again
  for (std::uint32_t i = 1; i < Spinner::kFailuresMax; ++i) fail_once();
  EXPECT_FALSE(spinner.resting());
  fail_once();
  EXPECT_TRUE(spinner.resting());
  for (std::uint32_t i = 0; i < Spinner::kRestWaits; ++i) {
    ASSERT_TRUE(spinner.resting());
    succeed_once();
  }
  EXPECT_FALSE(spinner.resting());
}

}  // namespace
}  // namespace quern::kernels
