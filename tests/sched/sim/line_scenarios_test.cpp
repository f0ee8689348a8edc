// Who gets a place, and when: limits, priorities, tenants, readers that do not read, memory.
#include "tests/sched/sim/report.hpp"
#include "tests/sched/sim/simulation.hpp"

#include <random>

#include <gtest/gtest.h>

namespace quern::test::sim {
namespace {

using sched::FinishReason;

std::size_t count_if(const std::vector<ClientPtr>& clients, const std::function<bool(const Client&)>& condition) {
  return static_cast<std::size_t>(std::ranges::count_if(clients, [&](const ClientPtr& c) { return condition(*c); }));
}

std::vector<double> ttfts(const std::vector<ClientPtr>& clients) {
  std::vector<double> out;
  for (const ClientPtr& client : clients) {
    if (client->first_token_s >= 0) out.push_back(client->ttft());
  }
  return out;
}

TEST(Simulator, ABurstOnAnIdleMachine) {
  Simulation sim;
  std::vector<ClientPtr> burst;
  for (int i = 0; i < 64; ++i) burst.push_back(sim.arrive({.n_prompt = 200, .n_answer = 30}));
  sim.run_until_idle();
  Row("64 prompts of 200 tokens at once")
      .none("not answered", 64 - count_if(burst, [](const Client& c) { return c.answered(); }))
      .at_most("last TTFT / all prompts alone", quantile(ttfts(burst), 1) / (64 * sim.alone_s(200)), 2.4);
}

TEST(Simulator, PriorityIsServedAtOnceWhateverWaits) {
  Options options;
  options.limits.max_running = 8;
  Simulation sim(options);
  for (int i = 0; i < 200; ++i) sim.arrive({.n_prompt = 200, .n_answer = 200});
  sim.run_until(20);
  std::vector<ClientPtr> urgent;
  for (int i = 0; i < 10; ++i) {
    sim.at(20 + 20 * i, [&] {
      urgent.push_back(
          sim.arrive({.n_prompt = 20, .n_answer = 10, .tenant = "urgent", .priority = 100, .max_queue_s = 1}));
    });
  }
  sim.run_until(230);
  Row("priority 100, max_queue 1 s, behind 200 requests")
      .none("refused or late", 10 - count_if(urgent, [](const Client& c) { return c.answered(); }))
      .at_most("TTFT p100 / s", quantile(ttfts(urgent), 1), 2);
}

TEST(Simulator, SiblingsAreNoReasonToRefuse) {
  Simulation sim;
  sim.arrive({.n_prompt = 50, .n_answer = 20});
  sim.run_until_idle();
  std::vector<ClientPtr> siblings;
  for (int i = 0; i < 4; ++i) {
    siblings.push_back(sim.arrive({.n_prompt = 300, .n_answer = 500, .max_queue_s = 0.5, .prefix = 7}));
  }
  sim.run_until_idle();
  Row("n: 4 with max_queue 0.5 s on an idle server").none("refused", 4 - count_if(siblings, [](const Client& c) {
                                                                       return c.answered();
                                                                     }));
}

// Feasible ones are those that a run without limits starts in time; they must not be turned away.
TEST(Simulator, LimitsAreRefusedWhenTheyCannotBeMetAndOnlyThen) {
  const auto run = [](bool with_limits, std::vector<ClientPtr>& out) {
    Options options;
    options.limits.max_running = 8;
    Simulation sim(options);
    std::mt19937 random(3);
    for (int i = 0; i < 300; ++i) {
      const double at = 1 + 4.0 * i + static_cast<double>(random() % 100) / 50;
      const auto n_prompt = static_cast<std::uint32_t>(50 + random() % 400);
      const auto n_answer = static_cast<std::uint32_t>(20 + random() % 160);
      const bool limited = i % 5 == 4;
      const double limit = 1.0 + static_cast<double>(random() % 40);
      sim.at(at, [&sim, &out, n_prompt, n_answer, limited, limit, with_limits] {
        const ClientPtr client = sim.arrive({.n_prompt = n_prompt,
                                             .n_answer = n_answer,
                                             .max_queue_s = with_limits && limited ? limit : 0,
                                             .max_tokens = 400});
        client->arrival.max_queue_s = limited ? limit : 0;
        out.push_back(client);
      });
    }
    sim.run_until_idle();
    std::vector<double> queued;
    for (const ClientPtr& client : out) {
      queued.push_back(client->generation ? client->generation->times.read(sched::RequestState::finished, {}).queued
                                          : 1e9);
    }
    return queued;
  };
  std::vector<ClientPtr> free, limited;
  const std::vector<double> waits = run(false, free);
  run(true, limited);
  std::size_t n_limited = 0, wrong = 0, late = 0, n_hopeless = 0;
  double slowest_refusal = 0;
  for (std::size_t i = 0; i < free.size(); ++i) {
    const double limit = free[i]->arrival.max_queue_s;
    if (limit == 0) continue;
    ++n_limited;
    // In the other run fewer wait, so half the limit is enough for certain.
    if (waits[i] < limit / 2 && !limited[i]->answered()) ++wrong;
    if (limited[i]->finish == FinishReason::timed_out) ++late;
    if (limited[i]->finish == FinishReason::refused) {
      ++n_hopeless;
      slowest_refusal = std::max(slowest_refusal, limited[i]->ended_s - limited[i]->arrived_s);
    }
  }
  Row("60 of 300 requests with max_queue 1 to 40 s at full load")
      .at_least("limited", static_cast<double>(n_limited), 60)
      .none("wrongly refused", wrong)
      .at_least("refused at once", static_cast<double>(n_hopeless), static_cast<double>(late))
      .at_most("slowest refusal / s", slowest_refusal, 2);
}

TEST(Simulator, ReadersThatDoNotReadHoldNoPlace) {
  Options options;
  options.limits.max_running = 4;
  Simulation sim(options);
  std::vector<ClientPtr> slow;
  for (int i = 0; i < 4; ++i) {
    slow.push_back(sim.arrive({.n_prompt = 20, .n_answer = 3000, .tenant = "slow", .reads = false}));
  }
  sim.run_until(60);  // 256 tokens wait for each of them
  std::vector<ClientPtr> others;
  for (int i = 0; i < 20; ++i) {
    sim.at(60 + 8 * i, [&] { others.push_back(sim.arrive({.n_prompt = 100, .n_answer = 40, .tenant = "other"})); });
  }
  for (int i = 0; i < 40; ++i) {
    sim.at(60 + 5 * i, [&] {
      for (const ClientPtr& client : slow) sim.read(client, 1);
    });
  }
  sim.run_until(260);
  Row("4 of 4 places with readers that read a token in 5 s")
      .none("others not answered", 20 - count_if(others, [](const Client& c) { return c.answered(); }))
      .at_most("others' TTFT p95 / alone", quantile(ttfts(others), 0.95) / sim.alone_s(100), 2.5);
  for (const ClientPtr& client : slow) client->arrival.reads = true;
  for (const ClientPtr& client : slow) sim.cancel(*client);
  sim.run_until_idle();
  EXPECT_EQ(sim.pool.n_referenced(), 0u);
}

double light_p95(std::uint32_t n_flood, std::size_t* n_refused) {
  Options options;
  options.limits.max_running = 8;
  options.limits.queue_capacity = 32;
  Simulation sim(options);
  sim.at(1, [&] { sim.keep(n_flood, {.n_prompt = 100, .n_answer = 64, .tenant = "flood"}, 600); });
  std::vector<ClientPtr> light;
  for (int i = 0; i < 4 * 40; ++i) {
    sim.at(30 + 3.5 * i, [&, i] {
      light.push_back(sim.arrive({.n_prompt = 60, .n_answer = 24, .tenant = fmt::format("light-{}", i % 4)}));
    });
  }
  sim.run_until_idle();
  *n_refused = light.size() - count_if(light, [](const Client& c) { return c.answered(); });
  return quantile(ttfts(light), 0.95);
}

// What the flooder may have by right (as many as the places that the light ones leave), against 200 at a time.
TEST(Simulator, AFloodOfOneKey) {
  std::size_t refused_calm = 0, refused = 0;
  const double calm = light_p95(7, &refused_calm), flooded = light_p95(200, &refused);
  Row("one key with 200 requests at a time beside 4 light ones")
      .none("light ones refused", refused + refused_calm)
      .at_most("their TTFT p95, ratio", flooded / calm, 1.5);
}

// As bench/serve's flooder measures it: light users ask again and again beside 4 other users, and beside a flood that
// came before them and whose prompts have all places. -> p95 of their TTFT.
double light_users_p95(std::uint32_t n_flood) {
  constexpr double kEnd = 300;
  Options options;
  options.machine = {.step_s = 0.030, .decode_row_s = 0.0065, .prompt_token_s = 0.0085};
  options.limits.max_running = 16;
  Simulation sim(options);
  if (n_flood > 0) sim.keep(n_flood, {.n_prompt = 256, .n_answer = 64, .tenant = "flood"}, kEnd);
  for (int i = 0; n_flood == 0 && i < 4; ++i) {
    sim.keep(1, {.n_prompt = 256, .n_answer = 64, .tenant = fmt::format("other-{}", i)}, kEnd);
  }
  std::vector<ClientPtr> light;
  std::map<int, ClientPtr> last;
  for (int user = 0; user < 4; ++user) {
    sim.at(2 + 0.1 * user, [&, user] {
      sim.every(0.3, kEnd - 60, [&, user] {
        if (last[user] && last[user]->ended_s < 0) return;
        last[user] = sim.arrive({.n_prompt = 51, .n_answer = 16, .tenant = fmt::format("light-{}", user)});
        light.push_back(last[user]);
      });
    });
  }
  sim.run_until(kEnd);
  EXPECT_GE(light.size(), 100u);
  return quantile(ttfts(light), 0.95);
}

TEST(Simulator, LightUsersBesideAFloodThatCameFirst) {
  Row("64 requests of one key, there before 4 light users")
      .at_most("their TTFT p95, ratio", light_users_p95(64) / light_users_p95(0), 1.5);
}

// A new key for every request, so that each starts at the level of the least served: the old tenant, which was served
// more, has its turn by age.
TEST(Simulator, AFloodOfKeys) {
  Options options;
  options.limits.max_running = 8;
  Simulation sim(options);
  for (int i = 0; i < 3; ++i) sim.arrive({.n_prompt = 400, .n_answer = 400, .tenant = "old"});
  for (int i = 0; i < 400; ++i) {
    sim.at(10 + 2.3 * i,
           [&sim, i] { sim.arrive({.n_prompt = 100, .n_answer = 64, .tenant = fmt::format("key-{}", i)}); });
  }
  std::vector<ClientPtr> old;
  for (int i = 0; i < 10; ++i) {
    sim.at(200 + 60 * i, [&] { old.push_back(sim.arrive({.n_prompt = 100, .n_answer = 64, .tenant = "old"})); });
  }
  sim.run_until_idle();
  Row("a new key every 2.3 s, as much as the machine can do")
      .none("the old key's not answered", 10 - count_if(old, [](const Client& c) { return c.answered(); }))
      .at_most("its longest TTFT / s", quantile(ttfts(old), 1), 120);
}

TEST(Simulator, LowPriorityHasItsTurnByAge) {
  Options options;
  options.limits.max_running = 4;
  Simulation sim(options);
  ClientPtr patient;
  sim.at(5, [&] { patient = sim.arrive({.n_prompt = 50, .n_answer = 32, .tenant = "low", .priority = -5}); });
  for (int i = 0; i < 1200; ++i) {
    sim.at(2 + 0.4 * i, [&sim] { sim.arrive({.n_prompt = 50, .n_answer = 64, .tenant = "high", .priority = 5}); });
  }
  sim.run_until_idle();
  Row("low priority beside an endless line of high priority")
      .none("not answered", patient->answered() ? 0 : 1)
      .at_most("its TTFT / s", patient->ttft(), 120);
}

// Each newer request of a user makes the one before pointless.
TEST(Simulator, KeystrokesThatSupersede) {
  Options options;
  options.limits.max_running = 8;
  Simulation sim(options);
  std::vector<ClientPtr> last(16);
  std::size_t n_refused = 0;
  for (int round = 0; round < 100; ++round) {
    for (std::size_t user = 0; user < last.size(); ++user) {
      sim.at(1 + 0.3 * round + 0.01 * static_cast<double>(user), [&, user] {
        if (last[user]) sim.cancel(*last[user]);
        last[user] = sim.arrive({.n_prompt = 60, .n_answer = 16, .tenant = fmt::format("user-{}", user)});
        n_refused += last[user]->generation ? 0 : 1;
      });
    }
  }
  sim.run_until_idle();
  Row("16 users, each supersedes its request every 0.3 s")
      .none("refused", n_refused)
      .none("last ones not answered", last.size() - count_if(last, [](const Client& c) { return c.answered(); }))
      .at_most("their longest TTFT / all prompts alone", quantile(ttfts(last), 1) / (16 * sim.alone_s(60)), 3);
}

TEST(Simulator, MemoryForFewAndPriorities) {
  Options options;
  options.n_pages = 128;  // of 32 tokens
  options.limits.max_running = 16;
  Simulation sim(options);
  std::vector<ClientPtr> all;
  std::mt19937 random(11);
  for (int i = 0; i < 300; ++i) {
    const auto n_prompt = static_cast<std::uint32_t>(30 + random() % 1500);
    const std::int32_t priority = i % 10 == 0 ? 3 : 0;
    sim.at(1 + 3.0 * i, [&, n_prompt, priority] {
      all.push_back(sim.arrive(
          {.n_prompt = n_prompt, .n_answer = 100, .tenant = fmt::format("t{}", n_prompt % 3), .priority = priority}));
    });
  }
  sim.run_until_idle();
  Row("300 requests, memory for 4,096 tokens")
      .none("not answered", all.size() - count_if(all, [](const Client& c) { return c.answered(); }))
      .at_most("preemptions per request", static_cast<double>(sim.stats.preemptions.load()) / 300, 1.5);
}

TEST(Simulator, AnHourOfEverything) {
  Options options;
  options.n_pages = 1024;
  options.limits.max_running = 16;
  options.limits.queue_capacity = 64;
  options.machine.noise = 0.08;
  options.machine.late_part = 0.01;
  options.machine.slowness = [](double now_s) { return static_cast<int>(now_s / 300) % 3 == 1 ? 1.8 : 1; };
  Simulation sim(options);
  std::mt19937 random(5);
  double at = 1;
  std::size_t n_cancelled = 0, n_limited = 0;
  std::vector<ClientPtr> all;
  while (at < 3600) {
    at += -std::log(1 - static_cast<double>(random() % 10'000) / 10'000) * 9;
    Arrival arrival{.n_prompt = static_cast<std::uint32_t>(20 + random() % 600),
                    .n_answer = static_cast<std::uint32_t>(5 + random() % 120),
                    .tenant = fmt::format("t{}", random() % 5),
                    .priority = random() % 10 == 0 ? 2 : 0,
                    .max_tokens = 256};
    if (random() % 8 == 0) arrival.max_queue_s = 30, ++n_limited;
    if (random() % 10 == 0) arrival.max_itl_s = 0.2;
    if (random() % 4 == 0) arrival.prefix = static_cast<std::int32_t>(random() % 4);
    const bool cancels = random() % 10 == 0;
    n_cancelled += cancels ? 1 : 0;
    sim.at(at, [&, arrival, cancels] {
      all.push_back(sim.arrive(arrival));
      if (cancels) sim.at(sim.now_s() + 4, [&sim, client = all.back()] { sim.cancel(*client); });
    });
  }
  sim.run_until_idle();
  const std::size_t n_answered = count_if(all, [](const Client& c) { return c.answered(); });
  const Contention found = sim.contention();
  Row(fmt::format("an hour of {} requests, a machine that changes", all.size()))
      .at_least("answered or given up", static_cast<double>(n_answered + n_cancelled + n_limited),
                static_cast<double>(all.size()))
      .at_most("TTFT p99 / s", quantile(ttfts(all), 0.99), 120)
      .at_most("gap p90", found.gap_p90, 2.1);
  EXPECT_EQ(sim.pool.n_referenced(), 0u);
  EXPECT_EQ(sim.stats.live.load(), 0u);
}

}  // namespace
}  // namespace quern::test::sim
