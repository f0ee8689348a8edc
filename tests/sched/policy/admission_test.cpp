#include "sched/policy/admission.hpp"

#include <algorithm>
#include <deque>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched::policy {
namespace {

constexpr std::uint32_t kPages = 20;

class Admission : public testing::Test {
 protected:
  // A sequence with n own pages, and those that it shares.
  Holder& run(std::int32_t priority, std::uint32_t tenant, std::uint32_t n_pages, std::vector<kv::PageId> shared = {}) {
    std::vector<kv::PageId>& pages = pages_.emplace_back(std::move(shared));
    for (const kv::PageId page : pages) pool.add_ref(page);
    EXPECT_TRUE(pool.reserve(n_pages));
    for (std::uint32_t i = 0; i < n_pages; ++i) pages.push_back(pool.allocate());
    running.push_back({.urgency = {.priority = priority, .tenant = tenant, .id = running.size() + 1}, .pages = pages});
    for (Holder& holder : running) {
      holder.tenant_running = static_cast<std::uint32_t>(std::ranges::count_if(
          running, [&](const Holder& other) { return other.urgency.tenant == holder.urgency.tenant; }));
    }
    return running.back();
  }
  std::optional<std::vector<std::uint32_t>> plan(Demand head, bool may_preempt = true) {
    head.urgency.id = 1000;
    const auto found = policy.plan(head, running, pool, may_preempt);
    if (!found) return std::nullopt;
    return std::vector<std::uint32_t>(found->begin(), found->end());
  }
  using Victims = std::vector<std::uint32_t>;

