#include "engine/tokenizer/token_trie.hpp"

#include <utility>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

using Found = std::vector<std::pair<std::size_t, std::uint32_t>>;

Found prefixes(const TokenTrie& trie, std::string_view text) {
  Found out;
  trie.each_prefix(text, [&](std::size_t size, std::uint32_t id) { out.emplace_back(size, id); });
  return out;
}

TEST(TokenTrie, FindsEveryPrefixShortestFirst) {
  const std::vector<TokenTrie::Entry> entries{{"abc", 0}, {"a", 1}, {"ab", 2}, {"b", 3}, {"abcdefghij", 4}};
  const TokenTrie trie(entries);
  EXPECT_EQ(prefixes(trie, "abcdefghijk"), (Found{{1, 1}, {2, 2}, {3, 0}, {10, 4}}));
  EXPECT_EQ(prefixes(trie, "abd"), (Found{{1, 1}, {2, 2}}));
  EXPECT_EQ(prefixes(trie, "c"), Found{});
  EXPECT_EQ(prefixes(trie, ""), Found{});
}

TEST(TokenTrie, TheFirstOfEqualTextsStays) {
  const std::vector<TokenTrie::Entry> entries{{"x", 7}, {"x", 5}, {"xy", 9}, {"xy", 2}};
  EXPECT_EQ(prefixes(TokenTrie(entries), "xyz"), (Found{{1, 5}, {2, 2}}));
}

TEST(TokenTrie, ZeroBytesAndHighBytesAreLettersLikeOthers) {
  using namespace std::string_view_literals;
  const std::vector<TokenTrie::Entry> entries{{"\0"sv, 0}, {"\0\0"sv, 1}, {"\xFF"sv, 2}, {"a\0"sv, 3}, {"a"sv, 4}};
  const TokenTrie trie(entries);
  EXPECT_EQ(prefixes(trie, "\0\0"sv), (Found{{1, 0}, {2, 1}}));
  EXPECT_EQ(prefixes(trie, "\xFF"), (Found{{1, 2}}));
  EXPECT_EQ(prefixes(trie, "a\0"sv), (Found{{1, 4}, {2, 3}}));
}

TEST(TokenTrie, MayBeEmpty) {
  EXPECT_EQ(prefixes(TokenTrie({}), "abc"), Found{});
}

}  // namespace

}  // namespace quern::engine
