// Which models leave memory so that another one finds room. Pure: a function of a snapshot, driven by tests.
// Order: those that may go at once before those that are in use; of these the ones whose time is up, then the lower
// priority, then who was used longest ago. Pinned ones never go. A model in use is only asked to leave (it ends what it
// has begun) where idle ones are not enough, and not before it has stayed for a while: else two models that do not fit
// together would change places at every request.
// Threads: pure function.
#pragma once

#include "base/clock.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace quern::models::policy {

struct Resident {
  std::uint64_t bytes = 0;  // that its leaving gives back
  std::uint32_t n_held = 0;
  bool pinned = false;
  bool expired = false;  // nobody has used it for as long as it should stay
  bool leaving = false;  // it was asked to, and will once nobody holds it
  int priority = 0;      // the higher stays
  TimePoint last_used{};
  TimePoint loaded{};
  Duration took{};  // to load it
};

struct Eviction {
  std::vector<std::size_t> now;                   // idle: to unload
  std::vector<std::size_t> later;                 // in use: to ask to leave
  std::optional<Duration> look_again_after = {};  // somebody may be asked to leave then
  bool possible = true;                           // false: not even all that may go give so many bytes
};

// How long a model stays at least while others wait for its memory, in times of what loading it took, and in any case.
inline constexpr int kStayLoads = 4;
inline constexpr std::chrono::milliseconds kLeastStay{500};

// missing: bytes that have to be given back, beyond what is free. Indexes are of `residents`.
Eviction plan_eviction(std::span<const Resident> residents, std::uint64_t missing, TimePoint now);

}  // namespace quern::models::policy
