// Runs the measurements of `quern bench` on a loaded model: drives the executor with step plans, without scheduler,
// sampling or network. Threads: the calling thread is worker 0 of the pool.
#pragma once

#include "app/bench/report.hpp"
#include "app/options/options.hpp"
#include "app/runtime.hpp"
#include "base/result.hpp"

namespace quern::app {

// What the executor must have room for.
Load bench_load(BenchOptions options);

// Errors: bad_input where the model's context or the KV pages are too small, naming the option that would help.
Result<BenchReport> measure(Runtime& runtime, BenchOptions options);

}  // namespace quern::app
