#include "app/kv_sizing.hpp"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

// 32 tokens a page, 1 MiB a page, 4096 trained, plenty of memory.
KvRequest request() {
  return {.ctx = 0,
          .kv_pages = 0,
          .parallel = 4,
          .n_context_train = 4096,
          .page_tokens = 32,
          .page_bytes = 1 << 20,
          .bytes_left = 1ull << 40};
}

TEST(PlanKv, DefaultsToTheTrainedContextForAllSequences) {
  const KvPlan plan = plan_kv(request()).value();
  EXPECT_EQ(plan.ctx, 4096u);
  EXPECT_EQ(plan.n_pages, 4u * 128u);
}

TEST(PlanKv, LongContextsAreNotReservedUnasked) {
  KvRequest r = request();
  r.n_context_train = 131072;
  EXPECT_EQ(plan_kv(r).value().ctx, kDefaultContext);
  r.ctx = 131072;
  EXPECT_EQ(plan_kv(r).value().ctx, 131072u);
}

TEST(PlanKv, FewerPagesWhenMemoryIsShort) {
  KvRequest r = request();
  r.bytes_left = 400ull << 20;  // 300 pages: two sequences and a bit
  const KvPlan plan = plan_kv(r).value();
  EXPECT_EQ(plan.ctx, 4096u);
  EXPECT_EQ(plan.n_pages, 300u);
}

TEST(PlanKv, AnOpenContextShrinksToWhatFits) {
  KvRequest r = request();
  r.bytes_left = 80ull << 20;  // 60 pages
  const KvPlan plan = plan_kv(r).value();
  EXPECT_EQ(plan.n_pages, 60u);
  EXPECT_EQ(plan.ctx, 60u * 32u);
}

TEST(PlanKv, AGivenContextIsGivenOrRefused) {
  KvRequest r = request();
  r.ctx = 4096;
  r.bytes_left = 80ull << 20;
  const auto plan = plan_kv(r);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::overloaded);
  EXPECT_NE(plan.error().detail.find("4096 tokens needs 134217728 bytes"), std::string::npos) << plan.error().detail;
  r.ctx = 5000;
  EXPECT_EQ(plan_kv(r).error().detail, "--ctx: want at most 4096, the context this model was trained for, found 5000");
}

TEST(PlanKv, TooLittleForAnythingIsAnError) {
  KvRequest r = request();
  r.bytes_left = 4ull << 20;  // 3 pages, 96 tokens
  EXPECT_FALSE(plan_kv(r));
  r.bytes_left = 0;
  EXPECT_FALSE(plan_kv(r));
}

TEST(PlanKv, SmallModelsMayHaveSmallContexts) {
  KvRequest r = request();
  r.n_context_train = 128;
  r.bytes_left = 6ull << 20;  // 4 pages are 128 tokens
  EXPECT_EQ(plan_kv(r).value().ctx, 128u);
}

TEST(PlanKv, GivenPagesBoundTheContext) {
  KvRequest r = request();
  r.kv_pages = 10;
  EXPECT_EQ(plan_kv(r).value().ctx, 320u);
  EXPECT_EQ(plan_kv(r).value().n_pages, 10u);
  r.ctx = 321;
  EXPECT_EQ(plan_kv(r).error().detail, "--kv-pages: want at least 11 for --ctx 321, found 10");
}

TEST(PlanKv, PageIdsDoNotOverflow) {
  KvRequest r = request();
  r.parallel = 4096;
  r.n_context_train = 1u << 24;
  r.ctx = 1u << 24;
  r.page_tokens = 8;
  r.page_bytes = 1;
  r.bytes_left = UINT64_MAX;
  EXPECT_LT(plan_kv(r).value().n_pages, UINT32_MAX / 8 + 1);
}

}  // namespace
}  // namespace quern::app
