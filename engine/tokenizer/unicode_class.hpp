// What kind of character a code point is, as the normalizers and pre-tokenizers of published vocabularies ask for it.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::engine {

using CodePoint = char32_t;

// The first character of valid UTF-8, which is not empty, and its bytes.
CodePoint front_character(std::string_view text, std::size_t& size) noexcept;
void append_character(CodePoint c, std::string& out);

bool is_white_space(CodePoint c) noexcept;    // the property White_Space
bool is_numeric(CodePoint c) noexcept;        // categories N*
bool is_punctuation(CodePoint c) noexcept;    // categories P*, and the symbols of ASCII
bool is_mark(CodePoint c) noexcept;           // categories M*
bool is_nonspacing(CodePoint c) noexcept;     // category Mn
bool is_other(CodePoint c) noexcept;          // control, format, private use
bool is_cjk_ideograph(CodePoint c) noexcept;  // the blocks that BERT names
// \w of Unicode's regular expressions (UTS 18, annex C): letters, marks, digits, connectors, joiners.
bool is_word_character(CodePoint c) noexcept;

// visit(code point, its bytes) for each character of valid UTF-8
template <class Visit>
void each_character(std::string_view text, const Visit& visit) {
  for (std::size_t size = 0; !text.empty(); text.remove_prefix(size)) {
    const CodePoint c = front_character(text, size);
    visit(c, text.substr(0, size));
  }
}

}  // namespace quern::engine
