#include "kv/page_table.hpp"

#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kv {
namespace {

constexpr std::uint32_t kPageTokens = 8;

std::vector<PageId> pages_of(const PageTable& table) {
  return {table.pages().begin(), table.pages().end()};
}

TEST(PageTable, GrowsByWholePages) {
  PagePool pool(10);
  PageTable table(kPageTokens, 4);
  ASSERT_TRUE(pool.reserve(4));
  EXPECT_EQ(table.ensure(0, pool), 0u);
  EXPECT_EQ(table.pages_missing(1), 1u);
  EXPECT_EQ(table.ensure(1, pool), 1u);
  EXPECT_EQ(table.ensure(8, pool), 0u);
  EXPECT_EQ(table.ensure(9, pool), 1u);
  EXPECT_EQ(table.ensure(5, pool), 0u);  // never shrinks
  EXPECT_EQ(table.ensure(32, pool), 2u);
  EXPECT_EQ(table.capacity_tokens(), 32u);
  EXPECT_EQ(pool.n_reserved(), 0u);
  table.release(pool);
  EXPECT_EQ(table.capacity_tokens(), 0u);
  EXPECT_EQ(pool.n_free(), 10u);
}

TEST(PageTable, SlotIsPageTimesTokensPlusOffset) {
  PagePool pool(10);
  ASSERT_TRUE(pool.reserve(5));
  const PageId taken = pool.allocate();  // so that page ids and indexes differ
  PageTable table(kPageTokens, 4);
  table.ensure(30, pool);
  for (std::uint32_t position = 0; position < 32; ++position) {
    EXPECT_EQ(table.slot(position), table.pages()[position / 8] * 8 + position % 8);
  }
  table.release(pool);
  pool.release(taken);
}

TEST(PageTable, AdoptedPagesAreSharedAndComeFirst) {
  PagePool pool(6);
  ASSERT_TRUE(pool.reserve(4));
  PageTable first(kPageTokens, 4), second(kPageTokens, 4);
  first.ensure(16, pool);
  const std::vector<PageId> shared = pages_of(first);
  for (const PageId page : shared) second.adopt(page, pool);
  EXPECT_EQ(second.ensure(17, pool), 1u);
  EXPECT_EQ(pool.ref_count(shared[0]), 2u);
  first.release(pool);
  EXPECT_EQ(pool.ref_count(shared[0]), 1u);
  EXPECT_EQ(second.slot(3), shared[0] * 8 + 3);
  second.release(pool);
  EXPECT_EQ(pool.n_free(), 6u);
}

TEST(PageTable, KeptPagesAreEvictedFromTheEnd) {
  PagePool pool(3);
  std::vector<PageId> evicted;
  pool.on_evict = [&](PageId page) { evicted.push_back(page); };
  ASSERT_TRUE(pool.reserve(3));
  PageTable table(kPageTokens, 3);
  table.ensure(24, pool);
  const std::vector<PageId> pages = pages_of(table);
  table.release(pool, /*keep=*/true);
  EXPECT_EQ(pool.n_retained(), 3u);
  ASSERT_TRUE(pool.reserve(3));
  table.ensure(24, pool);
  EXPECT_EQ(evicted, (std::vector<PageId>{pages[2], pages[1], pages[0]}));
  table.release(pool);
}

TEST(PageTable, KeepsOnlyTheFullPages) {
  PagePool pool(3);
  ASSERT_TRUE(pool.reserve(3));
  PageTable table(kPageTokens, 3);
  table.ensure(20, pool);
  const std::vector<PageId> pages = pages_of(table);
  const std::vector<PageId> before(table.pages().begin(), table.pages().end());
  table.release_if(pool, [&](PageId page) { return page == before[0] || page == before[1]; });
  EXPECT_TRUE(pool.retained(pages[0]));
  EXPECT_TRUE(pool.retained(pages[1]));
  EXPECT_FALSE(pool.retained(pages[2]));
  EXPECT_EQ(pool.n_free(), 1u);
}

TEST(PageTable, MoveTakesThePagesAlong) {
  PagePool pool(2);
  ASSERT_TRUE(pool.reserve(2));
  PageTable a(kPageTokens, 2);
  a.ensure(16, pool);
  PageTable b = std::move(a);
  EXPECT_TRUE(a.pages().empty());  // NOLINT(bugprone-use-after-move): the state after a move is what is tested
  EXPECT_EQ(b.pages().size(), 2u);
  PageTable c(kPageTokens, 2);
  c = std::move(b);
  EXPECT_EQ(c.pages().size(), 2u);
  c.release(pool);
}

TEST(PageTableDeathTest, MisuseIsNotSilent) {
  PagePool pool(4);
  ASSERT_TRUE(pool.reserve(4));
  EXPECT_DEATH(PageTable(12, 4), "internal error");  // not a power of two
  EXPECT_DEATH(
      {
        PageTable table(kPageTokens, 4);
        table.ensure(8, pool);
        table.slot(8);
      },
      "internal error");
  EXPECT_DEATH(
      {
        PageTable leaking(kPageTokens, 4);
        leaking.ensure(1, pool);
      },
      "internal error");
}

}  // namespace
}  // namespace quern::kv
