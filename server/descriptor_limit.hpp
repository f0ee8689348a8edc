// Open files: every connection is one, and the usual soft limit of 1024 is below what a server may hold. Threads:
// before others open files.
#pragma once

#include <cstdint>

namespace quern::server {

// Beside max_connections: places on the Unix socket for looking and steering when all others are taken, and connections
// that are told so and closed.
constexpr std::uint32_t kReservedPlaces = 8;
constexpr std::uint32_t kMaxRefusals = 64;

struct DescriptorPlan {
  std::uint64_t limit = 0;  // soft, and hard where that was lower
  std::uint32_t max_connections = 0;
};

// What is needed on top of n_open files that are none of these. may_exceed: the hard limit can be raised. Where it
// cannot and is too low, fewer connections are served, so that the control socket still finds a free descriptor.
DescriptorPlan plan_descriptors(std::uint32_t max_connections, std::uint64_t n_open, std::uint64_t soft,
                                std::uint64_t hard, bool may_exceed) noexcept;

// Raises this process's limit to what is needed, says so in the log, and returns how many connections it is good for.
std::uint32_t fit_descriptors(std::uint32_t max_connections);

}  // namespace quern::server
