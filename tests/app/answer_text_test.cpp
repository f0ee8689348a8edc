#include "app/run/answer_text.hpp"

#include "tests/support/piece_tokenizer.hpp"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

// One token per byte value, so that any text can be fed in any grouping.
test::PieceTokenizer bytes() {
  std::vector<std::string> pieces;
  for (int i = 0; i < 256; ++i) pieces.emplace_back(1, static_cast<char>(i));
  return test::PieceTokenizer(std::move(pieces));
}

std::string feed(std::string_view text, std::vector<std::string> stops, bool* stopped = nullptr) {
  const test::PieceTokenizer tokenizer = bytes();
  AnswerText answer(engine::Detokenizer(tokenizer), std::move(stops));
  std::string out;
  for (const char c : text) out += answer.append(static_cast<unsigned char>(c));
  out += answer.finish();
  if (stopped != nullptr) *stopped = answer.stopped();
  return out;
}

TEST(AnswerText, WithoutStopsEverythingComesThrough) {
  EXPECT_EQ(feed("plain text", {}), "plain text");
  EXPECT_EQ(feed("gr\xc3\xbc\xc3\x9f dich", {}), "gr\xc3\xbc\xc3\x9f dich");
}

TEST(AnswerText, HalfACharacterBecomesAReplacement) {
  EXPECT_EQ(feed("a\xc3", {}), "a\xef\xbf\xbd");
}

TEST(AnswerText, IsCutBeforeTheStopString) {
  bool stopped = false;
  EXPECT_EQ(feed("yes\nuser: no", {"\nuser:"}, &stopped), "yes");
  EXPECT_TRUE(stopped);
}

TEST(AnswerText, TheEarliestOfSeveralStopsCounts) {
  EXPECT_EQ(feed("a END b STOP", {"STOP", "END"}), "a ");
}

TEST(AnswerText, ABeginningThatLeadsNowhereIsReleased) {
  bool stopped = true;
  EXPECT_EQ(feed("a\nuse\nuser no", {"\nuser:"}, &stopped), "a\nuse\nuser no");
  EXPECT_FALSE(stopped);
}

TEST(AnswerText, HoldsBackWhatMayBecomeAStop) {
  const test::PieceTokenizer tokenizer = bytes();
  AnswerText answer(engine::Detokenizer(tokenizer), {"xyz"});
  EXPECT_EQ(answer.append('x'), "");
  EXPECT_EQ(answer.append('y'), "");
  EXPECT_EQ(answer.append('x'), "xy");
  EXPECT_EQ(answer.finish(), "x");
}

TEST(AnswerText, NothingFollowsAStop) {
  const test::PieceTokenizer tokenizer = bytes();
  AnswerText answer(engine::Detokenizer(tokenizer), {"!"});
  EXPECT_EQ(answer.append('!'), "");
  EXPECT_EQ(answer.append('a'), "");
  EXPECT_EQ(answer.finish(), "");
}

}  // namespace
}  // namespace quern::app
