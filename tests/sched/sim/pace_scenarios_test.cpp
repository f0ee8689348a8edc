// Prompts beside streams: how fast they are computed, and what the streams feel of it.
#include "tests/sched/sim/report.hpp"
#include "tests/sched/sim/simulation.hpp"

#include <gtest/gtest.h>

namespace quern::test::sim {
namespace {

constexpr double kOfOracle = 0.8, kGap = 2;

void add_streams(Simulation& sim, std::uint32_t n, std::uint32_t n_answer, double max_itl_s = 0) {
  for (std::uint32_t i = 0; i < n; ++i) {
    sim.arrive({.n_prompt = 8, .n_answer = n_answer, .tenant = "streams", .max_itl_s = max_itl_s});
  }
}

// From now on there is always one prompt that is being computed.
void keep_prompting(Simulation& sim, std::uint32_t n_prompt, double until_s) {
  sim.keep(1, {.n_prompt = n_prompt, .n_answer = 1, .tenant = "prompts"}, until_s);
}

TEST(Simulator, ManyStreamsOfWhichOnlyOneWasEverSeenAlone) {
  Simulation sim;
  add_streams(sim, 1, 10'000);
  sim.run_until(4);
  add_streams(sim, 31, 10'000);
  keep_prompting(sim, 600, 120);
  sim.run_until(120);
  const Contention all = sim.contention(4), late = sim.contention(20);
  Row("32 streams, only one ever seen alone, prompts all the time")
      .at_least("of oracle, from the start", all.of_oracle(), kOfOracle)
      .at_least("after 16 s", late.of_oracle(), kOfOracle)
      .at_most("gap p99", late.gap_p99, kGap);
}

TEST(Simulator, AMachineThatGetsTwiceAsSlowAndRecovers) {
  Options options;
  options.machine.slowness = [](double now_s) { return now_s > 60 && now_s < 120 ? 2 : 1; };
  Simulation sim(options);
  add_streams(sim, 8, 10'000);
  sim.run_until(5);
  keep_prompting(sim, 1500, 180);
  sim.run_until(180);
  const Contention slow = sim.contention(60, 120), again = sim.contention(122, 180);
  Row("8 streams, the machine is half as fast for a minute")
      .at_least("of oracle, slow", slow.of_oracle(), kOfOracle)
      .at_least("of oracle, recovered", again.of_oracle(), kOfOracle)
      .at_most("gap p90, slow", slow.gap_p90, kGap)
      .at_most("gap p99, recovered", again.gap_p99, kGap);
}

TEST(Simulator, OneStepInTwentyTakesFiveTimesAsLong) {
  Options options;
  options.machine.late_part = 0.05;
  Simulation sim(options);
  add_streams(sim, 8, 10'000);
  sim.run_until(5);
  keep_prompting(sim, 1500, 180);
  sim.run_until(180);
  const Contention found = sim.contention(10);
  Row("8 streams, one step in 20 takes 5 times as long")
      .at_least("of oracle", found.of_oracle(), kOfOracle)
      .at_most("gap p90", found.gap_p90, kGap);
}

TEST(Simulator, ANoisyMachine) {
  Options options;
  options.machine.noise = 0.12;
  Simulation sim(options);
  add_streams(sim, 8, 10'000);
  sim.run_until(5);
  keep_prompting(sim, 1500, 300);
  sim.run_until(300);
  const Contention found = sim.contention(10);
  Row("8 streams, steps vary by 12%")
      .at_least("of oracle", found.of_oracle(), kOfOracle)
      .at_most("gap p99", found.gap_p99, kGap * 1.05);
}

TEST(Simulator, RowsThatCostInGroupsAndALongContext) {
  Options options;
  options.machine.row_step = 8;
  options.limits.itl_factor_max = 2;  // most of these prompts get old
  options.machine.context_cost.add(0.0002, 0);
  options.machine.context_cost.add(0.0004, 1024);
  Simulation sim(options);
  for (std::uint32_t i = 0; i < 12; ++i) {
    sim.at(1 + 3.0 * i, [&sim, i] { sim.arrive({.n_prompt = 500 * i + 8, .n_answer = 4000, .tenant = "streams"}); });
  }
  sim.run_until(40);
  keep_prompting(sim, 3000, 400);
  sim.run_until(400);
  const Contention found = sim.contention(60);
  Row("12 streams with up to 6,000 tokens, half the layers with a window")
      .at_least("of oracle", found.of_oracle(), kOfOracle)
      .at_most("gap p90", found.gap_p90, kGap)
      .at_most("gap p99", found.gap_p99, kGap * 1.2);  // the ninth stream costs as much as eight
}

TEST(Simulator, AnIntruder) {
  double prompt = 0, oracle = 0, ttft = 0, alone = 0;
  std::vector<double> gaps;
  for (std::uint32_t seed = 1; seed <= 8; ++seed) {
    Options options;
    options.seed = seed;
    Simulation sim(options);
    add_streams(sim, 8, 10'000);
    sim.run_until(5);
    const ClientPtr intruder = sim.arrive({.n_prompt = 1540, .n_answer = 4, .tenant = "intruder"});
    sim.run_until(90);
    const Contention found = sim.contention(5);
    prompt += found.prompt_tokens, oracle += found.oracle_tokens;
    ttft += intruder->ttft(), alone += sim.alone_s(1540);
    gaps.insert(gaps.end(), found.gaps.begin(), found.gaps.end());
  }
  Row("8 streams, one prompt of 1,540 tokens, 8 times")
      .at_least("of oracle", prompt / oracle, kOfOracle)
      .at_most("gap p99", quantile(gaps, 0.99), kGap)
      .at_most("TTFT / alone", ttft / alone, 2.6);
}

// It would take four minutes at the young prompt's share of a step.
TEST(Simulator, APromptThatGetsOldGetsMore) {
  Simulation sim;
  add_streams(sim, 32, 10'000);
  sim.run_until(5);
  const ClientPtr prompt = sim.arrive({.n_prompt = 10'000, .n_answer = 4, .tenant = "prompt"});
  sim.run_until(320);
  const Contention young = sim.contention(5, 44), old = sim.contention(125);
  Row("32 streams, one prompt of 10,000 tokens")
      .at_most("gap p99, its first 39 s", young.gap_p99, kGap)
      .at_most("gap p99, after 2 min", old.gap_p99, 4 * 1.1)
      .at_most("TTFT / alone", prompt->ttft() / sim.alone_s(10'000), 1.9);
}

TEST(Simulator, StreamsThatAskForLessKeepIt) {
  Simulation sim;
  add_streams(sim, 8, 10'000, 0.2);  // alone a step takes 0.134 s
  sim.run_until(5);
  const ClientPtr other = sim.arrive({.n_prompt = 5000, .n_answer = 4, .tenant = "streams"});
  sim.run_until(200);
  Row("8 streams with max_itl 200 ms, a prompt of their tenant gets old")
      .at_most("gap p99 / s", sim.contention(5).gap_p99 * 0.134, 0.2 * 1.1)
      .at_most("TTFT / alone", other->ttft() / sim.alone_s(5000), 4);
}

TEST(Simulator, NobodyThrottlesTheOthersPrompts) {
  const auto run = [](double max_itl_s) {
    Simulation sim;
    add_streams(sim, 8, 10'000, max_itl_s);
    sim.run_until(5);
    const ClientPtr other = sim.arrive({.n_prompt = 2000, .n_answer = 4, .tenant = "other"});
    const ClientPtr own = sim.arrive({.n_prompt = 500, .n_answer = 4, .tenant = "streams"});
    sim.run_until(400);
    return std::pair(other->ttft(), own->ttft());
  };
  const auto [other, own] = run(0);
  const auto [other_throttled, own_throttled] = run(0.001);
  Row("max_itl 1 ms on 8 streams")
      .at_most("prompt of another tenant, TTFT ratio", other_throttled / other, 1.1)
      .at_most("own prompt, TTFT ratio", own_throttled / own, 12);
}

}  // namespace
}  // namespace quern::test::sim
