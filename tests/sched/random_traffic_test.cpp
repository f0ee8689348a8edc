// Properties of the engine loop under random traffic, on one thread and a fake clock: every request gets exactly its
// tokens (or, cancelled, a prefix of them), promises of pages are kept, nobody starves, nothing leaks.
#include "tests/sched/engine_harness.hpp"

#include <algorithm>
#include <random>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

using test::EngineHarness;

class Traffic {
 public:
  explicit Traffic(std::uint32_t seed) : random_(seed), harness_(options()) {
    harness_.backend.on_forward = [this](const engine::StepPlan&) {
      if (one_in(40)) cancel_any();  // inside the step
    };
  }

  void run(int n_actions) {
    for (int i = 0; i < n_actions; ++i) act();
    readers_ = all_;  // everybody reads again
    ASSERT_TRUE(harness_.run_until_idle(readers_, 20'000)) << "somebody starves";
    for (const auto& client : all_) check(*client);
    harness_.expect_all_free();
    EXPECT_LE(harness_.backend.max_step_tokens(), harness_.options_.backend.limits.max_tokens_per_step);
    EXPECT_EQ(all_.size(), harness_.stats.finished_stop + harness_.stats.finished_length +
                               harness_.stats.finished_cancelled + harness_.stats.finished_failed);
    EXPECT_EQ(harness_.stats.finished_failed.load(), 0u);
  }

 private:
  std::uint32_t below(std::uint32_t n) { return static_cast<std::uint32_t>(random_() % n); }
  bool one_in(std::uint32_t n) { return below(n) == 0; }

  EngineHarness::Options options() {
    EngineHarness::Options out;
    out.backend.page_tokens = 8u << below(2);
    out.backend.n_pages = 16 + below(30);
    out.backend.limits = {.max_tokens_per_step = 6 + below(40),
                          .max_seqs_per_step = 2 + below(10),
                          .max_logits_per_step = 2 + below(10),
                          .max_context = 8 * 16};
    out.limits = {.queue_capacity = 4 + below(20),
                  .max_running = 1 + below(14),
                  .prefill_tokens_per_step = 1 + below(20),
                  .stream_capacity = 1 + below(6)};
    return out;
  }

  void act() {
    switch (below(8)) {
      case 0:
      case 1:
        submit();
        break;
      case 2:
        if (one_in(3)) cancel_any();
        break;
      case 3:
        toggle_reader();
        break;
      default:
        harness_.step();
        break;
    }
    for (const auto& client : readers_) {
      if (!one_in(4)) harness_.read(client, 1 + below(4));
    }
  }

  void submit() {
    std::vector<engine::TokenId> prompt(1 + below(one_in(4) ? 100 : 20));
    for (engine::TokenId& token : prompt) token = static_cast<engine::TokenId>(below(97));
    GenerateRequest request = test::greedy_request(std::move(prompt), 1 + below(28));
    request.ignore_eos = one_in(2);
    const bool has_place = harness_.queue.size() < harness_.queue.capacity();
    const auto client = harness_.submit(std::move(request));
    EXPECT_EQ(client != nullptr, has_place);
    if (!client) return;
    all_.push_back(client);
    readers_.push_back(client);
  }

  void cancel_any() {
    if (all_.empty()) return;
    const auto& client =
        all_[all_.size() - 1 - below(std::min<std::uint32_t>(20, static_cast<std::uint32_t>(all_.size())))];
    harness_.cancel(*client);
    cancelled_.push_back(client);
  }

  void toggle_reader() {
    if (all_.empty()) return;
    const auto client = all_[below(static_cast<std::uint32_t>(all_.size()))];
    if (std::erase(readers_, client) == 0) readers_.push_back(client);
  }

  void check(const test::Client& client) {
    const test::Expected want = test::expected_output(client.request, 97);
    if (client.finish == FinishReason::cancelled) {
      const bool asked =
          std::any_of(cancelled_.begin(), cancelled_.end(), [&](const auto& c) { return c.get() == &client; });
      EXPECT_TRUE(asked) << "cancelled without anybody asking for it";
      ASSERT_LE(client.tokens.size(), want.tokens.size());
      EXPECT_TRUE(std::equal(client.tokens.begin(), client.tokens.end(), want.tokens.begin()));
    } else {
      EXPECT_EQ(client.finish, want.finish);
      EXPECT_EQ(client.tokens, want.tokens);
    }
    EXPECT_EQ(client.generation->n_pages.load(), 0u);
  }

  std::mt19937 random_;
  EngineHarness harness_;
  std::vector<std::shared_ptr<test::Client>> all_, readers_, cancelled_;
};

class RandomTraffic : public testing::TestWithParam<std::uint32_t> {};

TEST_P(RandomTraffic, KeepsItsPromises) {
  for (std::uint32_t round = 0; round < 25; ++round) {
    SCOPED_TRACE(testing::Message() << "seed " << GetParam() * 100 + round);
    Traffic(GetParam() * 100 + round).run(400);
    if (HasFatalFailure() || HasNonfatalFailure()) return;
  }
}
INSTANTIATE_TEST_SUITE_P(Seeds, RandomTraffic, testing::Range(0u, 8u));

}  // namespace
}  // namespace quern::sched
