// An invented language: pairs of pieces that join to new pieces, short ones first. Both kinds of vocabulary are grown
// from it, SentencePiece by scores and BPE by merges, so that text encodes to pieces of several letters and back.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quern::app {

struct Merge {
  std::string left, right;  // each a single character or the result of an earlier merge

  std::string joined() const { return left + right; }
};

// The first n merges; all results differ. `space` is the character that stands for a blank before a word.
// Syllables of two letters, word starts, other letter pairs, then words of two and three syllables.
// REQUIRES: n <= kMaxMerges.
std::vector<Merge> make_merges(std::string_view space, std::size_t n);
inline constexpr std::size_t kMaxMerges = 2'000'000;

}  // namespace quern::app
