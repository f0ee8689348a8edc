// How fast this machine reads memory right now with the same workers that run the model: the yardstick of decode, which
// reads every weight once per step.
// Threads: from the thread that may call CorePool::run.
#pragma once

#include "base/byte_ledger.hpp"
#include "base/result.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/topology.hpp"

namespace quern::app {

// Bytes per second, the best of several passes over a buffer well beyond the caches.
// Errors: overloaded (budget), io (no memory).
Result<double> measure_read_roof(const kernels::Topology& topology, kernels::CorePool& pool, ByteLedger& ledger);

}  // namespace quern::app
