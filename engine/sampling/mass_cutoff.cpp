#include "engine/sampling/mass_cutoff.hpp"

#include <algorithm>
#include <array>

namespace quern::engine::sampling {
namespace {

// Keys are differences of logarithms of probabilities: 16 buckets per unit split a vocabulary finely, and what lies
// beyond exp(-32) of the most likely token shares the last bucket.
constexpr std::size_t kBuckets = 512;
constexpr float kBucketsPerUnit = 16.0f;

std::size_t bucket_of(float key) noexcept {
  const float scaled = key * kBucketsPerUnit;
  return scaled < static_cast<float>(kBuckets - 1) ? static_cast<std::size_t>(scaled) : kBuckets - 1;
}

bool before(const Ranked& a, const Ranked& b) noexcept {  // Ranked::logit holds the key here
  return a.logit < b.logit || (a.logit == b.logit && a.index < b.index);
}

struct Progress {
  double mass = 0.0;
  std::size_t count = 0;
  bool meets(const MassTarget& target) const noexcept {
    const bool enough = target.exceed ? mass > target.mass : mass >= target.mass;
    return enough && count >= std::max<std::size_t>(target.min_keep, 1);  // a mass of 0 still takes one
  }
};

}  // namespace

void keep_mass(Candidates& c, std::span<const float> keys, const MassTarget& target) {
  const std::span<const float> weight = c.weights().weight;
  std::array<Progress, kBuckets> buckets{};
  for (std::size_t i = 0; i < keys.size(); ++i) {
    Progress& bucket = buckets[bucket_of(keys[i])];
    bucket.mass += static_cast<double>(weight[i]);
    ++bucket.count;
  }
  Progress sum;
  std::size_t crossing = 0;
  for (; crossing < kBuckets; ++crossing) {
    const Progress next{sum.mass + buckets[crossing].mass, sum.count + buckets[crossing].count};
    if (next.meets(target)) break;
    sum = next;
  }
  if (crossing == kBuckets) return;

  // Everything up to the end of the crossing bucket, which usually is little: from here on only these are looked at.
  std::vector<Ranked>& kept = c.scratch().ranked;
  std::vector<Ranked>& members = c.scratch().bucket;
  kept.clear();
  members.clear();
  // key < end is the same as bucket_of(key) <= crossing: products with a power of two are exact.
  const bool all = crossing + 1 == kBuckets;  // keys may be infinite there
  const float end = static_cast<float>(crossing + 1) / kBucketsPerUnit;
  for (std::uint32_t i = 0; i < keys.size(); ++i) {
    if (keys[i] >= end && !all) continue;
    kept.push_back({keys[i], i});
    if (bucket_of(keys[i]) == crossing) members.push_back({keys[i], i});
  }
  std::sort(members.begin(), members.end(), before);
  Ranked last = members.back();  // rounding may leave the finer sum just below the target: then all of the bucket stays
  for (const Ranked& member : members) {
    sum.mass += static_cast<double>(weight[member.index]);
    ++sum.count;
    if (!sum.meets(target)) continue;
    last = member;
    break;
  }
  std::erase_if(kept, [last](const Ranked& r) { return before(last, r); });
  c.keep_listed(kept);
}

}  // namespace quern::engine::sampling
