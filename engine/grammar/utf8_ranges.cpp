#include "engine/grammar/utf8_ranges.hpp"

namespace quern::engine::grammar {
namespace {

constexpr std::uint32_t kLastOf[] = {0x7F, 0x7FF, 0xFFFF, kMaxCodePoint};  // of 1, 2, 3, 4 bytes

void spell(std::uint32_t code_point, std::uint32_t size, std::uint8_t* out) {
  constexpr std::uint8_t kLead[] = {0x00, 0xC0, 0xE0, 0xF0};
  for (std::uint32_t i = size - 1; i > 0; --i) {
    out[i] = static_cast<std::uint8_t>(0x80 | (code_point & 0x3F));
    code_point >>= 6;
  }
  out[0] = static_cast<std::uint8_t>(kLead[size - 1] | code_point);
}

// A range whose characters all have `size` bytes: split until every byte but the last ones, which run from 0x80 to
// 0xBF, is the same on both ends.
void add(std::uint32_t first, std::uint32_t last, std::uint32_t size, std::vector<ByteSequence>& out) {
  for (std::uint32_t i = 1; i < size; ++i) {
    const std::uint32_t low = (std::uint32_t{1} << (6 * i)) - 1;  // the last i bytes' bits
    if ((first & ~low) == (last & ~low)) continue;
    if ((first & low) != 0) {
      add(first, first | low, size, out);
      add((first | low) + 1, last, size, out);
      return;
    }
    if ((last & low) != low) {
      add(first, (last & ~low) - 1, size, out);
      add(last & ~low, last, size, out);
      return;
    }
  }
  ByteSequence sequence;
  std::uint8_t from[4], to[4];
  spell(first, size, from);
  spell(last, size, to);
  sequence.size = size;
  for (std::uint32_t i = 0; i < size; ++i) sequence.ranges[i] = {from[i], to[i]};
  out.push_back(sequence);
}

}  // namespace

std::vector<ByteSequence> utf8_sequences(const CharSet& set) {
  std::vector<ByteSequence> out;
  for (const CharRange range : set.ranges()) {
    std::uint32_t first = range.first;
    for (std::uint32_t size = 1; size <= 4 && first <= range.last; ++size) {
      if (first > kLastOf[size - 1]) continue;
      const std::uint32_t last = range.last < kLastOf[size - 1] ? range.last : kLastOf[size - 1];
      add(first, last, size, out);
      first = last + 1;
    }
  }
  return out;
}

}  // namespace quern::engine::grammar
