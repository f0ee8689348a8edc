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
    std::uint32_t seen = 0;
    for (int i = 0; i < kRounds; ++i) {
      seen = ping.await_change(seen, GetParam());
      ++carried;
      pong.advance();
    }
  });
  std::uint32_t seen = 0;
  for (int i = 0; i < kRounds; ++i) {
    ++carried;
    ping.advance();
    seen = pong.await_change(seen, GetParam());
    ASSERT_EQ(carried, 2 * (i + 1));
  }
}

TEST_P(WaitWordTest, ZeroIsReachedOnceAndSeesAllWork) {
  constexpr std::uint32_t kThreads = 4, kRounds = 100;
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
    unfinished.await_zero(GetParam());
    ASSERT_EQ(done, std::vector<std::uint32_t>(kThreads, round + 1));
    threads.clear();
    ASSERT_EQ(last, 1u);
  }
}

TEST_P(WaitWordTest, ChangeThatAlreadyHappenedDoesNotWait) {
  WaitWord word;
  const std::uint32_t before = word.load();
  word.advance();
  const std::uint32_t after = word.await_change(before, GetParam());
  word.advance();
  EXPECT_NE(word.await_change(after, GetParam()), after);
  word.reset(0);
  word.await_zero(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Spin, WaitWordTest, testing::Values(0u, 1u, 100u, 2000u));

}  // namespace
}  // namespace quern::kernels
