// `quern bench`. Threads: main, plus the workers of the core pool.
#include "app/bench/measure.hpp"
#include "app/commands/commands.hpp"
#include "app/runtime.hpp"

#include <fmt/format.h>

namespace quern::app {

Result<int> bench(const Options& options) {
  QUERN_TRY(const auto runtime, Runtime::create(options.model, bench_load(options.bench)));
  QUERN_TRY(const BenchReport report, measure(*runtime, options.bench));
  fmt::print("{}", options.json ? bench_json(report) : bench_table(report));
  return kExitOk;
}

}  // namespace quern::app
