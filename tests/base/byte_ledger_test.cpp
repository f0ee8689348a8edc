#include "base/byte_ledger.hpp"

#include <atomic>
#include <thread>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(ByteLedger, CountsPerUseAndGivesBack) {
  ByteLedger ledger(1000);
  {
    const auto weights = ledger.reserve(MemoryUse::weights, 600).value();
    const auto pages = ledger.reserve(MemoryUse::kv_pages, 400).value();
    EXPECT_EQ(weights.bytes(), 600u);
    EXPECT_EQ(ledger.used(), 1000u);
    EXPECT_EQ(ledger.used(MemoryUse::weights), 600u);
    EXPECT_EQ(ledger.used(MemoryUse::kv_pages), 400u);
    EXPECT_EQ(ledger.used(MemoryUse::buffers), 0u);
  }
  EXPECT_EQ(ledger.used(), 0u);
  EXPECT_EQ(ledger.used(MemoryUse::weights), 0u);
}

TEST(ByteLedger, RefusalNamesTheUseAndTheNumbers) {
  ByteLedger ledger(1000);
  const auto held = ledger.reserve(MemoryUse::weights, 700).value();
  const Result<ByteLedger::Reservation> refused = ledger.reserve(MemoryUse::kv_pages, 301);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::overloaded);
  EXPECT_EQ(refused.error().detail, "memory budget: kv_pages wants 301 bytes, 300 of 1000 are left");
  EXPECT_EQ(ledger.used(), 700u);
  EXPECT_TRUE(ledger.reserve(MemoryUse::kv_pages, 300));  // exactly the rest fits
}

TEST(ByteLedger, HugeRequestsDoNotWrapAround) {
  ByteLedger ledger(1000);
  const auto held = ledger.reserve(MemoryUse::buffers, 10).value();
  EXPECT_FALSE(ledger.reserve(MemoryUse::buffers, UINT64_MAX));
  EXPECT_FALSE(ledger.reserve(MemoryUse::buffers, UINT64_MAX - 9));
  EXPECT_EQ(ledger.used(), 10u);
}

TEST(ByteLedger, MovedReservationIsGivenBackOnce) {
  ByteLedger ledger(100);
  auto a = ledger.reserve(MemoryUse::buffers, 30).value();
  ByteLedger::Reservation b = std::move(a);
  EXPECT_EQ(b.bytes(), 30u);
  EXPECT_EQ(a.bytes(), 0u);  // NOLINT(bugprone-use-after-move): the state after a move is what is tested
  a.release();
  EXPECT_EQ(ledger.used(), 30u);
  b = ledger.reserve(MemoryUse::connections, 20).value();  // the old one is given back
  EXPECT_EQ(ledger.used(), 20u);
  EXPECT_EQ(ledger.used(MemoryUse::buffers), 0u);
  b.release();
  b.release();
  EXPECT_EQ(ledger.used(), 0u);
}

TEST(ByteLedger, ReservationGrowsWhileThereIsRoom) {
  ByteLedger ledger(100);
  {
    auto held = ledger.reserve(MemoryUse::connections, 30).value();
    EXPECT_TRUE(held.grow_to(70));
    EXPECT_TRUE(held.grow_to(10)) << "nothing to do";
    EXPECT_EQ(held.bytes(), 70u);
    EXPECT_EQ(ledger.used(MemoryUse::connections), 70u);
    EXPECT_FALSE(held.grow_to(101));
    EXPECT_EQ(ledger.used(), 70u);
    EXPECT_TRUE(held.grow_to(100));
  }
  EXPECT_EQ(ledger.used(), 0u);
  EXPECT_EQ(ledger.used(MemoryUse::connections), 0u);
}

TEST(ByteLedger, ReservationFollowsWhatItHolds) {
  ByteLedger ledger(100);
  auto held = ledger.reserve(MemoryUse::requests, 0).value();
  EXPECT_TRUE(held.resize(60));
  EXPECT_TRUE(held.resize(20));
  EXPECT_EQ(ledger.used(MemoryUse::requests), 20u);
  EXPECT_FALSE(held.resize(101));
  EXPECT_EQ(held.bytes(), 20u);
  held.force(150);
  EXPECT_EQ(ledger.used(), 150u);
  EXPECT_FALSE(ledger.reserve(MemoryUse::buffers, 1)) << "what is there already counts against what comes";
  held.force(10);
  EXPECT_EQ(ledger.used(MemoryUse::requests), 10u);
  EXPECT_TRUE(ledger.reserve(MemoryUse::buffers, 90));
  held.release();
  EXPECT_EQ(ledger.used(), 0u);
}

TEST(ByteLedger, ThreadsNeverExceedTheBudgetTogether) {
  constexpr std::uint64_t kBudget = 100;
  ByteLedger ledger(kBudget);
  std::atomic<std::uint64_t> held{0}, granted{0};
  std::atomic<bool> exceeded{false};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t t = 0; t < 4; ++t) {
      threads.emplace_back([&, t] {
        for (std::uint64_t i = 0; i < 5000; ++i) {
          const std::uint64_t bytes = 1 + (i * 7 + t * 13) % 60;
          auto reservation = ledger.reserve(static_cast<MemoryUse>(i % kMemoryUses), bytes);
          if (!reservation) continue;
          granted.fetch_add(1);
          if (held.fetch_add(bytes) + bytes > kBudget) exceeded = true;
          held.fetch_sub(bytes);
        }
      });
    }
  }
  EXPECT_FALSE(exceeded);
  EXPECT_GT(granted, 0u);
  EXPECT_EQ(ledger.used(), 0u);
  for (std::size_t use = 0; use < kMemoryUses; ++use) EXPECT_EQ(ledger.used(static_cast<MemoryUse>(use)), 0u);
}

TEST(ByteLedger, EveryUseHasAName) {
  for (std::size_t use = 0; use < kMemoryUses; ++use) {
    EXPECT_STRNE(memory_use_name(static_cast<MemoryUse>(use)), "unknown");
  }
}

}  // namespace
}  // namespace quern