  kv::PagePool pool{kPages};
  AdmissionPolicy policy{4, kPages};
  std::vector<Holder> running;
  std::deque<std::vector<kv::PageId>> pages_;
};

TEST_F(Admission, NobodyLeavesWhereThereIsRoom) {
  run(0, 0, 5);
  EXPECT_EQ(plan({.n_new = 15}), Victims{});
  EXPECT_EQ(plan({.n_new = 16}), std::nullopt) << "nobody is less urgent";
}

TEST_F(Admission, NobodyIsPreemptedInVain) {
  run(0, 0, 5);
  run(0, 0, 5);
  run(9, 0, 10);
  EXPECT_EQ(plan({.urgency = {.priority = 5}, .n_new = 10}), (Victims{1, 0}));
  EXPECT_EQ(plan({.urgency = {.priority = 5}, .n_new = 11}), std::nullopt);
  EXPECT_EQ(plan({.urgency = {.priority = 5}, .n_new = 10}, false), std::nullopt);
}

TEST_F(Admission, NoMoreLeaveThanItTakes) {
  run(0, 0, 12);
  run(0, 0, 2);
  run(0, 0, 6);
  // The youngest come first; with the oldest gone the others are not needed.
  EXPECT_EQ(plan({.urgency = {.priority = 5}, .n_new = 6}), (Victims{2}));
  EXPECT_EQ(plan({.urgency = {.priority = 5}, .n_new = 12}), (Victims{0}));
}

TEST_F(Admission, PlacesAreFew) {
  for (int i = 0; i < 4; ++i) run(i, 0, 1);
  EXPECT_EQ(plan({.urgency = {.priority = 1}, .n_new = 1}), (Victims{0}));
  EXPECT_EQ(plan({.urgency = {.priority = 0}, .n_new = 1}), std::nullopt);
}

TEST_F(Admission, AReaderThatDoesNotReadLeavesFirstAndForAnybody) {
  run(0, 0, 1);
  run(7, 0, 1).parked = true;
  run(0, 0, 1);
  run(0, 0, 1);
  EXPECT_EQ(plan({.urgency = {.priority = -3}, .n_new = 1}), (Victims{1}));
  EXPECT_EQ(plan({.urgency = {.priority = 3}, .n_new = 1}), (Victims{1}));
}

TEST_F(Admission, SharedPagesComeBackWithTheLastWhoHoldsThem) {
  run(0, 0, 10);
  const std::vector<kv::PageId> shared(pages_.front().begin(), pages_.front().begin() + 8);
  run(0, 0, 2, shared);
  // 8 are free. Without the second: 10; without both: 20.
  EXPECT_EQ(plan({.urgency = {.priority = 1}, .n_new = 10}), (Victims{1}));
  EXPECT_EQ(plan({.urgency = {.priority = 1}, .n_new = 11}), (Victims{1, 0}));
  EXPECT_EQ(plan({.urgency = {.priority = 1}, .n_new = 20}), (Victims{1, 0}));
  EXPECT_EQ(plan({.urgency = {.priority = 1}, .n_new = 12, .found = shared}), (Victims{1, 0}));
  EXPECT_EQ(plan({.urgency = {.priority = 1}, .n_new = 13, .found = shared}), std::nullopt)
      << "what the head found stays taken";
}

TEST_F(Admission, TenantsWithMoreThanTheirShareMakeRoom) {
  for (int i = 0; i < 3; ++i) run(0, 0, 1);
  run(0, 1, 1);
  const Urgency light{.tenant = 2, .served = 0};
  for (Holder& holder : running) holder.urgency.served = 100;
  EXPECT_EQ(plan({.urgency = light, .n_new = 1}), (Victims{2}));
  EXPECT_EQ(plan({.urgency = light, .tenant_running = 2, .n_new = 1}), std::nullopt) << "it has as many";
  running[2].kept = true;
  EXPECT_EQ(plan({.urgency = light, .n_new = 1}), (Victims{1})) << "by age it was the other's turn";
  // The flooder's share shrinks with each that leaves: of 3 only 2 may.
  EXPECT_EQ(plan({.urgency = light, .n_new = 18}), (Victims{1, 0}));
  running[2].kept = false;
  EXPECT_EQ(plan({.urgency = light, .n_new = 19}), std::nullopt);
}

// Against carrying the plan out: random sequences that share pages, random demands.
TEST(AdmissionPlans, FitWhenTheyAreCarriedOut) {
  std::mt19937 random(4);
  int n_planned = 0;
  for (int round = 0; round < 500; ++round) {
    kv::PagePool pool(40);
    AdmissionPolicy policy(6, 40);
    std::vector<std::vector<kv::PageId>> pages(1 + random() % 6);
    std::vector<Holder> running;
    for (std::size_t i = 0; i < pages.size(); ++i) {
      if (i > 0 && random() % 2 == 0) {
        pages[i].assign(pages[i - 1].begin(),
                        pages[i - 1].begin() + static_cast<std::ptrdiff_t>(pages[i - 1].size() / 2));
      }
      for (const kv::PageId page : pages[i]) pool.add_ref(page);
      const auto n_own = static_cast<std::uint32_t>(random() % 6),
                 n_reserved = static_cast<std::uint32_t>(random() % 3);
      if (!pool.reserve(n_own + n_reserved)) continue;
      for (std::uint32_t k = 0; k < n_own; ++k) pages[i].push_back(pool.allocate());
      running.push_back({.urgency = {.priority = static_cast<std::int32_t>(random() % 3), .id = i + 1},
                         .parked = random() % 5 == 0,
                         .n_reserved = n_reserved,
                         .pages = pages[i]});
    }
    const Demand head{.urgency = {.priority = 2, .id = 100},
                      .n_new = static_cast<std::uint32_t>(random() % 30),
                      .found = std::span(pages[0]).first(pages[0].size() / 2)};
    const auto victims = policy.plan(head, running, pool, true);
    if (!victims) continue;
    ++n_planned;
    for (const std::uint32_t index : *victims) {
      for (const kv::PageId page : running[index].pages) pool.release(page, true);
      pool.unreserve(running[index].n_reserved);
    }
    const auto n_revived = static_cast<std::uint32_t>(
        std::ranges::count_if(head.found, [&](kv::PageId page) { return pool.retained(page); }));
    EXPECT_TRUE(pool.reserve(head.n_new + n_revived)) << "round " << round;
  }
  EXPECT_GT(n_planned, 200);
}

}  // namespace
}  // namespace quern::sched::policy
