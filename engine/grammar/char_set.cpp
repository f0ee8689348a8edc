#include "engine/grammar/char_set.hpp"

#include <algorithm>

namespace quern::engine::grammar {
namespace {

constexpr CharRange kSurrogates{0xD800, 0xDFFF};

// Sorts, joins what touches, takes surrogates out.
void settle(std::vector<CharRange>& ranges) {
  std::sort(ranges.begin(), ranges.end(), [](CharRange a, CharRange b) { return a.first < b.first; });
  std::vector<CharRange> joined;
  for (const CharRange range : ranges) {
    if (!joined.empty() && range.first <= joined.back().last + 1) {
      joined.back().last = std::max(joined.back().last, range.last);
    } else {
      joined.push_back(range);
    }
  }
  ranges.clear();
  for (const CharRange range : joined) {
    if (range.last < kSurrogates.first || range.first > kSurrogates.last) {
      ranges.push_back(range);
      continue;
    }
    if (range.first < kSurrogates.first) ranges.push_back({range.first, kSurrogates.first - 1});
    if (range.last > kSurrogates.last) ranges.push_back({kSurrogates.last + 1, range.last});
  }
}

}  // namespace

CharSet::CharSet(std::initializer_list<CharRange> ranges) : ranges_(ranges) {
  settle(ranges_);
}

void CharSet::add(CharRange range) {
  ranges_.push_back(range);
  settle(ranges_);
}

void CharSet::add(const CharSet& other) {
  ranges_.insert(ranges_.end(), other.ranges_.begin(), other.ranges_.end());
  settle(ranges_);
}

CharSet CharSet::complement() const {
  CharSet out;
  std::uint32_t next = 0;
  for (const CharRange range : ranges_) {
    if (range.first > next) out.ranges_.push_back({next, range.first - 1});
    next = range.last + 1;
  }
  if (next <= kMaxCodePoint) out.ranges_.push_back({next, kMaxCodePoint});
  settle(out.ranges_);
  return out;
}

CharSet CharSet::intersection(const CharSet& other) const {
  CharSet out;
  auto a = ranges_.begin();
  auto b = other.ranges_.begin();
  while (a != ranges_.end() && b != other.ranges_.end()) {
    const std::uint32_t first = std::max(a->first, b->first), last = std::min(a->last, b->last);
    if (first <= last) out.ranges_.push_back({first, last});
    if (a->last < b->last) {
      ++a;
    } else {
      ++b;
    }
  }
  return out;
}

bool CharSet::contains(std::uint32_t code_point) const noexcept {
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), code_point,
                                      [](std::uint32_t c, CharRange range) { return c < range.first; });
  return after != ranges_.begin() && code_point <= std::prev(after)->last;
}

}  // namespace quern::engine::grammar
