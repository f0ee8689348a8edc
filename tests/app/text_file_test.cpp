#include "app/run/text_file.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using namespace std::string_literals;

std::string decoded(const std::string& bytes) {
  const auto text = decode_text(bytes, "f");
  return text ? *text : "error: " + text.error().detail;
}

// "Für 世😀\r\nzwei\r\n" in another encoding.
std::string encoded(std::size_t unit, bool big_endian) {
  const std::u32string text = U"\uFEFFF\u00FCr \u4E16\U0001F600\r\nzwei\r\n";
  std::string out;
  const auto put = [&](std::uint32_t value) {
    for (std::size_t i = 0; i < unit; ++i) {
      out += static_cast<char>(value >> (8 * (big_endian ? unit - 1 - i : i)));
    }
  };
  for (const char32_t c : text) {
    if (unit == 2 && c > 0xFFFF) {
      put(0xD800 + ((c - 0x10000) >> 10));
      put(0xDC00 + ((c - 0x10000) & 0x3FF));
    } else {
      put(c);
    }
  }
  return out;
}

TEST(DecodeText, Utf8AsItIsButForTheLastLineEnd) {
  EXPECT_EQ(decoded("Once upon a time"), "Once upon a time");
  EXPECT_EQ(decoded("Once upon a time\n"), "Once upon a time");
  EXPECT_EQ(decoded("Once\n\n"), "Once\n");
  EXPECT_EQ(decoded("  Once \n"), "  Once ");
  EXPECT_EQ(decoded("\xC3\xBC\n"), "\xC3\xBC");
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(decoded("\n"), "");
}

TEST(DecodeText, LineEndsOfOtherSystems) {
  EXPECT_EQ(decoded("one\r\ntwo\r\n"), "one\ntwo");
  EXPECT_EQ(decoded("one\r\ntwo"), "one\ntwo");
  EXPECT_EQ(decoded("one\r\n\r\n"), "one\n");
  EXPECT_EQ(decoded("a\rb\r"), "a\rb\r") << "a CR alone is a character";
  EXPECT_EQ(decoded("a\r\r\n"), "a\r");
  EXPECT_EQ(decoded("\r\n"), "");
}

TEST(DecodeText, MarksSayTheEncodingAndGo) {
  const std::string want = "F\xC3\xBCr \xE4\xB8\x96\xF0\x9F\x98\x80\nzwei";
  for (const std::size_t unit : {2u, 4u}) {
    for (const bool big_endian : {false, true})
      EXPECT_EQ(decoded(encoded(unit, big_endian)), want) << unit << big_endian;
  }
  EXPECT_EQ(decoded("\xEF\xBB\xBF" + want + "\n"), want);
  EXPECT_EQ(decoded("\xEF\xBB\xBF"), "");
  EXPECT_EQ(decoded("\xFF\xFE"), "");
}

TEST(DecodeText, WhatIsNoTextIsNamed) {
  EXPECT_EQ(decoded("caf\xE9 ol\xE9"), "error: f: want text, found 0xE9, which is no UTF-8, at byte 3");
  EXPECT_EQ(decoded("abc\xC3"), "error: f: want text, found 0xC3, which is no UTF-8, at byte 3");
  EXPECT_EQ(decoded("\xED\xA0\x80"), "error: f: want text, found 0xED, which is no UTF-8, at byte 0");
  EXPECT_EQ(decoded("O\0n\0"s),
            "error: f: want text, found a 0 (UTF-16 without a byte order mark? no text at all?) at byte 1");
  EXPECT_EQ(decoded("\xFF\xFE\x41"), "error: f: want text, found a part of an UTF-16 unit at byte 2");
  EXPECT_EQ(decoded("\xFF\xFE\x00\xD8\x41\x00"s),
            "error: f: want text, found 0xD800, which is no character of UTF-16, at byte 2");
  EXPECT_EQ(decoded("\xFF\xFE\x00\xD8"s),
            "error: f: want text, found 0xD800, which is no character of UTF-16, at byte 2");
  EXPECT_EQ(decoded("\xFE\xFF\xDC\x00"s),
            "error: f: want text, found 0xDC00, which is no character of UTF-16, at byte 2");
  EXPECT_EQ(decoded("\xFF\xFE\0\0\0\0\x11\0"s),
            "error: f: want text, found 0x110000, which is no character of UTF-32, at byte 4");
}

TEST(CheckUtf8, NamesTheItem) {
  EXPECT_TRUE(check_utf8("\xE4\xB8\x96", "--prompt"));
  EXPECT_EQ(check_utf8("a\xFF", "--prompt").error().detail,
            "--prompt: want text, found 0xFF, which is no UTF-8, at byte 1");
}

}  // namespace
}  // namespace quern::app
