// Time of one sampled token, on the engine thread for every sequence of a step: 64 sequences at 100 us are 6.4 ms.
// Logits are bell-shaped with a heavy head, like a model's; the history is 2000 tokens.
#include "engine/sampling/rng.hpp"
#include "engine/sampling/row_check.hpp"
#include "engine/sampling/sampler.hpp"

#include <cmath>
#include <cstdint>
#include <string>
#include <vector>

#include <benchmark/benchmark.h>

namespace {

using quern::engine::TokenId;
using quern::engine::sampling::find_fault;
using quern::engine::sampling::Rng;
using quern::engine::sampling::Sampler;
using quern::engine::sampling::SamplingParams;

std::vector<float> model_like_logits(std::size_t n, std::uint64_t seed) {
  Rng rng(seed);
  std::vector<float> logits(n);
  for (float& logit : logits) {
    double sum = -6.0;
    for (int i = 0; i < 12; ++i) sum += rng.uniform();
    logit = static_cast<float>(2.5 * sum);
  }
  for (int i = 0; i < 200; ++i) logits[rng.next() % n] += static_cast<float>(12.0 / (1.0 + 0.1 * i));
  return logits;
}

SamplingParams all_off() {
  SamplingParams p;
  p.temperature = 1.0f;
  p.top_k = 0;
  p.top_p = 1.0f;
  p.min_p = 0.0f;
  p.seed = 1;
  p.has_seed = true;
  return p;
}

SamplingParams greedy() {
  SamplingParams p;
  p.temperature = 0.0f;
  return p;
}

SamplingParams penalized() {
  SamplingParams p;
  p.repeat_penalty = 1.1f;
  return p;
}

SamplingParams top_p_only() {
  SamplingParams p = all_off();
  p.top_p = 0.95f;
  return p;
}

SamplingParams min_p_only() {
  SamplingParams p = all_off();
  p.min_p = 0.05f;
  return p;
}

SamplingParams everything() {  // and no top-k, so that the later stages see all that top-n-sigma leaves
  SamplingParams p;
  p.top_k = 0;
  p.repeat_penalty = 1.1f;
  p.frequency_penalty = 0.1f;
  p.repeat_last_n = -1;
  p.dry_multiplier = 0.8f;
  p.top_n_sigma = 3.0f;
  p.typical_p = 0.98f;
  p.xtc_probability = 0.5f;
  p.dynatemp_range = 0.3f;
  p.logit_bias = {{5, 1.0f}, {77, -2.0f}};
  return p;
}

void sample(benchmark::State& state, const SamplingParams& params, bool want_logprob) {
  const auto n_vocab = static_cast<std::uint32_t>(state.range(0));
  Sampler sampler(params, n_vocab, nullptr);
  Rng rng(3);
  for (int i = 0; i < 2000; ++i) sampler.accept(static_cast<TokenId>(rng.next() % 500));
  std::vector<std::vector<float>>
      rows;  // as many as a step has: 4 MB and more, so they come from memory as they do there
  for (std::uint64_t i = 0; i < 16; ++i) rows.push_back(model_like_logits(n_vocab, i));
  std::size_t row = 0;
  for (auto _ : state) benchmark::DoNotOptimize(sampler.sample(rows[row++ % rows.size()], want_logprob));
}

void check(benchmark::State& state) {
  const std::vector<float> row = model_like_logits(static_cast<std::uint32_t>(state.range(0)), 1);
  for (auto _ : state) benchmark::DoNotOptimize(find_fault(row));
}
BENCHMARK(check)->Arg(32000)->Arg(128256)->Unit(benchmark::kMicrosecond);

#define QUERN_SAMPLING_BENCH(name, params, logprob) \
  BENCHMARK_CAPTURE(sample, name, params, logprob)->Arg(32000)->Arg(128256)->Unit(benchmark::kMicrosecond)
QUERN_SAMPLING_BENCH(greedy, greedy(), false);
QUERN_SAMPLING_BENCH(greedy_logprob, greedy(), true);
QUERN_SAMPLING_BENCH(default_chain, SamplingParams(), false);
QUERN_SAMPLING_BENCH(default_and_penalty, penalized(), false);
QUERN_SAMPLING_BENCH(min_p_only, min_p_only(), false);
QUERN_SAMPLING_BENCH(top_p_only, top_p_only(), false);
QUERN_SAMPLING_BENCH(plain_softmax, all_off(), false);
QUERN_SAMPLING_BENCH(everything_on, everything(), false);

}  // namespace

BENCHMARK_MAIN();
