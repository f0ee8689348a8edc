#include "kv/elastic_pages.hpp"

#include <cstring>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kv {
namespace {

// Pages of 256 KiB: an extent is 64 of them.
constexpr KvConfig kConfig{.n_layers = 4,
                           .n_kv_heads = 4,
                           .d_head_k = 64,
                           .d_head_v = 64,
                           .page_tokens = 32,
                           .n_pages = 300,
                           .type = kernels::KvType::f32};
constexpr std::uint32_t kFloor = 10;
constexpr std::uint64_t kMiB = 1 << 20;

kernels::Topology machine() {
  kernels::TopologySource source;
  source.synthetic = "core:2 pu:1";
  return kernels::read_topology(source).value();
}

struct Parts {
  explicit Parts(std::uint64_t budget) : ledger(budget) {
    arena = PageArena::create(kConfig, machine(), ledger, kFloor).value();
    pages.emplace(pool, *arena);
    pages->on_short = [this](std::uint64_t bytes) { short_of.push_back(bytes); };
  }
  std::uint64_t used_pages() const { return ledger.used(MemoryUse::kv_pages) / kConfig.page_bytes(); }
  std::vector<PageId> take(std::uint32_t n) {
    EXPECT_TRUE(pool.reserve(n));
    std::vector<PageId> out;
    for (std::uint32_t i = 0; i < n; ++i) out.push_back(pool.allocate());
    return out;
  }

  ByteLedger ledger;
  PagePool pool{kConfig.n_pages};
  std::unique_ptr<PageArena> arena;
  std::optional<ElasticPages> pages;
  std::vector<std::uint64_t> short_of;
};

TEST(ElasticPages, OnlyTheFloorHasMemoryAtFirst) {
  static_assert(kConfig.page_bytes() == kMiB / 4);
  Parts p(400 * kMiB);
  EXPECT_TRUE(p.pages->elastic());
  EXPECT_EQ(p.used_pages(), kFloor);
  EXPECT_EQ(p.pool.n_available(), kFloor);
  p.pages->grow_to_promise(kFloor, true);
  EXPECT_EQ(p.used_pages(), kFloor) << "it has what is needed";
}

TEST(ElasticPages, ComeInExtentsAndGoBackToTheFloor) {
  Parts p(400 * kMiB);
  p.pages->grow_to_promise(11, true);
  EXPECT_EQ(p.used_pages(), kFloor + 64);
  EXPECT_EQ(p.pool.n_available(), kFloor + 64);
  p.pages->grow_to_promise(200, true);
  EXPECT_EQ(p.used_pages(), 200);
  p.pages->grow_to_promise(1'000, true);
  EXPECT_EQ(p.used_pages(), 300) << "all there are";
  const std::vector<PageId> taken = p.take(100);
  p.pages->ask_back(1'000 * kMiB);
  EXPECT_EQ(p.used_pages(), 300) << "before the engine has looked";
  p.pages->shrink_as_asked();
  EXPECT_EQ(p.used_pages(), 100) << "those in use stay";
  for (const PageId page : taken) p.pool.release(page);
  p.pages->shrink_as_asked();
  EXPECT_EQ(p.used_pages(), 100) << "it was asked once";
  p.pages->ask_back(1);
  p.pages->shrink_as_asked();
  EXPECT_EQ(p.used_pages(), 99);
  p.pages->ask_back(1'000 * kMiB);
  p.pages->shrink_as_asked();
  EXPECT_EQ(p.used_pages(), kFloor);
  EXPECT_TRUE(p.short_of.empty());
}

TEST(ElasticPages, KeptPagesStayWhereMemoryIsPlentyAndGoWhereItIsNot) {
  Parts p(64 * kMiB);  // 256 pages: 192 to spare kept ones, 240 where they are needed
  p.pages->grow_to_promise(64, true);
  for (const PageId page : p.take(74)) p.pool.release(page, true);
  EXPECT_EQ(p.pool.n_retained(), 74u);
  p.pages->grow_to_promise(20, false);
  EXPECT_EQ(p.used_pages(), 74u + 64) << "instead of taking kept ones";
  for (const PageId page : p.take(64)) p.pool.release(page, true);
  p.pages->grow_to_promise(100, false);
  EXPECT_EQ(p.used_pages(), 138u) << "100 more are too many for that";
  p.pages->grow_to_promise(100, true);
  EXPECT_EQ(p.used_pages(), 138u) << "kept ones can go";
  p.pages->grow_to_promise(200, true);
  EXPECT_EQ(p.used_pages(), 202u);
  EXPECT_TRUE(p.short_of.empty());
}

TEST(ElasticPages, WhatCannotBeHadIsSaid) {
  Parts p(64 * kMiB);
  p.pages->grow_to_promise(250, true);  // of the budget's 256, a sixteenth is not for pages
  EXPECT_EQ(p.used_pages(), kFloor);
  EXPECT_EQ(p.short_of, std::vector<std::uint64_t>{240 * kMiB / 4});
  p.pages->grow_to_promise(250, false);
  EXPECT_EQ(p.short_of.size(), 1u) << "nobody waits for them";
  p.pages->grow_to_promise(240, true);
  EXPECT_EQ(p.used_pages(), 240u);
}

TEST(ElasticPages, GivenBackMemoryIsZeroAndTheRestIsAsItWas) {
  Parts p(400 * kMiB);
  p.pages->grow_to_promise(60, true);
  const std::vector<PageId> taken = p.take(60);
  for (const PageId page : taken) std::memset(p.arena->k_base(0, 0) + page * p.arena->page_stride(), 7, 100);
  for (std::size_t i = 0; i < taken.size(); i += 2) p.pool.release(taken[i]);
  p.pages->ask_back(1'000 * kMiB);
  p.pages->shrink_as_asked();
  EXPECT_EQ(p.used_pages(), 30u);
  for (std::size_t i = 0; i < taken.size(); ++i) {
    const std::byte* const page = p.arena->k_base(0, 0) + taken[i] * p.arena->page_stride();
    EXPECT_EQ(page[50], std::byte(i % 2 == 0 ? 0 : 7)) << i;
  }
}

TEST(ElasticPages, AnArenaThatIsWhollyBackedStaysSo) {
  ByteLedger ledger(400 * kMiB);
  const auto arena = PageArena::create(kConfig, machine(), ledger).value();
  PagePool pool(kConfig.n_pages);
  ElasticPages pages(pool, *arena);
  EXPECT_FALSE(pages.elastic());
  EXPECT_EQ(pool.n_available(), 300u);
  pages.ask_back(1'000 * kMiB);
  pages.shrink_as_asked();
  EXPECT_EQ(pool.n_available(), 300u);
}

}  // namespace
}  // namespace quern::kv
