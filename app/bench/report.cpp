#include "app/bench/report.hpp"

#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

namespace quern::app {
namespace {

constexpr double kGiga = 1e9;

std::string test_name(const BenchLine& line) {
  return line.test == "prefill" ? fmt::format("prefill {}", line.n_tokens)
                                : fmt::format("decode {} x {}", line.batch, line.n_tokens);
}

std::string share(const BenchLine& line) {
  return line.roof_share.median == 0 ? "" : fmt::format("{:.0f}%", 100 * line.roof_share.median);
}

boost::json::object range_of(const Summary& summary) {
  return {{"median", summary.median}, {"min", summary.min}, {"max", summary.max}};
}

}  // namespace

std::string bench_table(const BenchReport& report) {
  std::string out =
      fmt::format("{} ({}, {:.1f} MiB), {} threads, {} kernels, {} tokens in the cache, median of {} runs\n",
                  report.model, report.architecture, static_cast<double>(report.model_bytes) / (1 << 20),
                  report.n_threads, report.isa, report.depth, report.repetitions);
  out += fmt::format("memory read roof beside these runs: {:.1f} GB/s (+- {:.1f}%)\n\n",
                     report.read_roof.median / kGiga, 100 * report.read_roof.spread());
  out += fmt::format("{:<18} {:>12} {:>8} {:>8} {:>8}  {}\n", "test", "tokens/s", "+-", "GB/s", "of roof", "roof");
  for (const BenchLine& line : report.lines) {
    const std::string bandwidth = line.bytes_per_s == 0 ? "" : fmt::format("{:.2f}", line.bytes_per_s / kGiga);
    out += fmt::format("{:<18} {:>12.2f} {:>7.1f}% {:>8} {:>8}  {}\n", test_name(line), line.tokens_per_s.median,
                       100 * line.tokens_per_s.spread(), bandwidth, share(line), line.bound_by);
  }
  if (report.weights_in_cache) out += "\nThe weights fit into the cache, so the memory roof does not bound decode.\n";
  return out;
}

std::string bench_json(const BenchReport& report) {
  boost::json::array lines;
  for (const BenchLine& line : report.lines) {
    boost::json::object entry{{"test", line.test},
                              {"n_tokens", line.n_tokens},
                              {"batch", line.batch},
                              {"tokens_per_s", range_of(line.tokens_per_s)}};
    if (line.bytes_per_s > 0) entry["gb_per_s"] = line.bytes_per_s / kGiga;
    if (line.roof_share.median > 0) {
      entry["roof_share"] = range_of(line.roof_share);
      entry["bound_by"] = line.bound_by;
    }
    lines.emplace_back(std::move(entry));
  }
  const boost::json::value out = {{"model", report.model},
                                  {"architecture", report.architecture},
                                  {"model_bytes", report.model_bytes},
                                  {"isa", report.isa},
                                  {"threads", report.n_threads},
                                  {"depth", report.depth},
                                  {"repetitions", report.repetitions},
                                  {"read_roof_gb_per_s", report.read_roof.median / kGiga},
                                  {"weights_in_cache", report.weights_in_cache},
                                  {"lines", std::move(lines)}};
  return boost::json::serialize(out) + "\n";
}

}  // namespace quern::app
