// The classes of characters. Source: the Python library reference, "str.isalpha" and its neighbours.
#include "engine/chat/jinja/text.hpp"
#include "engine/chat/jinja/unicode_tables.hpp"

#include <algorithm>

#include <utf8proc.h>

namespace quern::engine::chat::jinja {

namespace {

utf8proc_category_t category(char32_t c) noexcept {
  return c > 0x10FFFF ? UTF8PROC_CATEGORY_CN : utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

}  // namespace

bool is_space(char32_t c) noexcept {
  if (c < 0x80) return (c >= 9 && c <= 13) || (c >= 28 && c <= 32);
  return c == 0x85 || category(c) == UTF8PROC_CATEGORY_ZS || c == 0x2028 || c == 0x2029;
}

bool is_alpha(char32_t c) noexcept {
  const utf8proc_category_t k = category(c);
  return k >= UTF8PROC_CATEGORY_LU && k <= UTF8PROC_CATEGORY_LO;
}

int decimal_value(char32_t c) noexcept {
  if (c < 0x80) return c >= '0' && c <= '9' ? static_cast<int>(c - '0') : -1;
  for (const Range& range : decimal_digits())
    if (c >= range.first && c <= range.last) return static_cast<int>((c - range.first) % 10);
  return -1;
}

bool is_decimal(char32_t c) noexcept {
  return c < 0x80 ? c >= '0' && c <= '9' : in_ranges(decimal_digits(), c);
}

bool is_digit(char32_t c) noexcept {
  return is_decimal(c) || in_ranges(other_digits(), c);
}

bool is_numeric(char32_t c) noexcept {
  const utf8proc_category_t k = category(c);
  return k == UTF8PROC_CATEGORY_ND || k == UTF8PROC_CATEGORY_NL || k == UTF8PROC_CATEGORY_NO ||
         in_ranges(numeric_letters(), c);
}

bool is_alnum(char32_t c) noexcept {
  return is_alpha(c) || is_numeric(c);
}

bool is_upper(char32_t c) noexcept {
  return category(c) == UTF8PROC_CATEGORY_LU || in_ranges(other_uppercase(), c);
}

bool is_lower(char32_t c) noexcept {
  return category(c) == UTF8PROC_CATEGORY_LL || in_ranges(other_lowercase(), c);
}

bool is_title(char32_t c) noexcept {
  return category(c) == UTF8PROC_CATEGORY_LT;
}

bool is_cased(char32_t c) noexcept {
  return is_upper(c) || is_lower(c) || is_title(c);
}

bool is_case_ignorable(char32_t c) noexcept {
  static constexpr char32_t kInsideWords[] = {0x27,   0x2E,   0x3A,   0xB7,   0x387,  0x55F,  0x5F4,  0x2018, 0x2019,
                                              0x2024, 0x2027, 0xFE13, 0xFE52, 0xFE55, 0xFF07, 0xFF0E, 0xFF1A};
  switch (category(c)) {
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_SK:
      return true;
    default:
      return std::binary_search(std::begin(kInsideWords), std::end(kInsideWords), c);
  }
}

bool is_printable(char32_t c) noexcept {
  if (c < 0x80) return c >= 32 && c < 127;
  switch (category(c)) {
    case UTF8PROC_CATEGORY_CC:
    case UTF8PROC_CATEGORY_CF:
    case UTF8PROC_CATEGORY_CS:
    case UTF8PROC_CATEGORY_CO:
    case UTF8PROC_CATEGORY_CN:
    case UTF8PROC_CATEGORY_ZL:
    case UTF8PROC_CATEGORY_ZP:
    case UTF8PROC_CATEGORY_ZS:
      return false;
    default:
      return true;
  }
}

bool is_identifier(std::string_view text) noexcept {
  bool first = true;
  for (std::size_t at = 0; at < text.size(); first = false) {
    const Char c = char_at(text, at);
    const utf8proc_category_t k = category(c.code);
    bool fits = is_alpha(c.code) || k == UTF8PROC_CATEGORY_NL || c.code == '_';
    if (!first)
      fits = fits || k == UTF8PROC_CATEGORY_MN || k == UTF8PROC_CATEGORY_MC || k == UTF8PROC_CATEGORY_ND ||
             k == UTF8PROC_CATEGORY_PC;
    const bool joins_only = first && (c.code == 0xE33 || c.code == 0xEB3 || c.code == 0x1885 || c.code == 0x1886 ||
                                      c.code == 0xFF9E || c.code == 0xFF9F);
    const bool never_first =
        first && (c.code == 0xB7 || c.code == 0x387 || c.code == 0x19DA || (c.code >= 0x1369 && c.code <= 0x1371));
    if (in_ranges(identifier_exceptions(), c.code)) fits = !fits && !never_first;
    if (!fits || joins_only) return false;
    at += c.size;
  }
  return !text.empty();
}

}  // namespace quern::engine::chat::jinja
