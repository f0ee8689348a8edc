#include "kernels/cpu_load.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <iterator>
#include <optional>
#include <thread>

namespace quern::kernels {
namespace {

constexpr std::uint32_t kCpusMax = 1u << 16;
// user nice system idle iowait irq softirq steal; guest times, which follow, are in user and nice already.
constexpr std::size_t kColumns = 8, kIdle = 3, kIoWait = 4;

std::optional<std::uint64_t> take_number(std::string_view& text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

// "cpu3 1 2 3 4 5 6 7 8 0 0"
void add_line(std::string_view line, std::vector<CpuTimes>& out) {
  if (!line.starts_with("cpu") || line.starts_with("cpu ")) return;
  line.remove_prefix(3);
  const std::optional<std::uint64_t> cpu = take_number(line);
  if (!cpu || *cpu >= kCpusMax) return;
  CpuTimes times;
  for (std::size_t i = 0; i < kColumns; ++i) {
    const std::optional<std::uint64_t> ticks = take_number(line);
    if (!ticks) break;  // old kernels have fewer columns
    times.all += *ticks;
    if (i == kIdle || i == kIoWait) times.idle += *ticks;
  }
  if (out.size() <= *cpu) out.resize(*cpu + 1);
  out[*cpu] = times;
}

std::string read_all(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

}  // namespace

std::vector<CpuTimes> parse_cpu_times(std::string_view proc_stat) {
  std::vector<CpuTimes> out;
  while (!proc_stat.empty()) {
    const std::size_t end = std::min(proc_stat.find('\n'), proc_stat.size());
    add_line(proc_stat.substr(0, end), out);
    proc_stat.remove_prefix(std::min(end + 1, proc_stat.size()));
  }
  return out;
}

std::vector<double> cpu_load(const std::vector<CpuTimes>& before, const std::vector<CpuTimes>& after) {
  std::vector<double> out(std::min(before.size(), after.size()), 0);
  for (std::size_t cpu = 0; cpu < out.size(); ++cpu) {
    // A CPU that was taken off line and back may count from 0 again.
    if (after[cpu].all <= before[cpu].all || after[cpu].idle < before[cpu].idle) continue;
    const std::uint64_t all = after[cpu].all - before[cpu].all, idle = after[cpu].idle - before[cpu].idle;
    out[cpu] = static_cast<double>(all - std::min(all, idle)) / static_cast<double>(all);
  }
  return out;
}

std::vector<double> measure_cpu_load(std::chrono::milliseconds window, const std::string& path) {
  const std::vector<CpuTimes> before = parse_cpu_times(read_all(path));
  if (before.empty()) return {};
  std::this_thread::sleep_for(window);
  return cpu_load(before, parse_cpu_times(read_all(path)));
}

}  // namespace quern::kernels
