#include "engine/sampling/history.hpp"

#include "engine/sampling/rng.hpp"

#include <algorithm>
#include <map>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

std::map<TokenId, std::uint32_t> counts(const TokenTable& table) {
  std::map<TokenId, std::uint32_t> seen;
  for (const TokenTable::Entry& e : table.entries())
    if (e.value > 0 && !seen.emplace(e.token, e.value).second) ADD_FAILURE() << "token twice: " << e.token;
  return seen;
}

TEST(History, CountsTheLastTokensOnly) {
  for (const std::int32_t window : {-1, 0, 1, 5, 300, INT32_MAX}) {
    History history(window);
    Rng rng(7);
    std::vector<TokenId> tokens;
    std::map<TokenId, std::uint32_t> drawn;
    for (int step = 0; step < 2000; ++step) {
      tokens.push_back(static_cast<TokenId>(rng.next() % (step < 1000 ? 400 : 10)));
      history.accept(tokens.back());
      ++drawn[tokens.back()];
      if (step % 97 != 0) continue;
      std::map<TokenId, std::uint32_t> want;
      const std::size_t n = window < 0 ? tokens.size() : std::min(tokens.size(), static_cast<std::size_t>(window));
      for (std::size_t i = tokens.size() - n; i < tokens.size(); ++i) ++want[tokens[i]];
      ASSERT_EQ(counts(history.recent()), want) << "window " << window << ", step " << step;
      ASSERT_EQ(counts(history.drawn()), drawn) << "whatever the window";
    }
    EXPECT_EQ(history.tokens().size(), tokens.size());
  }
}

TEST(History, APromptIsInTheWindowAndWasNotDrawn) {
  for (const std::int32_t window : {-1, 0, 1, 5, 300, INT32_MAX}) {
    for (const std::size_t n_prompt : {0u, 1u, 4u, 5u, 6u, 1000u}) {
      History history(window);
      Rng rng(3);
      std::vector<TokenId> tokens;
      while (tokens.size() < n_prompt) tokens.push_back(static_cast<TokenId>(rng.next() % 50));
      history.accept_prompt(tokens);
      std::map<TokenId, std::uint32_t> drawn;
      for (int step = 0; step < 10; ++step) {
        std::map<TokenId, std::uint32_t> want;
        const std::size_t n = window < 0 ? tokens.size() : std::min(tokens.size(), static_cast<std::size_t>(window));
        for (std::size_t i = tokens.size() - n; i < tokens.size(); ++i) ++want[tokens[i]];
        ASSERT_EQ(counts(history.recent()), want) << "window " << window << ", prompt " << n_prompt;
        ASSERT_EQ(counts(history.drawn()), drawn);
        ASSERT_TRUE(std::ranges::equal(history.tokens(), tokens));
        tokens.push_back(static_cast<TokenId>(rng.next() % 50));
        history.accept(tokens.back());
        ++drawn[tokens.back()];
      }
    }
  }
}

TEST(History, TableStaysSmallWhenTheWindowSlidesOverManyTokens) {
  History history(8);
  for (TokenId token = 0; token < 100000; ++token) history.accept(token);
  EXPECT_LT(history.recent().entries().size(), 64u);
  EXPECT_EQ(counts(history.recent()).size(), 8u);
}

TEST(TokenTable, ForgetsOnClear) {
  TokenTable table;
  table.clear();
  for (TokenId token = 0; token < 500; ++token) table[token] = 1;
  table.clear();
  EXPECT_TRUE(table.entries().empty());
  for (TokenId token = 0; token < 500; ++token) EXPECT_EQ(table[token], 0u);
}

}  // namespace
}  // namespace quern::engine::sampling
