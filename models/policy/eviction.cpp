#include "models/policy/eviction.hpp"

#include <algorithm>
#include <numeric>
#include <tuple>

namespace quern::models::policy {

Eviction plan_eviction(std::span<const Resident> residents, std::uint64_t missing, TimePoint now) {
  Eviction out;
  std::vector<std::size_t> order(residents.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::erase_if(order, [&](std::size_t i) { return residents[i].pinned; });
  const auto rank = [&](std::size_t i) {
    const Resident& r = residents[i];
    return std::tuple(r.n_held > 0, !r.leaving, !r.expired, r.priority, r.last_used, i);
  };
  std::ranges::sort(order, {}, rank);
  std::uint64_t freed = 0;
  for (const std::size_t i : order) {
    if (freed >= missing) return out;
    const Resident& r = residents[i];
    if (r.n_held == 0) {
      out.now.push_back(i);
    } else if (!r.leaving) {
      const Duration stay = std::max<Duration>(kLeastStay, kStayLoads * r.took);
      const Duration stayed = now - r.loaded;
      if (stayed < stay) {
        const Duration left = stay - stayed;
        if (!out.look_again_after || left < *out.look_again_after) out.look_again_after = left;
        freed += r.bytes;  // it will be possible
        continue;
      }
      out.later.push_back(i);
    }
    freed += r.bytes;
  }
  out.possible = freed >= missing;
  if (!out.possible) out.later.clear(), out.look_again_after.reset();
  return out;
}

}  // namespace quern::models::policy
