#include "engine/tokenizer/chars_map.hpp"

#include "base/mmap_file.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/spm_normalizer.hpp"

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

// The compiled rules of a vocabulary that sentencepiece's own trainer wrote.
std::string compiled_rules() {
  const auto file = gguf::GgufFile::open(QUERN_TEST_DATA_DIR "/tokenizer/unigram.gguf").value();
  return std::string(file->get_bytes("tokenizer.ggml.precompiled_charsmap").value());
}

TEST(CharsMap, TakesTheLongestRule) {
  const CharsMap map = CharsMap::create(compiled_rules(), "rules").value();
  const auto expect = [&](std::string_view text, std::size_t size, std::string_view replacement) {
    const CharsMap::Match match = map.longest(text);
    EXPECT_EQ(match.size, size) << text;
    EXPECT_EQ(match.replacement, replacement) << text;
  };
  expect("e\u0301x", 3, "é");
  expect("ex", 0, "");
  expect("\uFF21b", 3, "A");
  expect("\u00BD", 2, "1\u20442");
  expect("\u200Bx", 3, "");
  expect("a b!", 3, "ab!");
  expect("a ", 0, "");
  expect("", 0, "");
  using namespace std::string_view_literals;
  expect("\0"sv, 0, "");
}

TEST(CharsMap, WrongSizesAreErrors) {
  const std::string good = compiled_rules();
  const auto detail = [](std::string_view blob) {
    const auto map = CharsMap::create(blob, "the rules");
    EXPECT_FALSE(map);
    return map ? std::string() : map.error().detail;
  };
  EXPECT_TRUE(CharsMap::create("", "x").value().empty());
  EXPECT_NE(detail("abc").find("the rules: 3 bytes"), std::string::npos);
  EXPECT_NE(detail(good.substr(0, 40)).find("multiple of 4"), std::string::npos);
  EXPECT_NE(detail(std::string(8, '\0')).find("a trie of 0 bytes"), std::string::npos);
  EXPECT_NE(detail(good + "x").find("not ended by a zero byte"), std::string::npos);
}

TEST(CharsMap, ATrieThatLeadsNowhereMatchesNothing) {
  std::string blob(4 + 4 * 16, '\xFF');  // all units point far outside
  blob[0] = 4 * 16;
  blob[1] = blob[2] = blob[3] = 0;
  blob.append("x").push_back('\0');
  const CharsMap map = CharsMap::create(blob, "rules").value();
  for (int byte = 0; byte < 256; ++byte) EXPECT_EQ(map.longest(std::string(3, static_cast<char>(byte))).size, 0u);
}

TEST(SpmNormalizer, PlacesBlanks) {
  const auto apply = [](BlankRules rules, std::string_view text) {
    return SpmNormalizer({}, rules).apply(text).value();
  };
  constexpr BlankRules kPrefix{.add_prefix = true}, kMerge{.merge_blanks = true},
      kBoth{.add_prefix = true, .merge_blanks = true};
  EXPECT_EQ(apply({}, " a  b "), " a  b ");
  EXPECT_EQ(apply(kPrefix, "a  b"), " a  b");
  EXPECT_EQ(apply(kPrefix, " a"), "  a");
  EXPECT_EQ(apply(kMerge, "  a  b  "), "a b");
  EXPECT_EQ(apply(kBoth, "  a  b  "), " a b");
  EXPECT_EQ(apply(kBoth, "   "), "");
  EXPECT_EQ(apply(kBoth, ""), "");
  EXPECT_EQ(apply({}, "a\xFF\xC3z"), "a\uFFFD\uFFFDz");
}

}  // namespace

}  // namespace quern::engine
