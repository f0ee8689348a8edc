// Pinned compute workers. The thread that calls run() is worker 0; n - 1 further threads wait for work: they spin
// briefly (so that the ~10 stages of a layer cost microseconds) and then sleep in a futex (so that on a small or
// throttled machine the I/O thread gets its turn). With more workers than CPUs they do not spin at all: a spinner would
// only keep the worker that it waits for from running.
// Threads: run() from one thread at a time (the engine thread). Ownership: joins its threads on destruction.
// No mutex, no allocation in run().
#pragma once

#include "base/result.hpp"
#include "kernels/topology.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <type_traits>
#include <vector>

namespace quern::kernels {

struct CoreWatch;  // kernels/worker_placement.hpp

struct CorePoolOptions {
  // 0: topology.default_workers(). More than there are cores is allowed (tests); they are then not pinned.
  std::uint32_t n_workers = 0;
  // Binds workers to cores, to those that nobody else uses where there are any: the log says which and why.
  bool pin = true;
  const CoreWatch* watch = nullptr;  // how others' use of cores is known; nullptr: from this machine
  // Also binds the thread that calls create(), as worker 0. Threads that it starts later inherit the binding.
  bool pin_caller = false;
  // Pauses before a waiting thread sleeps. 0: as many as fill kDefaultSpinTime, or 1 where CPUs are short.
  std::uint32_t spin_iterations = 0;
};

// How long a waiting thread spins before it sleeps: about as long as a wake-up takes, so that the wait costs at most
// twice what the better choice would have cost. Measured by core_pool_bench, medians of 7, 2 workers on 2 cores of an
// EPYC (Zen 3) virtual machine. At real-time priority, so undisturbed: run() of an empty body takes 0.45 us while
// workers spin and 28 to 57 us when they must be woken; a barrier takes 0.25 us. At normal priority with a load of 12
// on the 2 cores: run() takes 13 us, and took 300 us before Spinner learned to rest.
inline constexpr std::chrono::microseconds kDefaultSpinTime{50};
inline constexpr std::uint32_t kWorkersMax = 1024;

class CorePool {
 public:
  // Errors: io when a thread cannot be started; bad_input for an absurd worker count.
  static Result<std::unique_ptr<CorePool>> create(const Topology& topology, const CorePoolOptions& options);
  ~CorePool();
  CorePool(const CorePool&) = delete;
  CorePool& operator=(const CorePool&) = delete;

  std::uint32_t n_workers() const noexcept;
  std::uint32_t node_of(std::uint32_t worker) const noexcept;  // index into Topology::nodes
  std::uint32_t n_nodes() const noexcept;
  std::uint32_t spin_iterations() const noexcept;  // what waiting threads really do

  // Binds the calling thread to worker 0's core: for an engine thread that did not call create() itself.
  // Nothing happens where workers are not pinned.
  void pin_caller() const noexcept;

  // Calls body(worker_index) once on every worker and returns when all are done. body must not throw or call run().
  // What the caller wrote before is visible to the workers, and what they wrote to the caller afterwards.
  template <class F>
  void run(F&& body) noexcept {
    run_erased(
        [](void* context, std::uint32_t worker) { (*static_cast<std::remove_reference_t<F>*>(context))(worker); },
        const_cast<void*>(static_cast<const void*>(&body)));
  }

  // Inside run() only: returns once every worker has called it as often as this one, so that several stages can share
  // one run(). Every worker must make the same number of calls. worker: the index that the body was given.
  void barrier(std::uint32_t worker) noexcept;

 private:
  struct Impl;
  explicit CorePool(std::unique_ptr<Impl> impl);
  void run_erased(void (*body)(void*, std::uint32_t), void* context) noexcept;
  std::unique_ptr<Impl> impl_;
};

// [begin, end) of `worker`'s share of n items in units of `granularity`; shares differ by at most one unit.
struct Range {
  std::size_t begin, end;
};
Range share_of(std::size_t n, std::size_t granularity, std::uint32_t worker, std::uint32_t n_workers) noexcept;

}  // namespace quern::kernels
