#include "app/synth/merge_list.hpp"

#include "base/assert.hpp"

namespace quern::app {
namespace {

constexpr std::string_view kVowels = "aeiou";

bool is_vowel(char c) {
  return kVowels.find(c) != std::string_view::npos;
}

class MergeList {
 public:
  explicit MergeList(std::size_t n) : n_(n) { merges_.reserve(n); }
  bool full() const noexcept { return merges_.size() == n_; }
  void add(std::string left, std::string right) {
    if (!full()) merges_.push_back({std::move(left), std::move(right)});
  }
  std::vector<Merge> take() { return std::move(merges_); }

 private:
  std::size_t n_;
  std::vector<Merge> merges_;
};

// All pairs of letters whose first letter is in [first, last], syllables (consonant, vowel) or the others.
std::vector<std::string> add_letter_pairs(MergeList& list, char first, char last, bool syllables) {
  std::vector<std::string> joined;
  for (char a = first; a <= last; ++a) {
    for (char b = 'a'; b <= 'z'; ++b) {
      const bool is_syllable = !is_vowel(a) && is_vowel(b) && a >= 'a';
      if (is_syllable != syllables) continue;
      list.add(std::string(1, a), std::string(1, b));
      joined.push_back({a, b});
    }
  }
  return joined;
}

}  // namespace

std::vector<Merge> make_merges(std::string_view space, std::size_t n) {
  QUERN_ASSERT(n <= kMaxMerges);
  const std::string blank(space);
  MergeList list(n);
  const std::vector<std::string> syllables = add_letter_pairs(list, 'a', 'z', true);
  for (char c = 'a'; c <= 'z'; ++c) list.add(blank, std::string(1, c));
  for (char c = 'A'; c <= 'Z'; ++c) list.add(blank, std::string(1, c));
  add_letter_pairs(list, 'a', 'z', false);
  add_letter_pairs(list, 'A', 'Z', false);
  for (const std::string& s : syllables) list.add(blank, s);
  for (const std::string& a : syllables) {
    for (const std::string& b : syllables) {
      list.add(a, b);
      list.add(blank + a, b);
    }
  }
  for (const std::string& a : syllables) {
    for (const std::string& b : syllables) {
      if (list.full()) return list.take();
      for (const std::string& c : syllables) {
        list.add(a + b, c);
        list.add(blank + a + b, c);
      }
    }
  }
  return list.take();
}

}  // namespace quern::app
