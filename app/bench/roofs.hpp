// The limits of this machine right now, measured with the workers that run the model: how fast they read memory, and
// how many operations they do with each instruction that kernels are made of.
// Threads: from the thread that may call CorePool::run.
#pragma once

#include "app/bench/stats.hpp"
#include "base/byte_ledger.hpp"
#include "base/result.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/numa_buffer.hpp"
#include "kernels/roofs/peaks.hpp"
#include "kernels/topology.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace quern::app {

// What all workers together can do in a second. 0: not measured.
struct Roofs {
  double read_bytes = 0;
  std::array<double, kernels::kPeaks> operations{};  // [Peak]
};

struct RoofLine {
  std::string name;
  bool is_memory = false;
  std::uint32_t n_threads = 0;
  Summary per_s{};  // bytes or operations
};

class RoofMeter {
 public:
  // Errors: overloaded (budget), io (no memory).
  static Result<RoofMeter> create(const kernels::Topology& topology, kernels::CorePool& pool, ByteLedger& ledger);

  // Bytes and operations per second of the first n_threads workers, one value per pass (of some 10 to 20 ms).
  std::vector<double> read(std::uint32_t n_threads, std::uint32_t n_passes);
  std::vector<double> peak(const kernels::PeakLoop& loop, std::uint32_t n_threads, std::uint32_t n_passes);

 private:
  explicit RoofMeter(kernels::CorePool& pool) : pool_(&pool) {}

  kernels::CorePool* pool_;
  ByteLedger::Reservation reservation_;
  std::optional<kernels::NumaBuffer> buffer_;  // well beyond the caches
};

// Every roof, with 1, 2, 4, .. and all workers.
std::vector<RoofLine> measure_all(RoofMeter& meter, std::uint32_t n_workers);

// The roofs that bound a model, at one moment: all passes of each.
struct RoofSample {
  std::vector<double> read_bytes;
  std::array<std::vector<double>, kernels::kPeaks> operations;  // empty: not wanted, or this CPU cannot
};
RoofSample sample_roofs(RoofMeter& meter, std::uint32_t n_workers, const std::array<bool, kernels::kPeaks>& wanted);
// What held between two moments: the medians of both.
Roofs roofs_between(const RoofSample& before, const RoofSample& after);

std::string roof_table(const std::vector<RoofLine>& lines);
std::string roof_json(const std::vector<RoofLine>& lines);

}  // namespace quern::app
