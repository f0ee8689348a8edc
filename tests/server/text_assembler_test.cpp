#include "server/text_assembler.hpp"

#include "tests/support/piece_tokenizer.hpp"

#include <random>

#include <gtest/gtest.h>

namespace quern::server {
namespace {

// Letters, a stop string in one piece, and the two bytes of "é" apart.
const test::PieceTokenizer& tokenizer() {
  static const test::PieceTokenizer instance({"a", "b", "STOP", "ST", "OP", "\xC3", "\xA9", ""});
  return instance;
}

std::vector<engine::TokenId> tokens_of(const std::vector<TokenLogprob>& logprobs) {
  std::vector<engine::TokenId> tokens;
  for (const TokenLogprob& entry : logprobs) tokens.push_back(entry.token);
  return tokens;
}

TEST(TextAssembler, GivesWholeCharactersOnly) {
  TextAssembler text(tokenizer(), {});
  EXPECT_EQ(text.append(5), "");
  EXPECT_EQ(text.append(6), "\xC3\xA9");
  EXPECT_EQ(text.append(5), "");
  EXPECT_EQ(text.finish(), "\xEF\xBF\xBD") << "half a character at the end";
  EXPECT_EQ(text.n_tokens(), 3u);
}

TEST(TextAssembler, StopsAcrossTokensAndCountsUpToTheOneThatCompletedIt) {
  TextAssembler text(tokenizer(), {"STOP"});
  EXPECT_EQ(text.append(0), "a");
  EXPECT_EQ(text.append(3), "");
  EXPECT_EQ(text.append(4), "");
  EXPECT_TRUE(text.stopped());
  EXPECT_EQ(text.append(1), "");
  EXPECT_EQ(text.n_tokens(), 3u);
  EXPECT_EQ(text.finish(), "");
}

TEST(TextAssembler, WhatWasHeldBackIsTextWhenTheSequenceEnds) {
  TextAssembler text(tokenizer(), {"STOP"});
  EXPECT_EQ(text.append(3), "");
  EXPECT_EQ(text.finish(), "ST");
  EXPECT_FALSE(text.stopped());
}

TEST(TextAssembler, LogprobsComeWithTheirText) {
  TextAssembler text(tokenizer(), {"STOP"}, true);
  text.append(0, -1.0f);
  EXPECT_EQ(tokens_of(text.take_logprobs()), (std::vector<engine::TokenId>{0}));
  text.append(3, -2.0f);
  EXPECT_TRUE(text.take_logprobs().empty()) << "held back";
  text.append(1, -3.0f);
  const std::vector<TokenLogprob> released = text.take_logprobs();
  ASSERT_EQ(tokens_of(released), (std::vector<engine::TokenId>{3, 1}));
  EXPECT_EQ(released[0].logprob, -2.0f);
  EXPECT_EQ(released[1].text_offset, 3u);
  text.append(2, -4.0f);
  EXPECT_TRUE(text.stopped());
  EXPECT_TRUE(text.take_logprobs().empty()) << "inside a stop string";
}

TEST(TextAssembler, LogprobsOfSilentTokensComeAtTheEnd) {
  TextAssembler text(tokenizer(), {}, true);
  text.append(0);
  text.append(7);
  EXPECT_EQ(tokens_of(text.take_logprobs()), (std::vector<engine::TokenId>{0}));
  text.finish();
  EXPECT_EQ(tokens_of(text.take_logprobs()), (std::vector<engine::TokenId>{7}));
}

TEST(TextAssembler, OffsetsCountCharacters) {
  TextAssembler text(tokenizer(), {}, true);
  for (const engine::TokenId token : {5, 6, 0}) text.append(token);
  text.finish();
  const std::vector<TokenLogprob> all = text.take_logprobs();
  ASSERT_EQ(all.size(), 3u);
  EXPECT_EQ(all[2].text_offset, 1u);
}

// Whatever the tokens: the text is a prefix of what the detokenizer alone gives, cut where a stop string completes.
TEST(TextAssembler, AgreesWithSearchingTheWholeText) {
  std::mt19937 random(3);
  const std::vector<std::string> stops{"STOP", "ab", "\xC3\xA9"};
  for (int round = 0; round < 5'000; ++round) {
    TextAssembler text(tokenizer(), stops);
    TextAssembler whole(tokenizer(), {});
    std::string out, all;
    for (int i = 0; i < 12; ++i) {
      const auto token = static_cast<engine::TokenId>(random() % 8);
      out += text.append(token);
      all += whole.append(token);
    }
    out += text.finish();
    all += whole.finish();
    std::size_t end = all.size(), first_end = std::string::npos;
    for (const std::string& stop : stops) {
      const std::size_t begin = all.find(stop);
      if (begin != std::string::npos && begin + stop.size() < first_end) first_end = begin + stop.size(), end = begin;
    }
    ASSERT_EQ(out, all.substr(0, end)) << all;
  }
}

}  // namespace
}  // namespace quern::server
