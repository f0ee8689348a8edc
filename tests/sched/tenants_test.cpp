#include "sched/tenants.hpp"

#include "sched/waiting_line.hpp"
#include "tests/sched/engine_harness.hpp"

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

TEST(Tenants, AreThereWhileTheyHaveRequests) {
  Tenants tenants({});
  Tenant& a = tenants.enter("a");
  EXPECT_EQ(&tenants.enter("a"), &a);
  Tenant& b = tenants.enter("b");
  EXPECT_NE(a.index, b.index);
  EXPECT_EQ(tenants.size(), 2u);
  tenants.leave(a);
  EXPECT_EQ(tenants.size(), 2u);
  const std::uint32_t index = a.index;
  tenants.leave(a);
  EXPECT_EQ(tenants.size(), 1u);
  EXPECT_EQ(tenants.enter("c").index, index) << "numbers are used again";
}

TEST(Tenants, WhoComesStartsAtTheLevelOfTheLeastServed) {
  Tenants tenants({});
  Tenant& a = tenants.enter("a");
  tenants.enter("b").charge(400);
  a.charge(1000);
  EXPECT_EQ(tenants.enter("c").served, 400);
}

TEST(Tenants, WhatWasPaidForAndNotReceivedIsNoLevelForOthers) {
  Tenants tenants({});
  Tenant& flood = tenants.enter("flood");
  flood.charge(4000);
  flood.ahead = 3900;
  EXPECT_EQ(tenants.enter("light").served, 100);
}

TEST(Tenants, WeightsCountTokensForLess) {
  Tenants tenants({{"big", 4.0}});
  Tenant& big = tenants.enter("big");
  big.charge(100);
  EXPECT_EQ(big.served, 25);
}

TEST(Tenants, AWeightOfItsOwnCountsFromWhenItHasNoRequestHere) {
  Tenants tenants({{"a", 2.0}});
  Tenant& a = tenants.enter("a", 8.0);
  EXPECT_EQ(a.weight, 8.0);
  tenants.enter("a", 4.0);
  EXPECT_EQ(a.weight, 8.0) << "what was charged by it is refunded by it";
  tenants.leave(a);
  tenants.leave(a);
  EXPECT_EQ(tenants.enter("a", 4.0).weight, 4.0);
  EXPECT_EQ(tenants.enter("b").weight, 1.0);
}

TEST(Tenants, WhoDoesNotReadIsNoMeasureForOthers) {
  Tenants tenants({});
  Tenant& slow = tenants.enter("slow");
  slow.charge(10);
  tenants.enter("busy").charge(500);
  tenants.set_stuck(slow, true);
  EXPECT_EQ(tenants.enter("new").served, 510);
  tenants.set_stuck(slow, false);
  EXPECT_EQ(slow.served, 510) << "nor has it saved anything up";
  tenants.set_stuck(slow, true);
  slow.served = 20;
  tenants.enter("slow");
  EXPECT_EQ(slow.served, 510) << "one more request of it";
}

TEST(Tenants, LeavingPaysNoDebt) {
  Tenants tenants({});
  tenants.enter("other");
  Tenant& heavy = tenants.enter("heavy");
  heavy.charge(1000);
  tenants.leave(heavy);
  EXPECT_EQ(tenants.size(), 1u);
  EXPECT_EQ(tenants.enter("heavy").served, 1000);
}

TEST(Tenants, AnEmptyServerForgetsAllDebts) {
  Tenants tenants({});
  Tenant& heavy = tenants.enter("heavy");
  heavy.charge(1000);
  tenants.leave(heavy);
  EXPECT_EQ(tenants.enter("heavy").served, 0);
}

TEST(Tenants, RemembersTheLastThatLeft) {
  Tenants tenants({});
  tenants.enter("stays");
  for (std::size_t i = 0; i <= Tenants::kMaxDeparted; ++i) {
    Tenant& tenant = tenants.enter(std::to_string(i));
    tenant.charge(7);
    tenants.leave(tenant);
  }
  EXPECT_EQ(tenants.enter("0").served, 0) << "the oldest had to go";
  EXPECT_EQ(tenants.enter("1").served, 7);
}

class Line : public testing::Test {
 protected:
  Sequence& add(RequestId id, const std::string& tenant, std::int32_t priority = 0) {
    auto generation = std::make_shared<Generation>();
    generation->id = id;
    generation->request = test::greedy_request({1, 2, 3}, 4);
    generation->request.priority = priority;
    generation->n_pages_needed = 1;
    line.enqueue(std::make_unique<Sequence>(std::move(generation), tenants.enter(tenant), 8));
    return *line.all().back();
  }
  RequestId next() { return line.take(*line.most_urgent())->generation().id; }

  Tenants tenants{{}};
  WaitingLine line{10};
};

TEST_F(Line, FirstComeFirstServedWithinATenant) {
  add(2, "a");
  add(1, "a");
  add(3, "a");
  EXPECT_EQ(next(), 1u);
  EXPECT_EQ(next(), 2u);
  EXPECT_EQ(next(), 3u);
  EXPECT_EQ(line.most_urgent(), nullptr);
}

TEST_F(Line, TheLeastServedTenantIsNext) {
  Tenant& a = add(1, "a").tenant();
  add(2, "a");
  add(3, "b");
  a.charge(10);
  EXPECT_EQ(next(), 3u);
  EXPECT_EQ(next(), 1u);
}

TEST_F(Line, EveryEighthPlaceGoesByAge) {
  add(1, "a", -5);
  add(2, "b", 5);
  const TimePoint soon = TimePoint{} + std::chrono::seconds(29), later = TimePoint{} + std::chrono::seconds(30);
  for (std::uint32_t i = 0; i < policy::kOldestTurn; ++i) {
    Sequence* const due = line.due_by_age(later);
    EXPECT_EQ(due != nullptr, i == policy::kOldestTurn - 1) << i;
    if (due != nullptr) {
      EXPECT_EQ(due->generation().id, 1u);
    }
    EXPECT_EQ(line.due_by_age(soon), nullptr);
    line.count_place();
  }
  EXPECT_EQ(line.due_by_age(later), nullptr);
}

TEST_F(Line, PriorityComesFirst) {
  add(1, "a");
  add(2, "b", 5).tenant().charge(1000);
  add(3, "a", -1);
  EXPECT_EQ(next(), 2u);
  EXPECT_EQ(next(), 1u);
  EXPECT_EQ(next(), 3u);
}

}  // namespace
}  // namespace quern::sched
