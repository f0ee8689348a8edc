#include "sched/tenant_places.hpp"

#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

class Places : public testing::Test {
 protected:
  // As many as come in while there is any room at all, which is twice the capacity.
  std::uint32_t flood(const std::string& tenant, std::uint32_t n) {
    std::uint32_t n_in = 0;
    for (std::uint32_t i = 0; i < n; ++i) {
      if (const auto place = table.enter(tenant, n_taken)) {
        held.push_back(place);
        ++n_taken, ++n_in;
      }
    }
    return n_in;
  }

  PlaceTable table{10, {{"big", 3.0}}};
  std::vector<std::shared_ptr<TenantPlaces>> held;
  std::uint32_t n_taken = 0;
};

TEST_F(Places, OneTenantMayHaveThemAllAndNoMore) {
  EXPECT_EQ(flood("a", 100), 10u);
}

TEST_F(Places, AFullQueueHasRoomForThoseWithLessThanTheirShare) {
  flood("a", 100);
  EXPECT_EQ(flood("b", 100), 5u);
  EXPECT_EQ(flood("c", 100), 3u);
  EXPECT_EQ(flood("a", 1), 0u);
}

TEST_F(Places, SharesAreByWeight) {
  flood("a", 100);
  EXPECT_EQ(flood("big", 100), 7u);
}

TEST_F(Places, AWeightOfItsOwnCountsLikeOneOfTheTable) {
  flood("a", 100);
  std::uint32_t n_in = 0;
  while (const auto place = table.enter("late", n_taken, 3.0)) {
    held.push_back(place);
    ++n_in;
  }
  EXPECT_EQ(n_in, 7u);
}

TEST_F(Places, WhoLeavesMakesRoom) {
  flood("a", 100);
  for (const auto& place : held) place->leave();
  n_taken = 0;
  EXPECT_EQ(flood("b", 100), 10u);
  EXPECT_EQ(flood("c", 100), 5u) << "of two tenants, not of three";
}

}  // namespace
}  // namespace quern::sched
