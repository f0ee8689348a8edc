// The embed loop without its thread: a test submits and steps by hand, with a fake clock and a fake embedder.
#pragma once

#include "sched/embed/embed_loop.hpp"

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace quern::test {

using Tokens = std::vector<engine::TokenId>;

// A vector is the text's length and the sum of its tokens. A step takes a millisecond for each token.
class FakeEmbedder final : public engine::Embedder {
 public:
  explicit FakeEmbedder(ManualClock& clock) : clock_(clock) {}

  std::uint32_t embedding_width(engine::Pooling) const noexcept override { return 2; }
  std::span<const std::uint32_t> embed(const engine::StepPlan& plan, engine::Pooling pooling,
                                       std::span<float> out) noexcept override {
    steps.push_back({});
    broken_.clear();
    poolings.push_back(pooling);
    for (std::uint32_t s = 0; s < plan.n_seqs(); ++s) {
      const Tokens text(plan.token.begin() + plan.seq_begin[s], plan.token.begin() + plan.seq_begin[s + 1]);
      steps.back().push_back(text);
      out[2 * s] = static_cast<float>(text.size());
      out[2 * s + 1] = 0;
      for (const engine::TokenId token : text) out[2 * s + 1] += static_cast<float>(token);
      if (text.front() == kBroken) broken_.push_back(s);
    }
    clock_.advance(std::chrono::milliseconds(plan.n_tokens()));
    if (during) during();
    return broken_;
  }

  static constexpr engine::TokenId kBroken = 66;
  std::vector<std::vector<Tokens>> steps;
  std::vector<engine::Pooling> poolings;
  std::function<void()> during;

 private:
  ManualClock& clock_;
  std::vector<std::uint32_t> broken_;
};

class EmbedLoopTest : public testing::Test {
 protected:
  explicit EmbedLoopTest(const sched::SchedulerLimits& limits = {.queue_capacity = 8, .max_running = 4})
      : queue_(2 * limits.queue_capacity + limits.max_running),
        loop_({embedder_, limits_, cost_, clock_, queue_, *signal_, stats_, seat_}, limits) {}

  struct Wish {
    std::string tenant = "a";
    std::int32_t priority = 0;
    std::optional<Duration> deadline = {}, max_queue = {};
    engine::Pooling pooling = engine::Pooling::mean;
  };
  std::shared_ptr<sched::Generation> submit(std::vector<Tokens> texts, Wish wish) {
    auto out = std::make_shared<sched::Generation>();
    out->id = conductor_.next_id();
    out->submitted = clock_.now();
    out->times.start(clock_.now());
    out->request = {
        .tenant = wish.tenant, .priority = wish.priority, .max_queue = wish.max_queue, .deadline = wish.deadline};
    sched::EmbedWork work{.texts = std::move(texts), .pooling = wish.pooling, .width = 2};
    for (const Tokens& text : work.texts) work.n_tokens += static_cast<std::uint32_t>(text.size());
    work.values.resize(2 * work.texts.size());
    out->embed = std::move(work);
    out->stream = std::make_shared<sched::TokenStream>(1, io_.get_executor(), signal_);
    stats_.live.fetch_add(1);
    EXPECT_TRUE(queue_.push(out));
    return out;
  }
  std::shared_ptr<sched::Generation> submit(std::vector<Tokens> texts) { return submit(std::move(texts), {}); }
  void run() {
    for (int i = 0; i < 1000 && loop_.step(); ++i) {
    }
    EXPECT_FALSE(loop_.step());
    EXPECT_EQ(stats_.live.load(), 0u);
    EXPECT_EQ(queue_.size(), 0u);
    EXPECT_EQ(stats_.running.load(), 0u);
  }
  static Tokens text_of(std::size_t n, engine::TokenId token = 1) { return Tokens(n, token); }

  boost::asio::io_context io_;
  ManualClock clock_;
  FakeEmbedder embedder_{clock_};
  const engine::BackendLimits limits_{
      .max_tokens_per_step = 100, .max_seqs_per_step = 8, .max_logits_per_step = 100, .max_context = 64};
  const engine::ContextCost cost_;
  const std::shared_ptr<sched::EngineSignal> signal_ = std::make_shared<sched::EngineSignal>();
  sched::Stats stats_;
  sched::Conductor conductor_;
  sched::Conductor::Seat seat_{conductor_};
  sched::SubmissionQueue queue_;
  sched::EmbedLoop loop_;
};

}  // namespace quern::test
