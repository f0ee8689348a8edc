// UTF-8 by the Unicode Standard's table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern::engine {

inline constexpr std::string_view kReplacementCharacter = "\xEF\xBF\xBD";  // U+FFFD

enum class Utf8Kind : std::uint8_t {
  valid,      // a whole character
  truncated,  // the text ends inside a character that may still become valid
  invalid,    // no continuation can make these bytes valid
};

struct Utf8Step {
  std::uint8_t size;  // 1..4 bytes; of an invalid sequence its maximal subpart (Unicode Standard, 3.9, D93b)
  Utf8Kind kind;
};

// The character at the front of `text`, which must not be empty.
Utf8Step utf8_front(std::string_view text) noexcept;

bool is_valid_utf8(std::string_view text) noexcept;

std::size_t count_characters(std::string_view text) noexcept;  // code points of valid UTF-8

// A copy of `text` in which every byte that belongs to no valid character is one U+FFFD, as llama.cpp's BPE reads it.
std::string replace_invalid_bytes(std::string_view text);

}  // namespace quern::engine
