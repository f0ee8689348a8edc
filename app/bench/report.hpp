// The result of `quern bench` and its two forms. Threads: pure functions.
#pragma once

#include "app/bench/stats.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::app {

struct BenchLine {
  std::string test;            // "prefill", "decode"
  std::uint32_t n_tokens = 0;  // prompt tokens, or steps
  std::uint32_t batch = 1;     // sequences
  Summary tokens_per_s{};      // of all sequences together
  double bytes_per_s = 0;      // decode: weights and keys and values, at the median; prefill: 0
  Summary roof_share{};        // the least time it can take, by the roof named in bound_by, over the time. 0: unknown
  std::string bound_by{};
};

struct BenchReport {
  std::string model, architecture, isa;
  std::uint64_t model_bytes = 0;
  std::uint32_t n_threads = 0, depth = 0, repetitions = 0;
  Summary read_roof{};            // bytes per second, beside the runs
  bool weights_in_cache = false;  // the roof of memory bounds nothing then
  std::vector<BenchLine> lines{};
};

std::string bench_table(const BenchReport& report);
std::string bench_json(const BenchReport& report);

}  // namespace quern::app
