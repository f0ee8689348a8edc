#include "models/local/text_assembler.hpp"

#include "engine/tokenizer/utf8.hpp"
#include "tests/support/piece_tokenizer.hpp"

#include <algorithm>
#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace quern::models {
namespace {

// Letters, a stop string in one piece, and the two bytes of "é" apart.
const test::PieceTokenizer& tokenizer() {
  static const test::PieceTokenizer instance({"a", "b", "STOP", "ST", "OP", "\xC3", "\xA9", ""});
  return instance;
}

std::vector<engine::TokenId> tokens_of(const std::vector<TokenLogprob>& logprobs) {
  std::vector<engine::TokenId> tokens;
  for (const TokenLogprob& entry : logprobs) tokens.push_back(static_cast<engine::TokenId>(entry.token));
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
  EXPECT_EQ(released[0].logprob, -2.0);
  EXPECT_EQ(released[0].text, "ST");
  EXPECT_EQ(released[1].text_offset, 3u);
  text.append(2, -4.0f);
  EXPECT_TRUE(text.stopped());
  EXPECT_TRUE(text.take_logprobs().empty()) << "inside a stop string";
}

TEST(TextAssembler, LogprobsOfHalfACharacterHaveItsHalfAndAreFinite) {
  TextAssembler text(tokenizer(), {}, true);
  text.append(5, -0.25f);
  text.append(6, -INFINITY);
  const std::vector<TokenLogprob> both = text.take_logprobs();
  ASSERT_EQ(both.size(), 2u);
  EXPECT_EQ(both[0].text, "\uFFFD");
  EXPECT_EQ(both[0].bytes, "\xC3");
  EXPECT_EQ(both[1].bytes, "\xA9");
  EXPECT_EQ(both[1].logprob, -9999.0);
}

TEST(TextAssembler, LogprobsBringTheAlternatives) {
  TextAssembler text(tokenizer(), {}, true);
  const engine::sampling::TopTokens top{{5, -0.5f}, {2, -INFINITY}};
  text.append(0, -1.0f, &top);
  text.append(1, -1.0f);
  const std::vector<TokenLogprob> both = text.take_logprobs();
  ASSERT_EQ(both.size(), 2u);
  ASSERT_EQ(both[0].top.size(), 2u);
  EXPECT_EQ(both[0].top[0].text, "\uFFFD");
  EXPECT_EQ(both[0].top[0].bytes, "\xC3");
  EXPECT_EQ(both[0].top[0].logprob, -0.5);
  EXPECT_EQ(both[0].top[0].token, 5);
  EXPECT_EQ(both[0].top[1].text, "STOP");
  EXPECT_EQ(both[0].top[1].logprob, -9999.0);
  EXPECT_TRUE(both[1].top.empty());
}

TEST(TextAssembler, SaysWhichStopStringItWas) {
  TextAssembler text(tokenizer(), {"b", "STOP"});
  text.append(3);
  text.append(4);
  ASSERT_TRUE(text.stopped());
  EXPECT_EQ(text.found_stop(), 1u);
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

std::size_t n_characters(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(text, [](char c) { return (c & 0xC0) != 0x80; }));
}

std::vector<std::size_t> offsets_of(const std::vector<TokenLogprob>& logprobs) {
  std::vector<std::size_t> offsets;
  for (const TokenLogprob& entry : logprobs) offsets.push_back(entry.text_offset);
  return offsets;
}

// Half characters: completed by the next token, given up for the next token, at the end, one after the other.
TEST(TextAssembler, OffsetsStayRightBehindHalfCharacters) {
  struct Case {
    std::vector<engine::TokenId> tokens;
    std::string text;
    std::vector<std::size_t> offsets;
  };
  const std::string half = "\xEF\xBF\xBD";
  for (const Case& c : {Case{{0, 5, 6, 1},
                             "a\xC3\xA9"
                             "b",
                             {0, 1, 1, 2}},
                        Case{{5, 0, 1}, half + "ab", {0, 1, 2}},
                        Case{{5, 5, 6, 0},
                             half + "\xC3\xA9"
                                    "a",
                             {0, 1, 1, 2}},
                        Case{{6, 6, 0}, half + half + "a", {0, 1, 2}}, Case{{5, 5, 5}, half + half + half, {0, 1, 2}},
                        Case{{5, 3, 1}, half + "STb", {0, 1, 3}}, Case{{0, 5}, "a" + half, {0, 1}}}) {
    TextAssembler text(tokenizer(), {"STOP"}, true);
    std::string out;
    std::vector<TokenLogprob> logprobs;
    const auto take = [&] {
      for (const TokenLogprob& entry : text.take_logprobs()) logprobs.push_back(entry);
    };
    for (const engine::TokenId token : c.tokens) {
      out += text.append(token);
      take();
    }
    out += text.finish();
    take();
    EXPECT_EQ(out, c.text);
    EXPECT_EQ(tokens_of(logprobs), c.tokens) << c.text;
    EXPECT_EQ(offsets_of(logprobs), c.offsets) << c.text;
  }
}

// A token's offset is that of the character, of the whole text, in which its first byte lies.
std::vector<std::size_t> offsets_in_whole_text(const test::PieceTokenizer& pieces,
                                               const std::vector<engine::TokenId>& tokens) {
  const std::string bytes = pieces.decode(tokens, false);
  std::vector<std::size_t> character_of;  // of each byte
  std::size_t n = 0;
  for (std::string_view rest = bytes; !rest.empty(); ++n) {
    const engine::Utf8Step step = engine::utf8_front(rest);
    // What the text ends inside of is one replacement, whatever its size.
    const std::size_t size = step.kind == engine::Utf8Kind::truncated ? rest.size() : step.size;
    character_of.insert(character_of.end(), size, n);
    rest.remove_prefix(size);
  }
  character_of.push_back(n);
  std::vector<std::size_t> out;
  std::size_t begin = 0;
  for (const engine::TokenId token : tokens) {
    out.push_back(character_of[begin]);
    begin += pieces.piece(token, false).size();
  }
  return out;
}

// Any bytes in any pieces: offsets as in the whole text, however it is given out, with stop strings and without.
TEST(TextAssembler, OffsetsAgreeWithTheWholeText) {
  const test::PieceTokenizer pieces({"a", "\xC3", "\xA9", "\xE2", "\x82", "\xAC", "\xF0\x9F", "\x98",
                                     "\x80"
                                     "b",
                                     "\xFF", "\xEF\xBF", "\xBD", "\xE2\x82\xAC", "\xC3\xA9\xC3", "xy", "\xED\xA0"});
  std::mt19937 random(11);
  for (int round = 0; round < 20'000; ++round) {
    TextAssembler streamed(pieces, {"xyxy"}, true), whole(pieces, {"xyxy"}, true);
    std::vector<engine::TokenId> tokens;
    std::vector<TokenLogprob> released;
    std::string text;
    const auto take = [&](std::string more) {
      text += more;
      for (const TokenLogprob& entry : streamed.take_logprobs()) {
        ASSERT_LT(entry.text_offset, std::max<std::size_t>(n_characters(text), 1)) << "before its text";
        released.push_back(entry);
      }
    };
    for (std::size_t n = 1 + random() % 12; n > 0; --n) {
      tokens.push_back(static_cast<engine::TokenId>(random() % pieces.n_vocab()));
      take(streamed.append(tokens.back()));
      whole.append(tokens.back());
    }
    take(streamed.finish());
    whole.finish();
    const std::vector<TokenLogprob> at_once = whole.take_logprobs();
    EXPECT_EQ(tokens_of(released), tokens_of(at_once));
    EXPECT_EQ(offsets_of(released), offsets_of(at_once));
    std::vector<std::size_t> want = offsets_in_whole_text(pieces, tokens);
    ASSERT_LE(released.size(), want.size());
    ASSERT_TRUE(streamed.stopped() || released.size() == want.size());
    want.resize(released.size());
    ASSERT_EQ(offsets_of(released), want) << text;
  }
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
}  // namespace quern::models
