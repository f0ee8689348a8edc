#include "kv/prefix_cache.hpp"

#include "kv/state_checkpoints.hpp"

#include <map>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kv {
namespace {

constexpr std::uint32_t kPageTokens = 8;

std::vector<Token> tokens_of(Token first) {
  std::vector<Token> out(kPageTokens);
  for (std::uint32_t i = 0; i < kPageTokens; ++i) out[i] = first + static_cast<Token>(i);
  return out;
}

class PrefixCacheTest : public testing::Test {
 protected:
  PageId page() {
    EXPECT_TRUE(pool.reserve(1));
    return pool.allocate();
  }
  PagePool pool{16};
  PrefixCache cache{pool, kPageTokens};
};

TEST_F(PrefixCacheTest, FindsWhatWasListedBehindTheSameParentOnly) {
  const ChainKey root = salt_key("");
  const PageId first = page(), second = page();
  const ChainKey one = cache.insert(first, root, tokens_of(1));
  const ChainKey two = cache.insert(second, one, tokens_of(9));
  EXPECT_EQ(cache.find(root, tokens_of(1)).page, first);
  EXPECT_EQ(cache.find(one, tokens_of(9)).page, second);
  EXPECT_EQ(cache.find(one, tokens_of(9)).key, two);
  EXPECT_EQ(cache.find(root, tokens_of(9)).page, kNoPage);
  EXPECT_EQ(cache.find(salt_key("tenant"), tokens_of(1)).page, kNoPage);
  EXPECT_EQ(cache.n_listed(), 2u);
}

TEST_F(PrefixCacheTest, ASecondPageOfTheSameContentIsNotListed) {
  const PageId first = page(), second = page();
  const ChainKey key = cache.insert(first, salt_key(""), tokens_of(1));
  EXPECT_EQ(cache.insert(second, salt_key(""), tokens_of(1)), key);
  EXPECT_FALSE(cache.contains(second));
}

TEST_F(PrefixCacheTest, AForgottenParentHidesItsChildren) {
  const PageId first = page(), second = page();
  const ChainKey one = cache.insert(first, salt_key(""), tokens_of(1));
  cache.insert(second, one, tokens_of(9));
  cache.forget(first);
  EXPECT_EQ(cache.find(salt_key(""), tokens_of(1)).page, kNoPage);
  const ChainKey again = cache.insert(first, salt_key(""), tokens_of(1));
  EXPECT_NE(again, one) << "keys are never reused: the page might hold something else now";
  EXPECT_EQ(cache.find(again, tokens_of(9)).page, kNoPage);
}

TEST_F(PrefixCacheTest, PartOfAPage) {
  const PageId first = page(), second = page();
  cache.insert(first, salt_key(""), tokens_of(1));
  std::vector<Token> other = tokens_of(1);
  other[6] = 77;
  cache.insert(second, salt_key(""), other);
  const auto part = cache.find_partial(salt_key(""), std::vector<Token>{1, 2, 3, 4, 5, 6, 77, 9});
  EXPECT_EQ(part.page, second);
  EXPECT_EQ(part.n_tokens, 7u);
  EXPECT_EQ(cache.find_partial(salt_key(""), std::vector<Token>{2, 3}).page, kNoPage);
  EXPECT_EQ(cache.find_partial(salt_key(""), std::vector<Token>{1, 2}).n_tokens, 2u);
  EXPECT_EQ(cache.find_partial(salt_key(""), std::vector<Token>{}).page, kNoPage);
}

TEST_F(PrefixCacheTest, EvictionForgets) {
  std::vector<PageId> forgotten;
  cache.on_forget = [&](PageId p) { forgotten.push_back(p); };
  const PageId first = page();
  cache.insert(first, salt_key(""), tokens_of(1));
  pool.release(first, true);
  for (int i = 0; i < 15; ++i) page();
  EXPECT_TRUE(cache.contains(first));
  EXPECT_EQ(page(), first);
  EXPECT_FALSE(cache.contains(first));
  EXPECT_EQ(forgotten, std::vector<PageId>{first});
  EXPECT_EQ(cache.n_evicted(), 1u);
}

TEST_F(PrefixCacheTest, TrimLetsTheOldestGo) {
  for (Token i = 0; i < 5; ++i) {
    const PageId p = page();
    cache.insert(p, salt_key(""), tokens_of(100 * i));
    pool.release(p, true);
  }
  cache.trim(2);
  EXPECT_EQ(pool.n_retained(), 2u);
  EXPECT_EQ(cache.find(salt_key(""), tokens_of(200)).page, kNoPage);
  EXPECT_NE(cache.find(salt_key(""), tokens_of(300)).page, kNoPage);
}

// Against a map, with few distinct tokens so that chains and buckets collide.
TEST_F(PrefixCacheTest, AgreesWithAMap) {
  std::mt19937 random(3);
  std::map<std::pair<ChainKey, std::vector<Token>>, PageId> model;
  std::vector<ChainKey> keys{salt_key("")};
  std::vector<PageId> pages;
  for (int i = 0; i < 16; ++i) pages.push_back(page());
  for (int round = 0; round < 20'000; ++round) {
    const PageId p = pages[random() % pages.size()];
    const ChainKey parent = keys[random() % keys.size()];
    const std::vector<Token> tokens = tokens_of(static_cast<Token>(random() % 3));
    if (cache.contains(p)) {
      cache.forget(p);
      std::erase_if(model, [p](const auto& entry) { return entry.second == p; });
    } else {
      keys.push_back(cache.insert(p, parent, tokens));
      model.emplace(std::pair(parent, tokens), p);
      if (keys.size() > 12) keys.erase(keys.begin() + 1);
    }
    const auto want = model.find({parent, tokens});
    ASSERT_EQ(cache.find(parent, tokens).page, want == model.end() ? kNoPage : want->second);
    ASSERT_EQ(cache.n_listed(), model.size());
  }
}

TEST(StateCheckpoints, TheLeastRecentlyUsedGoes) {
  StateCheckpoints states(10, 2, 16);
  EXPECT_EQ(states.find(3), kNoPage);
  const PageId a = states.take(3), b = states.take(4);
  EXPECT_NE(a, b);
  EXPECT_EQ(states.find(3), a);
  EXPECT_EQ(states.look(4), b) << "which is no use of it";
  EXPECT_EQ(states.take(5), b);
  EXPECT_EQ(states.find(4), kNoPage);
  EXPECT_EQ(states.look(4), kNoPage);
  EXPECT_EQ(states.size(), 2u);
  states.drop(3);
  EXPECT_EQ(states.find(3), kNoPage);
  EXPECT_EQ(states.take(6), a);
  EXPECT_FALSE(StateCheckpoints(0, 0, 16).enabled());
  EXPECT_EQ(StateCheckpoints(0, 0, 16).look(3), kNoPage);
}

}  // namespace
}  // namespace quern::kv
