// What Unicode knows of characters beyond their category and their simple case mappings, which utf8proc has.
// Threads: constants. Source: Unicode 14: SpecialCasing.txt (unconditional), DerivedNumericType.txt,
// DerivedCoreProperties.txt.
#pragma once

#include <span>
#include <string_view>

namespace quern::engine::chat::jinja {

struct Range {
  char32_t first, last;
};
bool in_ranges(std::span<const Range> ranges, char32_t c) noexcept;  // sorted ranges

std::span<const Range> decimal_digits() noexcept;         // each range begins with a zero and holds whole tens
std::span<const Range> other_digits() noexcept;           // superscripts, circled digits, ...: no decimals
std::span<const Range> numeric_letters() noexcept;        // ideographs that are numbers
std::span<const Range> other_lowercase() noexcept;        // lower case, but of no category Ll
std::span<const Range> other_uppercase() noexcept;        // upper case, but of no category Lu
std::span<const Range> identifier_exceptions() noexcept;  // where identifiers differ from what categories say

// Characters whose upper or title case is longer than one.
struct SpecialCase {
  char16_t code;
  std::u16string_view upper, title;
};
const SpecialCase* find_special_case(char32_t c) noexcept;  // nullptr: none

}  // namespace quern::engine::chat::jinja
