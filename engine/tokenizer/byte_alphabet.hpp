// GPT-2's alphabet for byte-level vocabularies: each byte has a printable character, so that token texts are readable
// and hold no blanks. Printable Latin-1 bytes stand for themselves; the other 68 are U+0100 onwards, in ascending
// order. Source: openai/gpt-2 encoder.py, bytes_to_unicode. Threads: pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::engine {

// The UTF-8 text (1 or 2 bytes) of the character that stands for `byte`.
std::string_view byte_to_letter(std::uint8_t byte) noexcept;

// Appends the bytes that `token_text` stands for. Characters outside the alphabet stand for themselves; false: there
// are some.
bool append_bytes_of_letters(std::string_view token_text, std::string& out);

}  // namespace quern::engine
