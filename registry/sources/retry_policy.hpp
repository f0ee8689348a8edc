// When to ask a hub again: pure decisions, fed with the status, the headers and random numbers, so that tests need no
// clock. Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <chrono>
#include <cstdint>
#include <optional>
#include <string_view>

namespace quern::registry::sources {

struct RetryLimits {
  std::uint32_t max_attempts = 6;              // in a row without a byte that was new
  std::chrono::milliseconds first_pause{500};  // doubles with each attempt
  std::chrono::milliseconds longest_pause{30'000};
  std::chrono::milliseconds longest_asked{300'000};  // what a hub may ask for with Retry-After or RateLimit
};

// 408, 425, 429, 500, 502, 503, 504: the same request may succeed later.
bool may_succeed_later(int status) noexcept;

// Growing pauses with jitter: between half of and all of first_pause * 2^attempt, at most longest_pause.
// attempt counts from 0; random is uniform in [0, 1).
std::chrono::milliseconds pause_of(const RetryLimits& limits, std::uint32_t attempt, double random) noexcept;

// What the hub asks for: `RateLimit: "api";r=0;t=55` (55 s and one more), else `Retry-After: 12`. A date in
// Retry-After, or text that is neither, is none. Values are as they stand, at most a year.
std::optional<std::chrono::milliseconds> pause_asked(std::string_view rate_limit,
                                                     std::string_view retry_after) noexcept;

}  // namespace quern::registry::sources
