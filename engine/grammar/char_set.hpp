// A set of Unicode code points, as sorted ranges that neither touch nor overlap. Surrogates are never in it.
// Threads: plain data.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <vector>

namespace quern::engine::grammar {

inline constexpr std::uint32_t kMaxCodePoint = 0x10FFFF;

struct CharRange {
  std::uint32_t first = 0, last = 0;  // both in it
  friend bool operator==(const CharRange&, const CharRange&) = default;
};

class CharSet {
 public:
  CharSet() = default;
  CharSet(std::initializer_list<CharRange> ranges);
  static CharSet all() { return {{0, kMaxCodePoint}}; }
  static CharSet of(std::uint32_t code_point) { return {{code_point, code_point}}; }

  void add(CharRange range);  // REQUIRES: first <= last <= kMaxCodePoint
  void add(const CharSet& other);
  void append(CharRange range) { ranges_.push_back(range); }  // REQUIRES: behind all others, and not touching them
  CharSet complement() const;
  CharSet intersection(const CharSet& other) const;
  CharSet without(const CharSet& other) const { return intersection(other.complement()); }

  bool empty() const noexcept { return ranges_.empty(); }
  bool contains(std::uint32_t code_point) const noexcept;
  const std::vector<CharRange>& ranges() const noexcept { return ranges_; }
  friend bool operator==(const CharSet&, const CharSet&) = default;

 private:
  std::vector<CharRange> ranges_;
};

}  // namespace quern::engine::grammar
