// The shared core of top-p and typical: candidates in some order, and the shortest beginning of that order that holds
// a given probability mass.
// Threads: one.
#pragma once

#include "engine/sampling/candidates.hpp"

#include <cstddef>
#include <span>

namespace quern::engine::sampling {

struct MassTarget {
  double mass;           // in the unit of Candidates::weights()
  bool exceed;           // the sum must exceed the mass, not only reach it
  std::size_t min_keep;  // at least this many stay
};

// Orders candidates by (key, id), smallest first, and keeps the shortest beginning that meets the target; all of them
// if none does. keys[i] >= 0 belongs to index i; infinity is allowed, NaN is not.
// Linear: the keys go into buckets, and only the bucket in which the target is met is sorted.
void keep_mass(Candidates& c, std::span<const float> keys, const MassTarget& target);

}  // namespace quern::engine::sampling
