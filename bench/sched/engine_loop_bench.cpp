// What scheduling costs per step: everything but forward(), with n sequences that decode greedily over 1024 tokens of
// vocabulary. To be compared with a step of a small model: milliseconds.
#include "sched/engine_loop.hpp"
#include "tests/sched/fake_tokenizer.hpp"

#include <vector>

#include <benchmark/benchmark.h>
#include <boost/asio/io_context.hpp>

namespace quern::sched {
namespace {

class NullBackend final : public engine::Backend {
 public:
  NullBackend() { info_.n_vocab = 1024; }
  const engine::ModelInfo& info() const noexcept override { return info_; }
  const engine::BackendLimits& limits() const noexcept override { return limits_; }
  void forward(const engine::StepPlan&, std::span<float>) noexcept override {}

 private:
  engine::ModelInfo info_;
  engine::BackendLimits limits_{.max_context = 1u << 20};
};

void decode_step(benchmark::State& state) {
  constexpr std::uint32_t kPageTokens = 32, kTokensEach = 1000;
  const auto n = static_cast<std::uint32_t>(state.range(0));
  NullBackend backend;
  kv::PagePool pool(n * (kTokensEach / kPageTokens + 2));
  const test::FakeTokenizer tokenizer(1024, -1);
  const SteadyClock clock;
  SubmissionQueue queue(n);
  EngineSignal signal;
  Stats stats;
  SchedulerLimits limits;
  limits.max_running = n;
  EngineLoop loop({backend, pool, tokenizer, clock, queue, signal, stats}, limits, kPageTokens);
  boost::asio::io_context io;
  const auto stream_signal = std::make_shared<EngineSignal>();
  std::vector<std::shared_ptr<Generation>> generations(n);

  const auto submit_all = [&] {
    for (auto& generation : generations) {
      generation = std::make_shared<Generation>();
      generation->request.prompt = {1, 2, 3};
      generation->request.max_tokens = kTokensEach;
      generation->n_pages_needed = kv::pages_for(kTokensEach + 3, kPageTokens);
      generation->request.sampling.temperature = 0;
      generation->sampler.emplace(generation->request.sampling, 1024, nullptr);
      generation->stream = std::make_shared<TokenStream>(kTokensEach, io.get_executor(), stream_signal);
      queue.push(generation);
    }
    signal.raise();
    loop.step();
  };
  for (auto _ : state) {
    if (!loop.step()) {  // all have ended
      state.PauseTiming();
      submit_all();
      state.ResumeTiming();
    }
  }
  loop.shut_down();
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(decode_step)->Arg(1)->Arg(16)->Arg(64);

}  // namespace
}  // namespace quern::sched
