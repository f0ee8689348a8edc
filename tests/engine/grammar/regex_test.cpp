// Regular expressions, as the standard library reads them, and GBNF; what is refused.
#include "engine/grammar/regex.hpp"

#include "tests/engine/grammar/grammar_cases.hpp"

#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace quern::engine::grammar {
namespace {

using test::compile_gbnf;
using test::compile_regex;
using test::matches;

// All texts of a few letters, by the standard library's ECMAScript.
TEST(RegexTest, AsTheStandardLibraryReadsThem) {
  std::vector<std::string> texts{""};
  for (std::size_t i = 0; i < texts.size() && texts[i].size() < 5; ++i) {
    for (const char c : std::string("ab-1")) texts.push_back(texts[i] + c);
  }
  for (const char* pattern :
       {"a*b", "(a|b)+1?", "^a.b$|b{2}", "[^a]{2,3}", "(?:ab)*", "a??b", "\\d+", "\\w-\\w", "[a-b1]*", "(a$|^b)",
        "^(a|)b", "a|b|", "[\\d-]+", "(ab?){2}", "^$", "b$|^1", "\\x61\\u0062", "a{0}b", "[ab-]1"}) {
    const std::regex reference(pattern, std::regex::ECMAScript);
    for (const Match match : {Match::whole, Match::search}) {
      const auto grammar = compile_regex(pattern, match);
      ASSERT_TRUE(grammar) << pattern << ": " << grammar.error().detail;
      for (const std::string& text : texts) {
        const bool want =
            match == Match::whole ? std::regex_match(text, reference) : std::regex_search(text, reference);
        ASSERT_EQ(matches(grammar, text), want) << pattern << (match == Match::whole ? " whole " : " in ") << text;
      }
    }
  }
}

TEST(RegexTest, CharactersBeyondAscii) {
  EXPECT_TRUE(matches(compile_regex("[à-ü]+é"), "àüé"));
  EXPECT_TRUE(matches(compile_regex("."), "😀"));
  EXPECT_FALSE(matches(compile_regex("."), "\n"));
  EXPECT_TRUE(matches(compile_regex("\\p{Lu}\\p{Ll}+"), "Élan"));
  EXPECT_FALSE(matches(compile_regex("\\p{Lu}"), "é"));
  EXPECT_TRUE(matches(compile_regex("\\u{1F600}"), "😀"));
  EXPECT_TRUE(matches(compile_regex("\\uD83D\\uDE00"), "😀"));
  EXPECT_FALSE(matches(compile_regex("[^a]"), "\xC3"));
}

TEST(RegexTest, WhatIsRefused) {
  for (const char* pattern : {"(", "a)", "[a", "a{2,1}", "*a", "a**", "\\1", "(?=a)", "(?!a)", "(?<=a)b", "\\b",
                              "(?i)a", "\\q", "[b-a]", "\\p{Greek}", "(^a)*", "a{1000001}"}) {
    const auto grammar = compile_regex(pattern);
    EXPECT_FALSE(grammar) << pattern;
    if (grammar) continue;
    EXPECT_NE(grammar.error().detail.find("pattern, line 1, column"), std::string::npos) << grammar.error().detail;
  }
}

TEST(GbnfTest, RulesMayGoOnInTheNextLine) {
  const auto grammar =
      compile_gbnf("root ::= a\n  | b # or this\na ::= \"x\" (\n \"y\" |\n \"z\" )\nb ::= [^\\n\\]]{2}\n");
  ASSERT_TRUE(grammar) << grammar.error().detail;
  for (const char* text : {"xy", "xz", "é]"}) EXPECT_EQ(matches(grammar, text), std::string(text) != "é]") << text;
  EXPECT_TRUE(matches(grammar, "ab"));
}

TEST(GbnfTest, RecursionInTheMiddleAndAtTheEnd) {
  const auto middle = compile_gbnf("root ::= \"(\" root \")\" | \"\"");
  EXPECT_TRUE(matches(middle, "((()))"));
  EXPECT_FALSE(matches(middle, "(()"));
  const auto list = compile_gbnf("root ::= \"a\" root | \"b\"");
  EXPECT_TRUE(matches(list, std::string(50'000, 'a') + "b"));
  const auto ambiguous = compile_gbnf("root ::= s+\ns ::= \"a\" s \"a\" | \"a\" s \"b\" | \"a\" | \"aa\"");
  EXPECT_TRUE(matches(ambiguous, std::string(200, 'a')));
}

TEST(GbnfTest, WhatIsRefused) {
  for (const char* text :
       {"", "root ::= x", "root ::= \"a", "root ::= [a", "root ::= (\"a\"", "root ::= \"a\"{2,1}", "root = \"a\"",
        "root ::= \"a\"\nroot ::= \"b\"", "root ::= root \"a\" | \"b\"", "root ::= a\na ::= b\nb ::= a \"x\"",
        "root ::= x \"a\"\nx ::= \"\" | root", "root ::= \"a\" root", "root ::= \"\\q\""}) {
    EXPECT_FALSE(compile_gbnf(text)) << text;
  }
}

}  // namespace
}  // namespace quern::engine::grammar
