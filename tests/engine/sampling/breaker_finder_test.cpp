#include "engine/sampling/breaker_finder.hpp"

#include "tests/support/piece_tokenizer.hpp"

#include <atomic>
#include <thread>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

using Tokens = std::vector<TokenId>;

//                                       0    1     2      3     4      5      6       7     8
const test::PieceTokenizer kTokenizer({"", "\n", "a\nb", "ab", "xa", "bc", "abcab", "c", "aa"});

TEST(BreakerFinder, ATokenThatContainsTheTextBreaksAlone) {
  const BreakerFinder finder(kTokenizer);
  const std::vector<std::string> texts{"\n"};
  const auto table = finder.find(texts);
  for (TokenId token = 0; token < 9; ++token) EXPECT_EQ(table->breaks_alone(token), token == 1 || token == 2) << token;
}

TEST(BreakerFinder, ATokenThatEndsInsideTheTextNeedsTheRest) {
  const BreakerFinder finder(kTokenizer);
  const std::vector<std::string> texts{"abc"};
  const auto table = finder.find(texts);
  EXPECT_TRUE(table->breaks_alone(6)) << "abcab contains it";
  EXPECT_EQ(table->match(Tokens{4, 5}), std::optional<std::size_t>(1)) << "xa + bc";
  EXPECT_EQ(table->match(Tokens{3, 7}), std::optional<std::size_t>(1)) << "ab + c";
  EXPECT_EQ(table->match(Tokens{8, 5}), std::optional<std::size_t>(1)) << "aa + bc: the second a begins it";
  EXPECT_EQ(table->match(Tokens{3, 5}), std::nullopt);
  EXPECT_EQ(table->match(Tokens{2, 7}), std::nullopt);
}

TEST(BreakerFinder, NoTextsAndEmptyTextsBreakNothing) {
  const BreakerFinder finder(kTokenizer);
  EXPECT_TRUE(finder.find({})->empty());
  const std::vector<std::string> texts{""};
  EXPECT_TRUE(finder.find(texts)->empty());
}

TEST(BreakerFinder, RemembersTheLastFew) {
  const BreakerFinder finder(kTokenizer);
  const std::vector<std::string> usual{"\n", "ab"};
  const auto first = finder.find(usual);
  for (int i = 0; i < 20; ++i) {
    const std::vector<std::string> other{std::string(static_cast<std::size_t>(i) + 1, 'q')};
    finder.find(other);
    EXPECT_EQ(finder.find(usual), first) << "asked for all the time, so it stays";
  }
}

TEST(BreakerFinder, ServesManyThreads) {
  const BreakerFinder finder(kTokenizer);
  std::vector<std::thread> threads;
  std::atomic<int> n_right{0};
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&finder, &n_right, t] {
      for (int i = 0; i < 100; ++i) {
        const std::vector<std::string> texts{"\n", std::string(static_cast<std::size_t>(t * i % 12), 'a') + "bc"};
        if (finder.find(texts)->breaks_alone(1)) ++n_right;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(n_right, 400);
}

}  // namespace
}  // namespace quern::engine::sampling
