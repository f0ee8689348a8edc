#include "engine/tokenizer/merge.hpp"

#include <map>
#include <random>
#include <string>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Rules = std::map<std::string, std::uint32_t>;  // joined text -> rank

// The definition, word for word: join the best pair, leftmost among equals, until there is none.
std::vector<std::string> merge_by_definition(const std::string& word, const Rules& rules) {
  std::vector<std::string> parts;
  for (const char c : word) parts.emplace_back(1, c);
  for (;;) {
    std::size_t best = parts.size();
    std::uint32_t best_rank = 0;
    for (std::size_t i = 0; i + 1 < parts.size(); ++i) {
      const auto rule = rules.find(parts[i] + parts[i + 1]);
      if (rule != rules.end() && (best == parts.size() || rule->second < best_rank)) best = i, best_rank = rule->second;
    }
    if (best == parts.size()) return parts;
    parts[best] += parts[best + 1];
    parts.erase(parts.begin() + static_cast<std::ptrdiff_t>(best) + 1);
  }
}

std::vector<std::string> merge_by_queue(MergeList& list, const std::string& word, const Rules& rules) {
  list.clear();
  for (std::uint32_t i = 0; i < word.size(); ++i) list.push_back(i, 1, 0);
  list.merge_all([&](const Symbol& left, const Symbol& right) -> Merge {
    const auto rule = rules.find(word.substr(left.begin, left.size + right.size));
    return rule == rules.end() ? Merge{} : Merge{rule->second, 0, true};
  });
  std::vector<std::string> parts;
  list.for_each([&](const Symbol& symbol) { parts.push_back(word.substr(symbol.begin, symbol.size)); });
  return parts;
}

TEST(Merge, AgreesWithTheDefinitionOnRandomRulesAndWords) {
  std::mt19937 random(1);
  MergeList list;
  for (int round = 0; round < 2000; ++round) {
    const auto letters = [&](std::size_t n) {
      std::string out;
      for (std::size_t i = 0; i < n; ++i) out.push_back(static_cast<char>('a' + random() % 3));
      return out;
    };
    Rules rules;  // equal ranks occur, so that the leftmost rule counts
    for (int i = 0; i < 12; ++i) rules.emplace(letters(2 + random() % 4), static_cast<std::uint32_t>(random() % 8));
    const std::string word = letters(random() % 24);
    EXPECT_EQ(merge_by_queue(list, word, rules), merge_by_definition(word, rules)) << word;
  }
}

// Work grows with the text, not with its square, also where every pair can be joined: a pair is looked up at the start
// and twice after each join.
TEST(Merge, LookupsAreLinear) {
  constexpr std::uint32_t kSize = 1 << 20;
  for (const std::uint32_t longest : {1u, 2u, 16u, kSize}) {
    MergeList list;
    for (std::uint32_t i = 0; i < kSize; ++i) list.push_back(i, 1, 0);
    std::uint64_t n_lookups = 0, n_joins = 0;
    list.merge_all([&](const Symbol& left, const Symbol& right) -> Merge {
      ++n_lookups;
      const std::uint32_t size = left.size + right.size;
      return {size, 0, size <= longest && (size & (size - 1)) == 0};
    });
    list.for_each([&](const Symbol& symbol) { n_joins += symbol.size - 1; });
    EXPECT_LE(n_lookups, kSize + 2 * n_joins) << "tokens of up to " << longest;
    EXPECT_EQ(n_joins, longest == 1 ? 0 : kSize - kSize / longest);
  }
}

TEST(Merge, NothingAndOneSymbol) {
  MergeList list;
  EXPECT_TRUE(merge_by_queue(list, "", {}).empty());
  EXPECT_EQ(merge_by_queue(list, "a", {}), std::vector<std::string>{"a"});
}

}  // namespace

}  // namespace quern::engine
