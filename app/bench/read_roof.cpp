#include "app/bench/read_roof.hpp"

#include "base/clock.hpp"
#include "kernels/numa_buffer.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <numeric>

namespace quern::app {
namespace {

constexpr std::uint64_t kMinBytes = 256ull << 20, kMaxBytes = 1ull << 30;
constexpr int kPasses = 7;

// Eight independent sums, so that the additions never wait for each other and memory is what limits.
std::uint64_t sum_words(const std::uint64_t* words, std::size_t n) noexcept {
  std::array<std::uint64_t, 8> sums{};
  for (std::size_t i = 0; i + sums.size() <= n; i += sums.size()) {
    for (std::size_t lane = 0; lane < sums.size(); ++lane) sums[lane] += words[i + lane];
  }
  return std::accumulate(sums.begin(), sums.end(), std::uint64_t{0});
}

}  // namespace

Result<double> measure_read_roof(const kernels::Topology& topology, kernels::CorePool& pool, ByteLedger& ledger) {
  const std::uint64_t size = std::clamp(8 * topology.l3_bytes, kMinBytes, kMaxBytes);
  QUERN_TRY(const auto reservation, ledger.reserve(MemoryUse::buffers, size));
  QUERN_TRY(const auto buffer, kernels::NumaBuffer::allocate(topology, size, kernels::NumaBuffer::kAnyNode));
  auto* words = reinterpret_cast<std::uint64_t*>(buffer.bytes().data());
  const std::size_t n_words = size / sizeof(std::uint64_t);
  const auto share = [&](std::uint32_t worker) { return kernels::share_of(n_words, 4096, worker, pool.n_workers()); };

  // Each worker writes its share first: untouched pages would all be the kernel's one zero page, which sits in the
  // cache.
  pool.run([&](std::uint32_t worker) {
    const kernels::Range range = share(worker);
    std::memset(words + range.begin, 1, (range.end - range.begin) * sizeof(std::uint64_t));
  });
  std::atomic<std::uint64_t> total{0};  // keeps the sums alive
  double best = 0;
  for (int pass = 0; pass < kPasses; ++pass) {
    const auto begin = std::chrono::steady_clock::now();
    pool.run([&](std::uint32_t worker) {
      const kernels::Range range = share(worker);
      total.fetch_add(sum_words(words + range.begin, range.end - range.begin), std::memory_order_relaxed);
    });
    best = std::max(best, static_cast<double>(size) / to_seconds(std::chrono::steady_clock::now() - begin));
  }
  return total.load() != 0 ? best : 0.0;
}

}  // namespace quern::app
