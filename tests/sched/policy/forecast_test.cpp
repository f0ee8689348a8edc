#include "sched/policy/forecast.hpp"

#include <gtest/gtest.h>

namespace quern::sched::policy {
namespace {

// A decode row takes 10 ms beside 20 ms for the step, a prompt token 5 ms.
CostModel costs() {
  CostModel model{{}};
  TimePoint now{};
  for (int i = 0; i < 200; ++i) {
    const StepShape step{.n_decodes = 1u + static_cast<std::uint32_t>(i % 8), .prefill_work = i % 3 * 20.0};
    const std::chrono::duration<double> took(0.02 + 0.01 * step.n_decodes + 0.005 * step.prefill_work);
    now += std::chrono::duration_cast<Duration>(took);
    model.observe(step, std::chrono::duration_cast<Duration>(took), now);
  }
  return model;
}

class ForecastTest : public testing::Test {
 protected:
  ForecastTest() {
    line.tenant_weights = {1, 1};
    line.max_running = 2;
    line.prefill_tokens_per_step = 256;
    line.max_tokens_per_step = 512;
  }
  Player player(std::uint64_t id, std::uint32_t n_prompt, std::uint32_t n_answer, std::int32_t priority = 0,
                std::uint32_t tenant = 0) {
    return {.urgency = {.priority = priority, .tenant = tenant, .id = id}, .n_known = n_prompt, .n_answer = n_answer};
  }
  Player stream(std::uint64_t id, std::uint32_t n_answer, std::int32_t priority = 0) {
    Player out = player(id, 100, n_answer, priority);
    out.n_computed = 99;
    return out;
  }
  Forecast of(std::uint64_t id, double horizon_s = 1000) { return forecast(line, model, {}, id, horizon_s); }

  const CostModel model = costs();
  Lineup line;
};

TEST_F(ForecastTest, NothingIsKnownBeforeTheFirstStep) {
  line.waiting = {player(1, 10, 10)};
  EXPECT_FALSE(forecast(line, CostModel({}), {}, 1, 10).known);
}

TEST_F(ForecastTest, AnIdleMachineStartsAtOnce) {
  line.waiting = {player(1, 200, 10)};
  const Forecast found = of(1);
  EXPECT_TRUE(found.known);
  EXPECT_EQ(found.starts_s, 0);
  EXPECT_NEAR(found.first_token_s, 1.0, 0.1);
}

TEST_F(ForecastTest, ItWaitsForThePlaceThatIsFreeFirst) {
  line.running = {stream(1, 100), stream(2, 50)};  // steps of 40 ms
  line.waiting = {player(3, 20, 10)};
  EXPECT_NEAR(of(3).starts_s, 2.0, 0.1);
  line.waiting.push_back(player(4, 20, 10));
  EXPECT_GT(of(4).starts_s, of(3).starts_s + 0.3) << "after the answer of the one before it";
  EXPECT_LT(of(4).starts_s, 4.0);
}

TEST_F(ForecastTest, PriorityTakesAPlace) {
  line.running = {stream(1, 10'000), stream(2, 10'000)};
  for (std::uint64_t i = 3; i < 50; ++i) line.waiting.push_back(player(i, 100, 100));
  line.waiting.push_back(player(99, 20, 10, 100));
  EXPECT_EQ(of(99).starts_s, 0);
  EXPECT_LT(of(99).first_token_s, 1);
  line.preempt = false;
  EXPECT_GT(of(99).starts_s, 300);
}

TEST_F(ForecastTest, ATenantWithLessGoesFirst) {
  line.running = {stream(1, 100), stream(2, 10'000)};
  for (std::uint64_t i = 3; i < 50; ++i) line.waiting.push_back(player(i, 100, 100));
  for (Player& p : line.waiting) p.urgency.served = 1000;
  for (Player& p : line.running) p.urgency.served = 1000;
  line.waiting.push_back(player(99, 20, 10, 0, 1));
  EXPECT_EQ(of(99).starts_s, 0) << "the other one holds both places";
}

TEST_F(ForecastTest, WhoDoesNotReadHoldsNoPlace) {
  line.running = {stream(1, 100), stream(2, 10'000)};
  line.running[1].stuck = true;
  line.waiting = {player(3, 20, 10)};
  EXPECT_EQ(of(3).starts_s, 0);
  line.preempt = false;
  EXPECT_NEAR(of(3).starts_s, 3, 0.2);
}

TEST_F(ForecastTest, NotBeforeTheHorizonIsNever) {
  line.running = {stream(1, 10'000), stream(2, 10'000)};
  line.waiting = {player(3, 20, 10)};
  const Forecast found = of(3, 5);
  EXPECT_TRUE(found.known);
  EXPECT_EQ(found.starts_s, Forecast::kNever);
  EXPECT_EQ(found.first_token_s, Forecast::kNever);
}

TEST_F(ForecastTest, EverybodyStuckIsNever) {
  line.running = {stream(1, 10), stream(2, 10)};
  for (Player& p : line.running) p.stuck = true;
  line.preempt = false;
  line.waiting = {player(3, 20, 10)};
  EXPECT_EQ(of(3).starts_s, Forecast::kNever);
}

TEST_F(ForecastTest, ALineTooLongIsNotKnown) {
  line.running = {stream(1, 1), stream(2, 1)};
  for (std::uint64_t i = 3; i < 9000; ++i) line.waiting.push_back(player(i, 2, 1));
  EXPECT_FALSE(of(8999, 1e9).known);
}

}  // namespace
}  // namespace quern::sched::policy
