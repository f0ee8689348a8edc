// `quern bench`. Threads: main, plus the workers of the core pool.
#include "app/bench/measure.hpp"
#include "app/bench/roofs.hpp"
#include "app/commands/commands.hpp"
#include "app/model_store.hpp"
#include "app/runtime.hpp"

#include <fmt/format.h>

namespace quern::app {
namespace {

Result<int> bench_roofs(const Options& options) {
  QUERN_TRY(const kernels::Topology topology, kernels::read_topology());
  QUERN_TRY(const auto pool,
            kernels::CorePool::create(
                topology, {.n_workers = options.model.threads, .pin = options.model.pin, .pin_caller = true}));
  ByteLedger ledger(memory_budget(options.model));
  QUERN_TRY(RoofMeter meter, RoofMeter::create(topology, *pool, ledger));
  const std::vector<RoofLine> lines = measure_all(meter, pool->n_workers());
  fmt::print("{}", options.json ? roof_json(lines) : roof_table(lines));
  return kExitOk;
}

}  // namespace

Result<int> bench(const Options& options) {
  if (options.bench.roof) return bench_roofs(options);
  ModelOptions model_options = options.model;
  QUERN_CHECK(locate_models(model_options));
  QUERN_TRY(const auto runtime, Runtime::create(model_options, bench_load(options.bench)));
  QUERN_TRY(const BenchReport report, measure(*runtime, options.bench));
  fmt::print("{}", options.json ? bench_json(report) : bench_table(report));
  return kExitOk;
}

}  // namespace quern::app
