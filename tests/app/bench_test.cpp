#include "app/bench/plan_builder.hpp"
#include "app/bench/report.hpp"
#include "app/bench/stats.hpp"

#include <set>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::app {
namespace {

TEST(Summarize, MedianOfOddAndEvenCounts) {
  EXPECT_EQ(summarize(std::vector{3.0, 1.0, 2.0}).median, 2.0);
  EXPECT_EQ(summarize(std::vector{4.0, 1.0, 2.0, 3.0}).median, 2.5);
  EXPECT_EQ(summarize(std::vector{7.0}).median, 7.0);
}

TEST(Summarize, SpreadIsHalfTheRangeOverTheMedian) {
  const Summary summary = summarize(std::vector{90.0, 100.0, 110.0});
  EXPECT_EQ(summary.min, 90.0);
  EXPECT_EQ(summary.max, 110.0);
  EXPECT_DOUBLE_EQ(summary.spread(), 0.1);
  EXPECT_EQ(summarize(std::vector{5.0}).spread(), 0.0);
}

TEST(Summarize, OneOutlierDoesNotMoveTheMedian) {
  EXPECT_EQ(summarize(std::vector{10.0, 10.0, 1000.0, 10.0, 10.0}).median, 10.0);
}

constexpr PlanBuilder::Shape kShape{.n_vocab = 100, .page_tokens = 8, .pages_per_seq = 3};

TEST(PlanBuilder, PrefillOwnsThePagesOfItsSequence) {
  PlanBuilder builder(kShape);
  const engine::StepPlan& plan = builder.prefill(2, 4, 10, true);
  EXPECT_EQ(plan.n_tokens(), 10u);
  EXPECT_EQ(plan.n_seqs(), 1u);
  EXPECT_EQ(plan.n_decode_seqs, 0u);
  EXPECT_EQ(plan.seq_begin, (std::vector<std::uint32_t>{0, 10}));
  EXPECT_EQ(plan.page_table, (std::vector<kv::PageId>{6, 7, 8}));
  EXPECT_EQ(plan.logits_tokens, std::vector<std::uint32_t>{9});
  EXPECT_EQ(plan.position.front(), 4);
  EXPECT_EQ(plan.position.back(), 13);
  for (std::uint32_t i = 0; i < plan.n_tokens(); ++i) {
    const auto position = static_cast<std::uint32_t>(plan.position[i]);
    EXPECT_EQ(plan.kv_slot[i], plan.page_table[position / 8] * 8 + position % 8);
    EXPECT_GE(plan.token[i], 0);
    EXPECT_LT(plan.token[i], 100);
  }
  EXPECT_TRUE(builder.prefill(0, 0, 5, false).logits_tokens.empty());
}

TEST(PlanBuilder, DecodeHasOneTokenPerSequenceOnDisjointPages) {
  PlanBuilder builder(kShape);
  const engine::StepPlan& plan = builder.decode(4, 7);
  EXPECT_EQ(plan.n_tokens(), 4u);
  EXPECT_EQ(plan.n_decode_seqs, 4u);
  EXPECT_EQ(plan.seq_begin, (std::vector<std::uint32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(plan.logits_tokens, (std::vector<std::uint32_t>{0, 1, 2, 3}));
  EXPECT_EQ(std::set<kv::PageId>(plan.page_table.begin(), plan.page_table.end()).size(), 12u);
}

BenchReport report() {
  BenchReport out{.model = "m", .architecture = "llama", .isa = "avx2", .read_roof = 20e9};
  out.lines.push_back({.test = "prefill", .n_tokens = 512, .tokens_per_s = {.median = 100, .min = 90, .max = 110}});
  out.lines.push_back({.test = "decode",
                       .n_tokens = 32,
                       .batch = 4,
                       .tokens_per_s = {.median = 40, .min = 40, .max = 40},
                       .weight_bytes_per_s = 10e9});
  return out;
}

TEST(Report, TableShowsTheShareOfTheRoof) {
  const std::string table = bench_table(report());
  EXPECT_NE(table.find("prefill 512"), std::string::npos);
  EXPECT_NE(table.find("decode 4 x 32"), std::string::npos);
  EXPECT_NE(table.find("50%"), std::string::npos);
  EXPECT_NE(table.find("10.0%"), std::string::npos);  // spread of prefill
}

TEST(Report, NoShareWhereTheWeightsFitIntoTheCache) {
  BenchReport cached = report();
  cached.weights_in_cache = true;
  EXPECT_EQ(bench_table(cached).find("50%"), std::string::npos);
}

TEST(Report, JsonHasTheSameNumbers) {
  const boost::json::value json = boost::json::parse(bench_json(report()));
  const boost::json::array& lines = json.at("lines").as_array();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("tokens_per_s").at("median").to_number<double>(), 100.0);
  EXPECT_EQ(lines[0].as_object().if_contains("roof_share"), nullptr);
  EXPECT_EQ(lines[1].at("roof_share").to_number<double>(), 0.5);
  EXPECT_EQ(lines[1].at("weight_gb_per_s").to_number<double>(), 10.0);
}

}  // namespace
}  // namespace quern::app
