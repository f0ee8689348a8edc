// What all models of a process share: the memory budget, cores, kernels, and whose step is next. Threads: create() from
// one; the parts as their headers say. Ownership: outlives the models that use it.
#pragma once

#include "app/options/options.hpp"
#include "app/weights_pool.hpp"
#include "base/byte_ledger.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/topology.hpp"
#include "sched/conductor.hpp"

#include <memory>

namespace quern::app {

// Bytes that the process may use: --memory, or nine tenths of what the machine (or its cgroup) has left, which it logs.
std::uint64_t memory_budget(const ModelOptions& options);

class Machine {
 public:
  // Errors: those of reading the topology and starting threads; unsupported for QUERN_FORCE_ISA.
  static Result<std::unique_ptr<Machine>> create(const ModelOptions& options);

  const Clock& clock() const noexcept { return clock_; }
  ByteLedger& ledger() noexcept { return ledger_; }
  const kernels::Topology& topology() const noexcept { return topology_; }
  const kernels::KernelTable& kernels() const noexcept { return *kernels_; }
  kernels::CorePool& pool() noexcept { return *pool_; }
  sched::Conductor& conductor() noexcept { return *conductor_; }
  WeightsPool& weights() noexcept { return weights_; }
  std::uint64_t bytes_left() const noexcept { return ledger_.budget() - ledger_.used(); }

 private:
  explicit Machine(std::uint64_t budget_bytes) : ledger_(budget_bytes) {}

  SteadyClock clock_;
  ByteLedger ledger_;
  kernels::Topology topology_;
  const kernels::KernelTable* kernels_ = nullptr;
  std::unique_ptr<kernels::CorePool> pool_;
  std::unique_ptr<sched::Conductor> conductor_;
  WeightsPool weights_;
};

}  // namespace quern::app
