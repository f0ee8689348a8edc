#include "kernels/core_pool.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "kernels/core_claims.hpp"
#include "kernels/cpu_load.hpp"
#include "kernels/wait_word.hpp"
#include "kernels/worker_placement.hpp"

#include <algorithm>
#include <cstring>
#include <span>
#include <string>
#include <system_error>
#include <thread>
#include <utility>

#include <fmt/ranges.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>

namespace quern::kernels {
namespace {

// CPUs that run our threads at the same time: with fewer than workers, spinning is harmful.
double usable_cpus(const Topology& topology) noexcept {
  const auto cores = static_cast<double>(topology.cores.size());
  return topology.cpu_quota > 0 ? std::min(cores, topology.cpu_quota) : cores;
}

// One pause takes 10 to 140 cycles depending on the CPU, so the number of iterations is derived from a time.
std::uint32_t iterations_for(std::chrono::nanoseconds time) {
  constexpr std::uint32_t kProbe = 2000;
  using Clock = std::chrono::steady_clock;
  auto best = Clock::duration::max();  // the shortest of three: the others were interrupted
  for (int attempt = 0; attempt < 3; ++attempt) {
    WaitWord word;
    const Clock::time_point begin = Clock::now();
    for (std::uint32_t i = 0; i < kProbe && word.load() == 0; ++i) cpu_relax();
    best = std::min(best, Clock::now() - begin);
  }
  const auto probe_ns = std::max<std::int64_t>(1, std::chrono::nanoseconds(best).count());
  return static_cast<std::uint32_t>(std::clamp<std::int64_t>(time.count() * kProbe / probe_ns, 1, 1'000'000));
}

// Binds the thread to these CPUs, one or several.
void pin(pthread_t thread, std::span<const std::uint32_t> os_cpus) noexcept {
  const std::size_t n_cpus = std::size_t{1} + *std::ranges::max_element(os_cpus);
  cpu_set_t* set = CPU_ALLOC(n_cpus);
  if (set == nullptr) return;
  const std::size_t bytes = CPU_ALLOC_SIZE(n_cpus);
  CPU_ZERO_S(bytes, set);
  for (const std::uint32_t cpu : os_cpus) CPU_SET_S(cpu, bytes, set);
  const int code = ::pthread_setaffinity_np(thread, bytes, set);
  CPU_FREE(set);
  if (code == 0) return;
  log::warn("core pool: cannot bind a worker to CPU {}: {}; it runs unbound", fmt::join(os_cpus, ","),
            std::strerror(code));
}

// Long enough for the 10 ms ticks of /proc/stat to tell a busy CPU from a free one, short beside loading a model.
constexpr std::chrono::milliseconds kLoadWindow{100};

void log_choice(const WorkerChoice& choice) {
  std::string why;
  if (!choice.taken.empty()) {
    why += fmt::format("; CPU {} has a worker of another process", fmt::join(choice.taken, ","));
  }
  if (!choice.busy.empty()) why += fmt::format("; CPU {} is busy", fmt::join(choice.busy, ","));
  std::vector<std::uint32_t> cpus;
  for (const WorkerPlace& place : choice.places) cpus.push_back(place.os_cpu);
  if (choice.shared) {
    log::info("workers: too few free cores for {}, so they are not bound{}", choice.places.size(), why);
  } else {
    log::info("workers: bound to CPU {}{}", fmt::join(cpus, ","), why);
  }
}

// While it lives, threads started by this one block all signals, so that handlers run on the application's own threads.
class BlockSignals {
 public:
  BlockSignals() noexcept {
    sigset_t all;
    ::sigfillset(&all);
    for (const int fault : {SIGBUS, SIGSEGV, SIGFPE, SIGILL, SIGABRT, SIGTRAP}) ::sigdelset(&all, fault);
    ::pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~BlockSignals() { ::pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  BlockSignals(const BlockSignals&) = delete;
  BlockSignals& operator=(const BlockSignals&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

struct CorePool::Impl {
  // Written by the caller before start.advance(), read by workers after they saw it.
  void (*body)(void*, std::uint32_t) = nullptr;
  void* context = nullptr;
  bool stop = false;

  WaitWord start;       // counts run() calls
  WaitWord unfinished;  // workers other than 0 that have not returned from body
  WaitWord arrived;     // barrier(): workers still to come
  WaitWord passed;      // barrier(): counts completed barriers

  std::vector<WorkerPlace> places;
  CoreClaims claims;
  // What each worker is bound to: its core; where workers are more than cores, all cores of its node. Empty: nothing.
  std::vector<std::vector<std::uint32_t>> bound_to;
  std::uint32_t n_workers = 1, n_nodes = 1;
  std::vector<Spinner> spinners;  // [n_workers] each used by its worker only
  std::vector<std::thread> threads;

  void work(std::uint32_t worker) noexcept {
    for (std::uint32_t seen = 0;;) {
      seen = start.await_change(seen, spinners[worker]);
      if (stop) return;
      body(context, worker);
      unfinished.count_down();
    }
  }

  void choose_cores(const Topology& topology, const CorePoolOptions& options);
  Status start_threads();
};

void CorePool::Impl::choose_cores(const Topology& topology, const CorePoolOptions& options) {
  const CoreWatch machine{.load = [] { return measure_cpu_load(kLoadWindow); },
                          .claim = [this](std::uint32_t cpu) { return claims.claim(cpu); },
                          .disclaim = [this](std::uint32_t cpu) { claims.release(cpu); }};
  const bool binds = options.pin && topology.bindable;
  if (binds && n_workers <= topology.cores.size()) {
    const WorkerChoice choice = choose_places(topology, n_workers, options.watch != nullptr ? *options.watch : machine);
    log_choice(choice);
    places = choice.places;
  } else {
    places = place_workers(topology, n_workers);
  }
  bound_to.resize(n_workers);
  for (std::uint32_t worker = 0; binds && worker < n_workers; ++worker) {
    if (places[worker].os_cpu != kNoCpu) {
      bound_to[worker] = {places[worker].os_cpu};
    } else if (topology.nodes.size() > 1) {  // its part of the weights is there
      for (const std::uint32_t core : topology.nodes[places[worker].node].cores) {
        bound_to[worker].push_back(topology.cores[core].os_cpu);
      }
    }
  }
}

Status CorePool::Impl::start_threads() {
  const BlockSignals for_new_threads;
  threads.reserve(n_workers - 1);
  for (std::uint32_t worker = 1; worker < n_workers; ++worker) {
    try {
      threads.emplace_back([this, worker] { work(worker); });
    } catch (const std::system_error& e) {
      return fail(Errc::io, "core pool: cannot start worker {} of {}: {}", worker, n_workers, e.what());
    }
    const pthread_t thread = threads.back().native_handle();
    ::pthread_setname_np(thread, ("quern-w" + std::to_string(worker)).c_str());
    if (!bound_to[worker].empty()) pin(thread, bound_to[worker]);
  }
  return {};
}

CorePool::CorePool(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}

Result<std::unique_ptr<CorePool>> CorePool::create(const Topology& topology, const CorePoolOptions& options) {
  const std::uint32_t n_workers = options.n_workers != 0 ? options.n_workers : topology.default_workers();
  if (n_workers > kWorkersMax) {
    return fail_field("n_workers", "must be at most {}, found {}", kWorkersMax, n_workers);
  }
  auto impl = std::make_unique<Impl>();
  impl->n_workers = n_workers;
  impl->choose_cores(topology, options);
  impl->n_nodes = static_cast<std::uint32_t>(std::max<std::size_t>(1, topology.nodes.size()));
  std::uint32_t spin_iterations = options.spin_iterations;
  if (spin_iterations == 0) {
    spin_iterations = n_workers > usable_cpus(topology) ? 1 : iterations_for(kDefaultSpinTime);
  }
  impl->spinners.assign(n_workers, Spinner(spin_iterations));
  impl->arrived.reset(n_workers);
  // From here on the destructor stops the threads that were started, also when a later one fails.
  std::unique_ptr<CorePool> pool(new CorePool(std::move(impl)));
  QUERN_CHECK(pool->impl_->start_threads());
  if (options.pin_caller) pool->pin_caller();
  return pool;
}

CorePool::~CorePool() {
  impl_->stop = true;
  impl_->start.advance();
  for (std::thread& thread : impl_->threads) thread.join();
}

std::uint32_t CorePool::n_workers() const noexcept {
  return impl_->n_workers;
}
std::uint32_t CorePool::n_nodes() const noexcept {
  return impl_->n_nodes;
}
std::uint32_t CorePool::spin_iterations() const noexcept {
  return impl_->spinners.front().iterations();
}

std::uint32_t CorePool::node_of(std::uint32_t worker) const noexcept {
  QUERN_ASSERT(worker < impl_->n_workers);
  return impl_->places[worker].node;
}

void CorePool::pin_caller() const noexcept {
  if (!impl_->bound_to.front().empty()) pin(::pthread_self(), impl_->bound_to.front());
}

void CorePool::run_erased(void (*body)(void*, std::uint32_t), void* context) noexcept {
  Impl& pool = *impl_;
  if (pool.n_workers == 1) return body(context, 0);
  pool.body = body;
  pool.context = context;
  pool.unfinished.reset(pool.n_workers - 1);  // published, like body and context, by the release in advance()
  pool.start.advance();
  body(context, 0);
  pool.unfinished.await_zero(pool.spinners[0]);
}

void CorePool::barrier(std::uint32_t worker) noexcept {
  Impl& pool = *impl_;
  const std::uint32_t seen = pool.passed.load();  // cannot advance before this worker has arrived
  if (!pool.arrived.count_down()) {
    pool.passed.await_change(seen, pool.spinners[worker]);
    return;
  }
  pool.arrived.reset(pool.n_workers);  // published by the release in advance(): nobody arrives again before it
  pool.passed.advance();
}

Range share_of(std::size_t n, std::size_t granularity, std::uint32_t worker, std::uint32_t n_workers) noexcept {
  QUERN_ASSERT(granularity > 0 && worker < n_workers);
  const std::size_t units = n / granularity + (n % granularity != 0 ? 1 : 0);
  const std::size_t each = units / n_workers, larger = units % n_workers;  // the first `larger` shares have one more
  const std::size_t begin = worker * each + std::min<std::size_t>(worker, larger);
  const std::size_t end = begin + each + (worker < larger ? 1 : 0);
  const auto at = [&](std::size_t unit) {
    return unit == units ? n : unit * granularity;
  };  // the last unit may be short
  return {at(begin), at(end)};
}

}  // namespace quern::kernels
