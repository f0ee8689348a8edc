#include "models/local/reasoning_splitter.hpp"

#include <random>

#include <gtest/gtest.h>

namespace quern::models {
namespace {

struct Case {
  bool opened;
  const char* text;
  const char* reasoning;
  const char* answer;
};

const Case kCases[] = {
    {false, "<think>\nwhy\n</think>\n\nso", "why", "so"},
    {false, "\n <think>why</think>so </think>", "why", "so </think>"},
    {false, "so <think>x</think>", "", "so <think>x</think>"},
    {false, "  so", "", "  so"},
    {false, "<thin", "", "<thin"},
    {false, "", "", ""},
    {false, "<think></think>", "", ""},
    {false, "<think>a</thi", "a</thi", ""},
    {false, "<think>a b \n", "a b", ""},
    {false, "<think>a\n\nb </thin </think> c\n", "a\n\nb </thin", "c\n"},
    {true, "why\n</think>so", "why", "so"},
    {true, "why", "why", ""},
    {true, "<think>why</think>so", "<think>why", "so"},
};

ReasoningSplitter::Parts split(const Case& c, std::mt19937* random) {
  ReasoningSplitter splitter("<think>", "</think>", c.opened);
  ReasoningSplitter::Parts out;
  const auto add = [&out](const ReasoningSplitter::Parts& parts) {
    out.reasoning += parts.reasoning;
    out.answer += parts.answer;
  };
  std::string_view rest = c.text;
  while (!rest.empty()) {
    const std::size_t n = random == nullptr ? rest.size() : 1 + (*random)() % rest.size();
    add(splitter.append(rest.substr(0, n)));
    rest.remove_prefix(n);
  }
  add(splitter.finish());
  return out;
}

TEST(ReasoningSplitter, TellsThoughtsFromTheAnswerHoweverTheTextIsSplit) {
  std::mt19937 random(5);
  for (const Case& c : kCases) {
    for (int round = 0; round < 200; ++round) {
      const auto parts = split(c, round == 0 ? nullptr : &random);
      ASSERT_EQ(parts.reasoning, c.reasoning) << c.text;
      ASSERT_EQ(parts.answer, c.answer) << c.text;
    }
  }
}

TEST(ReasoningSplitter, GivesThoughtsOutAsTheyCome) {
  ReasoningSplitter splitter("<think>", "</think>", false);
  EXPECT_EQ(splitter.append("<think>").reasoning, "");
  EXPECT_TRUE(splitter.thinking());
  EXPECT_EQ(splitter.append("a b").reasoning, "a b");
  EXPECT_EQ(splitter.append("\n").reasoning, "") << "a blank may be the last";
  EXPECT_EQ(splitter.append("c</th").reasoning, "\nc");
  EXPECT_EQ(splitter.append("ink>d").answer, "d");
  EXPECT_FALSE(splitter.thinking());
  EXPECT_EQ(splitter.append("e").answer, "e");
}

TEST(ReasoningSplitter, WithoutMarksAllIsAnswer) {
  ReasoningSplitter splitter;
  EXPECT_EQ(splitter.append("<think>a").answer, "<think>a");
  EXPECT_EQ(splitter.finish().answer, "");
}

}  // namespace
}  // namespace quern::models
