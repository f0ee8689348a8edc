// Whether an upstream that keeps failing is asked at all: after some failures in a row it is left alone for a while,
// then one request may try; where that fails too, the while doubles. A pure policy: time comes from the caller.
// Threads: the caller's lock.
#pragma once

#include "base/clock.hpp"

#include <cstdint>
#include <optional>

namespace quern::models {

struct BreakerRules {
  std::uint32_t max_failures = 3;  // in a row
  Duration first_rest = std::chrono::seconds(1), longest_rest = std::chrono::seconds(60);
};

class CircuitBreaker {
 public:
  enum class State : std::uint8_t { closed, open, trying };

  explicit CircuitBreaker(BreakerRules rules = {}) noexcept : rules_(rules), rest_(rules.first_rest) {}

  // Whether a request may go there. true has to be followed by one of the three below.
  bool allow(TimePoint now) noexcept;
  void succeeded() noexcept;
  void failed(TimePoint now) noexcept;
  void gave_up() noexcept;  // nothing was learnt: the client left, or the request was at fault

  State state(TimePoint now) const noexcept;
  Duration rest(TimePoint now) const noexcept;  // until the next one may try; zero: at once

 private:
  void open(TimePoint now) noexcept;

  const BreakerRules rules_;
  std::uint32_t n_failures_ = 0;
  Duration rest_;
  std::optional<TimePoint> open_until_;
  bool trying_ = false;
};

}  // namespace quern::models
