// How busy each hardware thread of the machine is, from two readings of /proc/stat.
// Threads: pure functions, apart from measure_cpu_load(). Source: proc_stat(5).
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::kernels {

struct CpuTimes {          // ticks since the start of the machine
  std::uint64_t idle = 0;  // nothing to run, or waiting for a disk
  std::uint64_t all = 0;
};

// By os_cpu. Lines that make no sense count as a CPU that does nothing; gaps in the numbering too.
std::vector<CpuTimes> parse_cpu_times(std::string_view proc_stat);

// By os_cpu, 0 to 1: the share of the time between two readings in which it was not idle; 0 where no tick passed.
std::vector<double> cpu_load(const std::vector<CpuTimes>& before, const std::vector<CpuTimes>& after);

// Sleeps for `window` between the readings. Empty where the file cannot be read.
std::vector<double> measure_cpu_load(std::chrono::milliseconds window, const std::string& path = "/proc/stat");

}  // namespace quern::kernels
