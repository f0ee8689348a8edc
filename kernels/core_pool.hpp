// Pinned compute workers. The thread that calls run() is worker 0; n - 1 further threads wait for work: they spin
// briefly (so that the ~10 stages of a layer cost microseconds) and then sleep in a futex (so that on a small or
// throttled machine the I/O thread gets its turn).
// Threads: run() from one thread at a time (the engine thread). Ownership: joins its threads on destruction.
// No mutex, no allocation in run().
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "base/result.hpp"
#include "kernels/topology.hpp"

namespace quern::kernels {

struct CorePoolOptions {
  std::uint32_t n_workers = 0;  // 0: topology.default_workers(). More than cores is allowed (tests); they are not pinned.
  bool pin = true;
  bool pin_caller = false;      // also bind the calling thread (worker 0) to its core
  std::uint32_t spin_iterations = 0;  // 0: a default that is measured in docs/PERFORMANCE.md
};

class CorePool {
 public:
  // Errors: io when a thread cannot be started; bad_input for an absurd worker count.
  static Result<std::unique_ptr<CorePool>> create(const Topology& topology, const CorePoolOptions& options);
  ~CorePool();

  std::uint32_t n_workers() const noexcept;
  std::uint32_t node_of(std::uint32_t worker) const noexcept;  // index into Topology::nodes
  std::uint32_t n_nodes() const noexcept;

  // Calls body(worker_index) once on every worker and returns when all are done. body must not throw or call run().
  template <class F>
  void run(F&& body) noexcept {
    run_erased([](void* context, std::uint32_t worker) { (*static_cast<std::remove_reference_t<F>*>(context))(worker); },
               &body);
  }

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
