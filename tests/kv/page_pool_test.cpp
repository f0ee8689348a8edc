#include "kv/page_pool.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kv {
namespace {

TEST(PagePool, HandsOutEveryPageOnce) {
  PagePool pool(4);
  ASSERT_TRUE(pool.reserve(4));
  EXPECT_FALSE(pool.reserve(1));
  std::vector<bool> seen(4, false);
  for (int i = 0; i < 4; ++i) {
    const PageId page = pool.allocate();
    ASSERT_LT(page, 4u);
    EXPECT_FALSE(seen[page]);
    seen[page] = true;
    EXPECT_EQ(pool.ref_count(page), 1u);
  }
  EXPECT_EQ(pool.n_free(), 0u);
  EXPECT_EQ(pool.n_referenced(), 4u);
  EXPECT_EQ(pool.n_reserved(), 0u);
}

TEST(PagePool, ReservationIsAllOrNothing) {
  PagePool pool(3);
  EXPECT_FALSE(pool.reserve(4));
  EXPECT_EQ(pool.n_reserved(), 0u);
  EXPECT_TRUE(pool.reserve(2));
  EXPECT_FALSE(pool.reserve(2));
  EXPECT_EQ(pool.n_available(), 1u);
  pool.unreserve(2);
  EXPECT_TRUE(pool.reserve(3));
  EXPECT_TRUE(pool.reserve(0));
}

TEST(PagePool, SharedPageLivesUntilItsLastReference) {
  PagePool pool(1);
  std::vector<PageId> freed;
  pool.on_free = [&](PageId page) { freed.push_back(page); };
  ASSERT_TRUE(pool.reserve(1));
  const PageId page = pool.allocate();
  pool.add_ref(page);
  pool.release(page);
  EXPECT_EQ(pool.ref_count(page), 1u);
  EXPECT_TRUE(freed.empty());
  pool.release(page);
  EXPECT_EQ(freed, std::vector<PageId>{page});
  EXPECT_EQ(pool.n_free(), 1u);
}

TEST(PagePool, KeepOfAnotherOwnerDoesNotMatter) {
  PagePool pool(1);
  ASSERT_TRUE(pool.reserve(1));
  const PageId page = pool.allocate();
  pool.add_ref(page);
  pool.release(page, /*keep=*/true);  // not the last: the last one decides
  pool.release(page, /*keep=*/false);
  EXPECT_FALSE(pool.retained(page));
  EXPECT_EQ(pool.n_free(), 1u);
}

TEST(PagePool, RetainedPagesAreEvictedOldestFirstAndOnlyWhenNothingIsFree) {
  PagePool pool(3);
  std::vector<PageId> evicted;
  pool.on_evict = [&](PageId page) {
    evicted.push_back(page);
    EXPECT_EQ(pool.ref_count(page), 1u);
    EXPECT_FALSE(pool.retained(page));
  };
  ASSERT_TRUE(pool.reserve(3));
  const PageId a = pool.allocate(), b = pool.allocate(), c = pool.allocate();
  pool.release(b, true);
  pool.release(a, true);
  pool.release(c);
  EXPECT_EQ(pool.n_retained(), 2u);
  ASSERT_TRUE(pool.reserve(3));
  EXPECT_EQ(pool.allocate(), c);
  EXPECT_TRUE(evicted.empty());
  EXPECT_EQ(pool.allocate(), b);
  EXPECT_EQ(pool.allocate(), a);
  EXPECT_EQ(evicted, (std::vector<PageId>{b, a}));
}

TEST(PagePool, RevivedPageBecomesTheMostRecentlyUsed) {
  PagePool pool(2);
  ASSERT_TRUE(pool.reserve(2));
  const PageId a = pool.allocate(), b = pool.allocate();
  pool.release(a, true);
  pool.release(b, true);
  pool.add_ref(a);
  EXPECT_FALSE(pool.retained(a));
  EXPECT_EQ(pool.ref_count(a), 1u);
  pool.release(a, true);
  ASSERT_TRUE(pool.reserve(1));
  EXPECT_EQ(pool.allocate(), b);
}

TEST(PagePool, EvictionMayDiscardPagesThatBecameUseless) {
  PagePool pool(3);
  ASSERT_TRUE(pool.reserve(3));
  const PageId root = pool.allocate(), child = pool.allocate(), grandchild = pool.allocate();
  for (const PageId page : {root, child, grandchild}) pool.release(page, true);
  pool.on_evict = [&](PageId page) {
    EXPECT_EQ(page, root);  // without it, the pages that continue it cannot be found
    pool.discard(child);
    pool.discard(grandchild);
  };
  ASSERT_TRUE(pool.reserve(1));
  EXPECT_EQ(pool.allocate(), root);
  EXPECT_EQ(pool.n_retained(), 0u);
  EXPECT_EQ(pool.n_free(), 2u);
}

TEST(PagePool, EmptyPoolPromisesNothing) {
  PagePool pool(0);
  EXPECT_FALSE(pool.reserve(1));
  EXPECT_TRUE(pool.reserve(0));
}

TEST(PagePool, OtherThreadsMayReadTheCounters) {
  PagePool pool(8);
  std::atomic<bool> stop{false};
  std::jthread reader([&] {
    while (!stop) {
      ASSERT_LE(pool.n_free(), 8u);
      ASSERT_LE(pool.n_retained(), 8u);
      ASSERT_LE(pool.n_referenced(), 8u);
      ASSERT_LE(pool.n_reserved(), 8u);
    }
  });
  for (int i = 0; i < 5000; ++i) {
    ASSERT_TRUE(pool.reserve(1));
    pool.release(pool.allocate(), i % 2 == 0);
  }
  stop = true;
}

// ---- misuse is a bug of ours and must not go on

TEST(PagePoolDeathTest, AllocateWithoutReservation) {
  PagePool pool(1);
  EXPECT_DEATH(pool.allocate(), "internal error");
}

TEST(PagePoolDeathTest, ReleaseOfAPageNobodyOwns) {
  PagePool pool(2);
  EXPECT_DEATH(pool.release(0), "internal error");
  EXPECT_DEATH(pool.release(2), "internal error");
  EXPECT_DEATH(pool.release(kNoPage), "internal error");
}

TEST(PagePoolDeathTest, DoubleRelease) {
  PagePool pool(1);
  ASSERT_TRUE(pool.reserve(1));
  const PageId page = pool.allocate();
  pool.release(page, true);
  EXPECT_DEATH(pool.release(page), "internal error");
}

TEST(PagePoolDeathTest, ReferenceToAFreePage) {
  PagePool pool(1);
  EXPECT_DEATH(pool.add_ref(0), "internal error");
  EXPECT_DEATH(pool.discard(0), "internal error");
}

TEST(PagePoolDeathTest, RevivalThatBreaksAPromise) {
  PagePool pool(1);
  ASSERT_TRUE(pool.reserve(1));
  const PageId page = pool.allocate();
  pool.release(page, true);
  ASSERT_TRUE(pool.reserve(1));  // counts on the retained page
  EXPECT_DEATH(pool.add_ref(page), "internal error");
  pool.unreserve(1);
  pool.add_ref(page);
  EXPECT_EQ(pool.ref_count(page), 1u);
}

TEST(PagePoolDeathTest, GivingBackMoreThanWasPromised) {
  PagePool pool(2);
  ASSERT_TRUE(pool.reserve(1));
  EXPECT_DEATH(pool.unreserve(2), "internal error");
}

}  // namespace
}  // namespace quern::kv
