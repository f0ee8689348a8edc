#include "models/local/stop_filter.hpp"

#include <algorithm>
#include <random>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quern::models {
namespace {

// The definition, on the whole text: the stop string that ends first wins, of those that end together the longest.
std::string cut(const std::string& text, const std::vector<std::string>& stops) {
  for (std::size_t end = 1; end <= text.size(); ++end) {
    std::size_t begin = std::string::npos;
    for (const std::string& stop : stops) {
      if (std::string_view(text).substr(0, end).ends_with(stop)) begin = std::min(begin, end - stop.size());
    }
    if (begin != std::string::npos) return text.substr(0, begin);
  }
  return text;
}

std::string run(const std::vector<std::string>& pieces, const std::vector<std::string>& stops) {
  StopFilter filter(stops);
  std::string out;
  for (const std::string& piece : pieces) out += filter.append(piece);
  return out + filter.flush();
}

TEST(StopFilter, WithoutStopStringsEverythingPasses) {
  StopFilter filter({});
  EXPECT_EQ(filter.append("abc"), "abc");
  EXPECT_EQ(filter.flush(), "");
}

TEST(StopFilter, HoldsBackOnlyWhatMayBecomeAStopString) {
  StopFilter filter({"</end>", "abab"});
  EXPECT_EQ(filter.append("text <"), "text ");
  EXPECT_EQ(filter.append("b"), "<b");
  EXPECT_EQ(filter.append("</en"), "");
  EXPECT_EQ(filter.append("x"), "</enx");
  EXPECT_EQ(filter.append("aba"), "");
  EXPECT_EQ(filter.append("c"), "abac");
  EXPECT_EQ(filter.append("ab"), "");
  EXPECT_EQ(filter.append("ab and more"), "");
  EXPECT_TRUE(filter.stopped());
  EXPECT_EQ(filter.append("more"), "");
  EXPECT_EQ(filter.flush(), "");
}

TEST(StopFilter, TheOneThatEndsFirstWins) {
  EXPECT_EQ(run({"xabcd"}, {"abcd", "bc"}), "xa");
  EXPECT_EQ(run({"x", "a", "b", "c", "d"}, {"abcd", "bc"}), "xa");
  EXPECT_EQ(run({"xabc"}, {"bc", "abc"}), "x") << "ending together: the longest";
}

TEST(StopFilter, AnySplitGivesTheSameAsTheWholeText) {
  std::mt19937 random(1);
  const auto pick = [&random](std::size_t n) { return static_cast<std::size_t>(random() % n); };
  // Few letters, so that stop strings overlap, nest and nearly match; one of two bytes.
  const std::vector<std::string> letters{"a", "b", "c", "\xC3\xA9"};
  const auto word = [&](std::size_t max) {
    std::string out;
    for (std::size_t i = 1 + pick(max); i > 0; --i) out += letters[pick(letters.size())];
    return out;
  };
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::string> stops(1 + pick(4));
    for (std::string& stop : stops) stop = word(5);
    std::vector<std::string> pieces(pick(12));
    std::string text;
    for (std::string& piece : pieces) {
      piece = pick(5) == 0 ? "" : word(6);
      text += piece;
    }
    ASSERT_EQ(run(pieces, stops), cut(text, stops)) << fmt::format("round {}: {}", round, text);
  }
}

TEST(StopFilter, GivesTextOutAsEarlyAsItCan) {
  std::mt19937 random(2);
  for (int round = 0; round < 2'000; ++round) {
    StopFilter filter({"aab", "ba"});
    std::string seen, out;
    while (seen.size() < 20 && !filter.stopped()) {
      const std::string letter(1, "abc"[random() % 3]);
      seen += letter;
      out += filter.append(letter);
      if (filter.stopped()) break;
      std::size_t held = 0;  // the longest end of the text that begins a stop string
      for (const std::string prefix : {"a", "aa", "b"}) {
        if (seen.ends_with(prefix)) held = std::max(held, prefix.size());
      }
      ASSERT_EQ(out.size(), seen.size() - held) << seen;
    }
  }
}

}  // namespace
}  // namespace quern::models
