// Strings as Python sees them: code points instead of bytes, Unicode's classes and cases. Text is UTF-8; a byte that is
// none counts as a character of its own. Threads: pure functions. Source: Python's str methods; tables of utf8proc.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::chat::jinja {

struct Char {
  char32_t code;     // 0xFFFFFFFF for an invalid byte
  std::size_t size;  // bytes
};
Char char_at(std::string_view text, std::size_t offset) noexcept;  // REQUIRES: offset < text.size()
void append_utf8(char32_t code, std::string& out);

std::size_t count_chars(std::string_view text) noexcept;
// The byte offset of the n-th character; text.size() beyond the end.
std::size_t offset_of(std::string_view text, std::size_t n_chars) noexcept;

bool is_space(char32_t c) noexcept;
bool is_alpha(char32_t c) noexcept;
bool is_decimal(char32_t c) noexcept;  // what int() reads
bool is_digit(char32_t c) noexcept;    // also superscripts and their like
bool is_numeric(char32_t c) noexcept;  // also fractions, roman numerals, ideographs
bool is_alnum(char32_t c) noexcept;
bool is_upper(char32_t c) noexcept;
bool is_lower(char32_t c) noexcept;
bool is_title(char32_t c) noexcept;
bool is_cased(char32_t c) noexcept;
bool is_case_ignorable(char32_t c) noexcept;
bool is_printable(char32_t c) noexcept;
int decimal_value(char32_t c) noexcept;  // -1: no decimal digit
bool is_identifier(std::string_view text) noexcept;
// Decimal digits of other scripts as 0 to 9.
std::string with_ascii_digits(std::string_view text);

std::string to_upper(std::string_view text);
std::string to_lower(std::string_view text);
std::string capitalize(std::string_view text);   // the first upper, the rest lower
std::string title_words(std::string_view text);  // str.title(): a word is a run of letters
std::string swap_case(std::string_view text);
std::string fold_case(std::string_view text);  // for comparison without regard to case

// Where the text begins and ends without characters of `chars` (white space if chars is null) at its sides.
std::string_view strip(std::string_view text, const std::string_view* chars, bool left, bool right) noexcept;
std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends);
// The offset of `part` at or after `from`, in linear time; npos.
std::size_t find_text(std::string_view text, std::string_view part, std::size_t from = 0) noexcept;
std::string replace_text(std::string_view text, std::string_view from, std::string_view to, std::int64_t max_count,
                         std::size_t max_bytes);
std::string escape_html(std::string_view text);
// 'text' as Python writes it in source.
void append_repr(std::string_view text, std::string& out);
// What ascii() makes of a repr(): \x, \u and \U for all but ASCII.
std::string escape_non_ascii(std::string_view text);

}  // namespace quern::engine::chat::jinja
