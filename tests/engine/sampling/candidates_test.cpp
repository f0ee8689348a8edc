#include "engine/sampling/candidates.hpp"

#include "tests/engine/sampling/stage_support.hpp"

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
using test::Left;
using test::left_of;

const std::vector<float> kLogits{1.0f, kNan, 3.0f, -kInfinity, 3.0f, kInfinity, -2.0f};

TEST(Candidates, LeavesOutWhatIsNotFinite) {
  Candidates c;
  c.assign(kLogits);
  EXPECT_EQ(left_of(c), (Left{{0, 1.0f}, {2, 3.0f}, {4, 3.0f}, {5, kLogitMax}, {6, -2.0f}}));
}

TEST(Candidates, NeverWritesToTheCallersLogits) {
  const std::vector<float> logits = test::random_logits(200, 3);
  std::vector<float> mine = logits;
  Candidates c;
  c.assign(mine);
  c.adjust(5, [](float) { return 100.0f; });
  c.keep_best(20);
  c.divide(0.5f);
  EXPECT_EQ(mine, logits);
}

TEST(Candidates, AdjustReachesATokenInEveryForm) {
  const auto plus_one = [](float x) { return x + 1.0f; };
  Candidates c;
  c.assign(kLogits);
  c.adjust(0, plus_one);   // view, becomes a copy
  c.adjust(2, plus_one);   // copy
  c.adjust(1, plus_one);   // NaN: not a candidate, stays out
  c.adjust(-1, plus_one);  // no such token
  c.adjust(700, plus_one);
  c.compact();
  c.adjust(6, plus_one);  // list
  c.adjust(3, plus_one);  // not in the list
  EXPECT_EQ(left_of(c), (Left{{0, 2.0f}, {2, 4.0f}, {4, 3.0f}, {5, kLogitMax}, {6, -1.0f}}));
}

TEST(Candidates, BansInEveryForm) {
  const auto ban = [](float) { return -kInfinity; };
  Candidates c;
  c.assign(kLogits);
  c.adjust(5, ban);
  EXPECT_EQ(c.max_logit(), 3.0f);
  c.compact();
  c.adjust(2, ban);
  EXPECT_EQ(c.id(c.best_index()), 4);
  EXPECT_EQ(left_of(c), (Left{{0, 1.0f}, {4, 3.0f}, {6, -2.0f}}));
  EXPECT_NEAR(c.weights().total, 1.0 + std::exp(-2.0) + std::exp(-5.0), 1e-6);
}

TEST(Candidates, KeepBestBreaksTiesByIdAndWorksOnAList) {
  Candidates c;
  c.assign(kLogits);
  c.keep_best(2);
  EXPECT_EQ(left_of(c), (Left{{2, 3.0f}, {5, kLogitMax}}));
  c.keep_best(1);
  EXPECT_EQ(left_of(c), (Left{{5, kLogitMax}}));
  c.keep_best(10);
  EXPECT_EQ(c.size(), 1u);
  c.keep_from(1e38f);
  EXPECT_EQ(c.size(), 1u);
  c.keep_if([](std::size_t) { return false; });
  EXPECT_EQ(c.size(), 0u);
  EXPECT_EQ(c.weights().total, 0.0);
}

TEST(Candidates, IsReusedWithOtherSizes) {
  Candidates c;
  for (const std::size_t n : {5u, 500u, 7u, 70u}) {
    const std::vector<float> logits = test::random_logits(n, n);
    c.assign(logits);
    if (n % 2 == 1) c.adjust(1, [](float x) { return x; });
    EXPECT_EQ(c.size(), n);
    EXPECT_TRUE(std::equal(logits.begin(), logits.end(), c.logits().begin()));
  }
}

}  // namespace
}  // namespace quern::engine::sampling
