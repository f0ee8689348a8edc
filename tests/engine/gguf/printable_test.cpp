#include "engine/gguf/printable.hpp"

#include <gtest/gtest.h>

namespace quern::engine::gguf {
namespace {

TEST(Printable, KeepsOrdinaryText) {
  for (const char* text : {"", "plain text", "\xC3\xBC \xE2\x82\xAC \xF0\x9F\x98\x80 \xE2\x96\x81"}) {
    EXPECT_EQ(printable(text), text);
    EXPECT_EQ(valid_utf8(text), text);
  }
}

TEST(Printable, EscapesWhatSteersATerminal) {
  EXPECT_EQ(printable("a\x1b[31mb"), "a\\x1b[31mb");
  EXPECT_EQ(printable("a\nb\tc\r"), "a\\nb\\tc\\r");
  EXPECT_EQ(printable(std::string("a\0b\x7f", 4)), "a\\x00b\\x7f");
  EXPECT_EQ(printable("\xC2\x9B"
                      "2J"),
            "\\u{009b}2J");  // C1: CSI in one character
  EXPECT_EQ(printable("\xE2\x80\xAE"
                      "fugg"),
            "\\u{202e}fugg");  // right-to-left override
}

TEST(Printable, EscapesInvalidUtf8ByteByByte) {
  EXPECT_EQ(printable("\xFF"), "\\xff");
  EXPECT_EQ(printable("\xC0\x80"), "\\xc0\\x80");                    // overlong
  EXPECT_EQ(printable("\xED\xA0\x80"), "\\xed\\xa0\\x80");           // surrogate
  EXPECT_EQ(printable("\xF4\x90\x80\x80"), "\\xf4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(printable("\xE2\x82"), "\\xe2\\x82");                    // cut off
  EXPECT_EQ(valid_utf8("a\xE2\x82"
                       "b"),
            "a\xEF\xBF\xBD\xEF\xBF\xBD"
            "b");
}

TEST(Printable, CutsAtACharacter) {
  EXPECT_EQ(printable("abcdef", 3), "abc...");
  EXPECT_EQ(printable("abc", 3), "abc");
  EXPECT_EQ(printable("ab\xE2\x82\xAC", 4), "ab...");
  EXPECT_EQ(printable("ab\n", 3), "ab...");
}

}  // namespace
}  // namespace quern::engine::gguf
