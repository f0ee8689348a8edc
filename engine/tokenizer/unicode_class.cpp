#include "engine/tokenizer/unicode_class.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <array>
#include <utility>

#include <utf8proc.h>

namespace quern::engine {
namespace {

utf8proc_category_t category(CodePoint c) noexcept {
  return utf8proc_category(static_cast<utf8proc_int32_t>(c));
}

bool is_between(utf8proc_category_t c, utf8proc_category_t first, utf8proc_category_t last) noexcept {
  return c >= first && c <= last;
}

}  // namespace

CodePoint front_character(std::string_view text, std::size_t& size) noexcept {
  if (static_cast<unsigned char>(text.front()) < 0x80) {
    size = 1;
    return static_cast<unsigned char>(text.front());
  }
  utf8proc_int32_t c = 0xFFFD;
  size = utf8_front(text).size;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(size), &c);
  return static_cast<CodePoint>(c);
}

void append_character(CodePoint c, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(c), bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

bool is_white_space(CodePoint c) noexcept {
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_numeric(CodePoint c) noexcept {
  return is_between(category(c), UTF8PROC_CATEGORY_ND, UTF8PROC_CATEGORY_NO);
}

bool is_punctuation(CodePoint c) noexcept {
  if (c < 0x80)
    return (c >= '!' && c <= '/') || (c >= ':' && c <= '@') || (c >= '[' && c <= '`') || (c >= '{' && c < 0x7F);
  return is_between(category(c), UTF8PROC_CATEGORY_PC, UTF8PROC_CATEGORY_PO);
}

bool is_mark(CodePoint c) noexcept {
  return is_between(category(c), UTF8PROC_CATEGORY_MN, UTF8PROC_CATEGORY_ME);
}

bool is_nonspacing(CodePoint c) noexcept {
  return category(c) == UTF8PROC_CATEGORY_MN;
}

bool is_other(CodePoint c) noexcept {
  const utf8proc_category_t found = category(c);
  return found == UTF8PROC_CATEGORY_CC || found == UTF8PROC_CATEGORY_CF || found == UTF8PROC_CATEGORY_CS ||
         found == UTF8PROC_CATEGORY_CO;
}

bool is_cjk_ideograph(CodePoint c) noexcept {
  static constexpr std::array<std::pair<CodePoint, CodePoint>, 8> kBlocks{{{0x4E00, 0x9FFF},
                                                                           {0x3400, 0x4DBF},
                                                                           {0x20000, 0x2A6DF},
                                                                           {0x2A700, 0x2B73F},
                                                                           {0x2B740, 0x2B81F},
                                                                           {0x2B920, 0x2CEAF},
                                                                           {0xF900, 0xFAFF},
                                                                           {0x2F800, 0x2FA1F}}};
  return std::ranges::any_of(kBlocks, [c](const auto& block) { return c >= block.first && c <= block.second; });
}

bool is_word_character(CodePoint c) noexcept {
  const utf8proc_category_t found = category(c);
  if (is_between(found, UTF8PROC_CATEGORY_LU, UTF8PROC_CATEGORY_NL)) return true;  // letters, marks, digits, numerals
  if (found == UTF8PROC_CATEGORY_PC) return true;
  // joiners, and letters in circles and squares
  return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
         (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
}

}  // namespace quern::engine
