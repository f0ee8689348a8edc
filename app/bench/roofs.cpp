#include "app/bench/roofs.hpp"

#include "base/clock.hpp"

#include <algorithm>
#include <chrono>
#include <cstring>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <fmt/format.h>

namespace quern::app {
namespace {

constexpr std::uint64_t kMinBytes = 256ull << 20, kMaxBytes = 1ull << 30;
constexpr std::uint32_t kPasses = 9, kSamplePasses = 5;
constexpr std::size_t kTrialSteps = 20'000;
constexpr double kSecondsPerPass = 0.02;

double seconds_of(auto&& body) {
  const auto begin = std::chrono::steady_clock::now();
  body();
  return to_seconds(std::chrono::steady_clock::now() - begin);
}

std::vector<double> repeat(std::uint32_t n_passes, auto&& units_per_second) {
  std::vector<double> values;
  for (std::uint32_t pass = 0; pass < n_passes; ++pass) values.push_back(units_per_second());
  return values;
}

double median_of_both(std::vector<double> values, const std::vector<double>& more) {
  values.insert(values.end(), more.begin(), more.end());
  return values.empty() ? 0 : summarize(values).median;
}

}  // namespace

Result<RoofMeter> RoofMeter::create(const kernels::Topology& topology, kernels::CorePool& pool, ByteLedger& ledger) {
  const std::uint64_t wanted = std::clamp(8 * topology.l3_bytes, kMinBytes, kMaxBytes);
  const std::uint64_t unit = kernels::kReadGranularity * pool.n_workers(), size = wanted / unit * unit;
  RoofMeter meter(pool);
  QUERN_TRY(meter.reservation_, ledger.reserve(MemoryUse::buffers, size));
  QUERN_TRY(meter.buffer_, kernels::NumaBuffer::allocate(topology, size, kernels::NumaBuffer::kAnyNode));
  // Each worker writes its share first: untouched pages would all be the kernel's one zero page, which sits in the
  // cache, and a page lies on the node of who touches it first.
  std::byte* data = meter.buffer_->bytes().data();
  pool.run([&](std::uint32_t worker) {
    const kernels::Range range = kernels::share_of(size, kernels::kReadGranularity, worker, pool.n_workers());
    std::memset(data + range.begin, 1, range.end - range.begin);
  });
  return meter;
}

std::vector<double> RoofMeter::read(std::uint32_t n_threads, std::uint32_t n_passes) {
  const std::span<const std::byte> bytes = buffer_->bytes();
  // A worker reads what it wrote: with fewer workers less is read, still more than a cache holds.
  const auto share = [&](std::uint32_t worker) {
    return kernels::share_of(bytes.size(), kernels::kReadGranularity, worker, pool_->n_workers());
  };
  std::size_t n_bytes = 0;
  for (std::uint32_t w = 0; w < n_threads; ++w) n_bytes += share(w).end - share(w).begin;
  return repeat(n_passes, [&] {
    return static_cast<double>(n_bytes) / seconds_of([&] {
             pool_->run([&](std::uint32_t worker) {
               if (worker >= n_threads) return;
               const kernels::Range range = share(worker);
               kernels::read_bytes(bytes.data() + range.begin, range.end - range.begin);
             });
           });
  });
}

std::vector<double> RoofMeter::peak(const kernels::PeakLoop& loop, std::uint32_t n_threads, std::uint32_t n_passes) {
  const auto run = [&](std::size_t n_steps) {
    return seconds_of([&] {
      pool_->run([&](std::uint32_t worker) {
        if (worker < n_threads) loop.run(n_steps);
      });
    });
  };
  const double steps = kSecondsPerPass / run(kTrialSteps) * static_cast<double>(kTrialSteps);
  const auto n_steps = static_cast<std::size_t>(std::clamp(steps, 1.0, 1e9));
  const double operations = loop.operations_per_step * static_cast<double>(n_steps) * n_threads;
  return repeat(n_passes, [&] { return operations / run(n_steps); });
}

std::vector<RoofLine> measure_all(RoofMeter& meter, std::uint32_t n_workers) {
  std::vector<std::uint32_t> counts;
  for (std::uint32_t n = 1; n < n_workers; n *= 2) counts.push_back(n);
  counts.push_back(n_workers);
  std::vector<RoofLine> lines;
  for (const std::uint32_t n : counts) {
    lines.push_back(
        {.name = "memory read", .is_memory = true, .n_threads = n, .per_s = summarize(meter.read(n, kPasses))});
  }
  for (const kernels::PeakLoop& loop : kernels::peak_loops()) {
    if (!loop.supported()) continue;
    for (const std::uint32_t n : counts) {
      lines.push_back({.name = loop.name, .n_threads = n, .per_s = summarize(meter.peak(loop, n, kPasses))});
    }
  }
  return lines;
}

RoofSample sample_roofs(RoofMeter& meter, std::uint32_t n_workers, const std::array<bool, kernels::kPeaks>& wanted) {
  RoofSample sample{.read_bytes = meter.read(n_workers, kSamplePasses), .operations = {}};
  for (const kernels::PeakLoop& loop : kernels::peak_loops()) {
    const auto i = static_cast<std::size_t>(loop.peak);
    if (wanted[i] && loop.supported()) sample.operations[i] = meter.peak(loop, n_workers, kSamplePasses);
  }
  return sample;
}

Roofs roofs_between(const RoofSample& before, const RoofSample& after) {
  Roofs roofs{.read_bytes = median_of_both(before.read_bytes, after.read_bytes)};
  for (std::size_t i = 0; i < roofs.operations.size(); ++i) {
    roofs.operations[i] = median_of_both(before.operations[i], after.operations[i]);
  }
  return roofs;
}

std::string roof_table(const std::vector<RoofLine>& lines) {
  std::string out = fmt::format("{:<36} {:>8} {:>10} {:>8} {:>10}\n", "roof", "threads", "median", "+-", "best");
  for (const RoofLine& line : lines) {
    out += fmt::format("{:<36} {:>8} {:>10.1f} {:>7.1f}% {:>10.1f} {}\n", line.name, line.n_threads,
                       line.per_s.median / 1e9, 100 * line.per_s.spread(), line.per_s.max / 1e9,
                       line.is_memory ? "GB/s" : "Gop/s");
  }
  return out;
}

std::string roof_json(const std::vector<RoofLine>& lines) {
  boost::json::array out;
  for (const RoofLine& line : lines) {
    out.push_back({{"roof", line.name},
                   {"unit", line.is_memory ? "bytes_per_s" : "operations_per_s"},
                   {"threads", line.n_threads},
                   {"median", line.per_s.median},
                   {"min", line.per_s.min},
                   {"max", line.per_s.max}});
  }
  return boost::json::serialize(out) + "\n";
}

}  // namespace quern::app
