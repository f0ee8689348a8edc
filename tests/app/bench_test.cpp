#include "app/bench/plan_builder.hpp"
#include "app/bench/report.hpp"
#include "app/bench/roofs.hpp"
#include "app/bench/stats.hpp"
#include "app/bench/step_cost.hpp"

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
  BenchReport out{.model = "m", .architecture = "llama", .isa = "avx2", .read_roof = {.median = 20e9}};
  out.lines.push_back({.test = "prefill", .n_tokens = 512, .tokens_per_s = {.median = 100, .min = 90, .max = 110}});
  out.lines.push_back({.test = "decode",
                       .n_tokens = 32,
                       .batch = 4,
                       .tokens_per_s = {.median = 40, .min = 40, .max = 40},
                       .bytes_per_s = 10e9,
                       .roof_share = {.median = 0.5, .min = 0.4, .max = 0.6},
                       .bound_by = "memory"});
  return out;
}

TEST(Report, TableShowsTheShareOfTheRoof) {
  const std::string table = bench_table(report());
  EXPECT_NE(table.find("prefill 512"), std::string::npos);
  EXPECT_NE(table.find("decode 4 x 32"), std::string::npos);
  EXPECT_NE(table.find("50%"), std::string::npos);
  EXPECT_NE(table.find("10.0%"), std::string::npos);  // spread of prefill
}

TEST(Report, JsonHasTheSameNumbers) {
  const boost::json::value json = boost::json::parse(bench_json(report()));
  const boost::json::array& lines = json.at("lines").as_array();
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0].at("tokens_per_s").at("median").to_number<double>(), 100.0);
  EXPECT_EQ(lines[0].as_object().if_contains("roof_share"), nullptr);
  EXPECT_EQ(lines[1].at("roof_share").at("median").to_number<double>(), 0.5);
  EXPECT_EQ(lines[1].at("gb_per_s").to_number<double>(), 10.0);
}

StepCost cost(double weight_bytes, double fma, double madd) {
  StepCost out{.weight_bytes = weight_bytes};
  out.operations[static_cast<std::size_t>(kernels::Peak::fma_256)] = fma;
  out.operations[static_cast<std::size_t>(kernels::Peak::int16_madd_256)] = madd;
  return out;
}

TEST(Bound, IsTheSlowerOfMemoryAndArithmetic) {
  Roofs roofs{.read_bytes = 10};
  for (const kernels::PeakLoop& loop : kernels::peak_loops()) roofs.operations[static_cast<std::size_t>(loop.peak)] = 4;
  if (kernels::peak_loops().size() < 2) GTEST_SKIP() << "one kind of arithmetic here";
  EXPECT_EQ(bound_of(cost(100, 4, 4), roofs, true).seconds, 10);
  EXPECT_EQ(bound_of(cost(100, 4, 4), roofs, true).by, "memory");
  // Kinds of arithmetic take turns, and the longest names the bound.
  EXPECT_EQ(bound_of(cost(100, 20, 40), roofs, true).seconds, 15);
  EXPECT_EQ(bound_of(cost(100, 20, 40), roofs, true).by.substr(0, 5), "int16");
  EXPECT_EQ(bound_of(cost(100, 4, 8), roofs, false).seconds, 3);
  EXPECT_EQ(bound_of(cost(100, 0, 0), roofs, false).seconds, 0);
}

TEST(RoofSample, WhatHeldBetweenTwoIsTheMedianOfBoth) {
  const auto fma = static_cast<std::size_t>(kernels::Peak::fma_256);
  RoofSample before{.read_bytes = {1, 2, 9}, .operations = {}}, after{.read_bytes = {3, 4}, .operations = {}};
  before.operations[fma] = {10};
  after.operations[fma] = {30};
  const Roofs roofs = roofs_between(before, after);
  EXPECT_EQ(roofs.read_bytes, 3);
  EXPECT_EQ(roofs.operations[fma], 20);
  EXPECT_EQ(roofs.operations[static_cast<std::size_t>(kernels::Peak::int16_madd_256)], 0);  // not measured
}

// What is measured here is whether the loops run at all and stay in their buffers: nobody knows the right speed.
TEST(RoofMeter, EveryRoofOfThisMachineIsPositive) {
  const kernels::Topology topology = kernels::read_topology().value();
  const auto pool = kernels::CorePool::create(topology, {.n_workers = 3, .pin = false}).value();
  ByteLedger ledger(std::uint64_t{2} << 30);
  RoofMeter meter = RoofMeter::create(topology, *pool, ledger).value();
  const std::vector<RoofLine> lines = measure_all(meter, pool->n_workers());
  EXPECT_EQ(lines.front().name, "memory read");
  EXPECT_EQ(lines.front().n_threads, 1u);
  for (const RoofLine& line : lines) EXPECT_GT(line.per_s.min, 0) << line.name;
  EXPECT_EQ(boost::json::parse(roof_json(lines)).as_array().size(), lines.size());
  EXPECT_NE(roof_table(lines).find("GB/s"), std::string::npos);
}

TEST(RoofMeter, IsRefusedWhereTheBudgetIsSmall) {
  const kernels::Topology topology = kernels::read_topology().value();
  const auto pool = kernels::CorePool::create(topology, {.n_workers = 1, .pin = false}).value();
  ByteLedger ledger(1 << 20);
  EXPECT_EQ(RoofMeter::create(topology, *pool, ledger).error().code, Errc::overloaded);
}

}  // namespace
}  // namespace quern::app
