// Code points as byte sequences: which ranges of bytes, one after another, spell the characters of a range.
// Threads: pure functions. Source: RFC 3629.
#pragma once

#include "engine/grammar/char_set.hpp"

#include <array>
#include <cstdint>
#include <vector>

namespace quern::engine::grammar {

struct ByteRange {
  std::uint8_t first = 0, last = 0;  // both in it
};

struct ByteSequence {
  std::array<ByteRange, 4> ranges;
  std::uint32_t size = 0;
};

// Each character of the set is spelled by exactly one sequence.
std::vector<ByteSequence> utf8_sequences(const CharSet& set);

}  // namespace quern::engine::grammar
