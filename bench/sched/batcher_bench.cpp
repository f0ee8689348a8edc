// Choosing who takes part in a step: n running sequences, one in eight of them a prompt.
#include "sched/batcher.hpp"

#include <vector>

#include <benchmark/benchmark.h>

namespace quern::sched {
namespace {

void choose(benchmark::State& state) {
  const auto n = static_cast<std::uint32_t>(state.range(0));
  std::vector<BatchInput> inputs(n);
  for (std::uint32_t i = 0; i < n; i += 8) inputs[i].n_prompt_left = 100 + i;
  Batcher batcher({}, n);
  std::uint64_t turn = 0;
  for (auto _ : state) {
    for (const BatchShare& share : batcher.choose(inputs)) inputs[share.index].last_turn = ++turn;
  }
  state.SetItemsProcessed(state.iterations() * n);
}
BENCHMARK(choose)->Arg(1)->Arg(16)->Arg(64)->Arg(256);  // 256: four times the places of a step

}  // namespace
}  // namespace quern::sched
