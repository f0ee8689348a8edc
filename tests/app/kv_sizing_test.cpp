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

// Recurrent layers: 8 MiB of state for each sequence, and two copies of it.
KvRequest recurrent() {
  KvRequest r = request();
  r.parallel = 64;
  r.n_context_train = 1024;  // 32 pages
  r.state_bytes = 8 << 20;
  r.states_kept = 2;
  return r;
}

std::uint64_t bytes_of(const KvRequest& r, const KvPlan& plan) {
  return plan.n_pages * r.page_bytes + plan.n_states * r.state_bytes;
}

TEST(PlanKvStates, AllOfThemWhereTheyFit) {
  const KvPlan plan = plan_kv(recurrent()).value();
  EXPECT_EQ(plan.parallel, 64u);
  EXPECT_EQ(plan.n_states, 192u);
  EXPECT_EQ(plan.n_pages, 64u * 32u);
}

TEST(PlanKvStates, NoneWithoutRecurrentLayers) {
  const KvPlan plan = plan_kv(request()).value();
  EXPECT_EQ(plan.n_states, 0u);
  EXPECT_EQ(plan.parallel, 4u);
}

TEST(PlanKvStates, ShortMemoryMeansFewerSequencesNotAFailedStart) {
  KvRequest r = recurrent();
  r.bytes_left = 1ull << 30;  // 768 MiB to share: half of it holds 48 states
  const KvPlan plan = plan_kv(r).value();
  EXPECT_EQ(plan.n_states, 48u);
  EXPECT_EQ(plan.parallel, 24u);
  EXPECT_EQ(plan.n_pages, 384u);
  EXPECT_EQ(plan.ctx, 1024u);
}

TEST(PlanKvStates, StatesMayHaveWhatPagesDoNotWant) {
  KvRequest r = recurrent();
  r.page_bytes = 1 << 10;  // 2 MiB of pages in all
  r.bytes_left = 1ull << 30;
  const KvPlan plan = plan_kv(r).value();
  EXPECT_EQ(plan.n_states, 95u);  // of 766 MiB
  EXPECT_EQ(plan.parallel, 48u);
  EXPECT_EQ(plan.n_pages, 64u * 32u);
}

TEST(PlanKvStates, OneWholeSequenceComesBeforeFurtherStates) {
  KvRequest r = recurrent();
  r.bytes_left = 64ull << 20;  // 48 MiB: 32 of pages, and two states
  const KvPlan plan = plan_kv(r).value();
  EXPECT_EQ(plan.ctx, 1024u);
  EXPECT_EQ(plan.n_pages, 32u);
  EXPECT_EQ(plan.n_states, 2u);
  EXPECT_EQ(plan.parallel, 1u);
}

TEST(PlanKvStates, WithoutCopiesEveryStateRuns) {
  KvRequest r = recurrent();
  r.states_kept = 0;
  r.bytes_left = 1ull << 30;
  const KvPlan plan = plan_kv(r).value();
  EXPECT_EQ(plan.n_states, 48u);
  EXPECT_EQ(plan.parallel, 48u);
}

TEST(PlanKvStates, NotEvenOne) {
  KvRequest r = recurrent();
  r.bytes_left = 8ull << 20;
  const auto plan = plan_kv(r);
  ASSERT_FALSE(plan);
  EXPECT_EQ(plan.error().code, Errc::overloaded);
  EXPECT_EQ(plan.error().detail,
            "memory budget: one sequence of 1024 tokens needs 33554432 bytes of KV pages and 8388608 of state, 6291456 "
            "are left for them; raise --memory or lower --ctx");
}

TEST(PlanKvStates, GivenPagesLeaveTheRestToStates) {
  KvRequest r = recurrent();
  r.kv_pages = 32;
  r.bytes_left = 160ull << 20;
  EXPECT_EQ(plan_kv(r).value().n_states, 12u);  // three quarters of 128 MiB
  EXPECT_EQ(plan_kv(r).value().parallel, 6u);
  r.bytes_left = 40ull << 20;
  EXPECT_EQ(plan_kv(r).value().n_states, 1u);
  r.bytes_left = 39ull << 20;
  EXPECT_EQ(
      plan_kv(r).error().detail,
      "--kv-pages: want at most 32505856 bytes for them, the rest of the memory budget, found 32 pages of 1048576 "
      "bytes besides the state of one sequence");
}

// Whatever the sizes: it fits, somebody can run, and no more copies than are of use.
TEST(PlanKvStates, AnyBudgetGivesAPlanThatFitsOrAnError) {
  std::uint64_t random = 1;
  const auto next = [&random](std::uint64_t n) {
    random = random * 6364136223846793005u + 1442695040888963407u;
    return (random >> 33) % n;
  };
  std::uint32_t n_plans = 0;
  for (int i = 0; i < 20'000; ++i) {
    KvRequest r = recurrent();
    r.parallel = 1 + static_cast<std::uint32_t>(next(256));
    r.state_bytes = 1 + next(1u << (1 + next(28)));
    r.page_bytes = 1 + next(1u << (1 + next(24)));
    r.states_kept = static_cast<std::uint32_t>(next(3));
    r.n_context_train = static_cast<std::uint32_t>(next(1u << 16));
    r.bytes_left = next(1ull << (1 + next(40)));
    const auto plan = plan_kv(r);
    if (!plan) continue;
    ++n_plans;
    ASSERT_LE(bytes_of(r, *plan), r.bytes_left / 4 * 3) << i;
    ASSERT_GE(plan->parallel, 1u) << i;
    ASSERT_LE(plan->parallel, r.parallel) << i;
    ASSERT_GE(plan->n_states, plan->parallel) << i;
    ASSERT_LE(plan->n_states, plan->parallel * (1 + r.states_kept)) << i;
    ASSERT_GE(std::uint64_t{plan->n_pages} * r.page_tokens, plan->ctx) << i;
  }
  EXPECT_GT(n_plans, 1000u);
}

TEST(PlanKvStates, AbsurdSizesDoNotOverflow) {
  KvRequest r = recurrent();
  for (const std::uint64_t huge : {UINT64_MAX, UINT64_MAX / 2 + 1, std::uint64_t{1} << 62}) {
    r.state_bytes = huge;
    EXPECT_FALSE(plan_kv(r)) << huge;
    r.state_bytes = 1;
    r.page_bytes = huge;
    EXPECT_FALSE(plan_kv(r)) << huge;
    r.kv_pages = 1000;
    EXPECT_FALSE(plan_kv(r)) << huge;
    r = recurrent();
  }
}

}  // namespace
}  // namespace quern::app
