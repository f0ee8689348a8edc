// Loops of one instruction on registers, and of nothing but loads: the most that a core of this machine can do.
// Threads: any number at once; each call keeps its core busy. Nothing allocates.
#pragma once

#include "kernels/peak.hpp"

#include <cstddef>
#include <span>

namespace quern::kernels {

struct PeakLoop {
  Peak peak;
  const char* name;            // what it multiplies, and how wide
  double operations_per_step;  // multiplications and additions
  bool (*supported)() noexcept;
  void (*run)(std::size_t n_steps) noexcept;  // REQUIRES: supported, n_steps > 0
};

// Those of this architecture, whether this CPU has them or not.
std::span<const PeakLoop> peak_loops() noexcept;

// Loads n bytes, as four streams (a kernel reads several rows at once: one stream does not keep all prefetchers busy).
// data: aligned to 64. n: a multiple of kReadGranularity.
inline constexpr std::size_t kReadGranularity = 512;
void read_bytes(const std::byte* data, std::size_t n) noexcept;

}  // namespace quern::kernels
