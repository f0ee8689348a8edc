#include "engine/tokenizer/byte_alphabet.hpp"

#include <set>

#include <gtest/gtest.h>

namespace quern::engine {

namespace {

TEST(ByteAlphabet, EveryByteHasALetterOfItsOwnAndComesBack) {
  std::set<std::string_view> letters;
  for (unsigned byte = 0; byte < 256; ++byte) {
    const std::string_view letter = byte_to_letter(static_cast<std::uint8_t>(byte));
    EXPECT_TRUE(letters.insert(letter).second) << byte;
    std::string back;
    append_bytes_of_letters(letter, back);
    EXPECT_EQ(back, std::string(1, static_cast<char>(byte)));
  }
}

TEST(ByteAlphabet, KnownLetters) {
  EXPECT_EQ(byte_to_letter('A'), "A");
  EXPECT_EQ(byte_to_letter(' '), "\u0120");
  EXPECT_EQ(byte_to_letter('\n'), "\u010A");
  EXPECT_EQ(byte_to_letter(0), "\u0100");
  EXPECT_EQ(byte_to_letter(0xAD), "\u0143");  // the last of the shifted ones
}

TEST(ByteAlphabet, OtherCharactersStandForThemselves) {
  std::string out;
  append_bytes_of_letters("a \u20AC\u0144\xFF", out);
  EXPECT_EQ(out, "a \u20AC\u0144\xFF");
}

}  // namespace

}  // namespace quern::engine
