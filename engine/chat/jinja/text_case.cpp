// Upper, lower and title case, also where one letter becomes several. Source: Unicode, "Default Case Conversion"; the
// Python library reference, "str.upper" and its neighbours.
#include "engine/chat/jinja/text.hpp"
#include "engine/chat/jinja/unicode_tables.hpp"

#include <utility>

#include <utf8proc.h>

namespace quern::engine::chat::jinja {

namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;
constexpr char32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2, kSigma = 0x3C3, kCapitalDottedI = 0x130;

enum class Case { keep, upper, title, lower };

std::size_t before(std::string_view text, std::size_t at) noexcept {
  --at;
  while (at > 0 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
  return at;
}

// A capital sigma behind a letter and before none, whatever marks stand between, becomes the final form.
bool ends_word(std::string_view text, std::size_t at, std::size_t size) noexcept {
  for (std::size_t next = at + size; next < text.size();) {
    const Char c = char_at(text, next);
    if (!is_case_ignorable(c.code)) {
      if (is_cased(c.code)) return false;
      break;
    }
    next += c.size;
  }
  while (at > 0) {
    at = before(text, at);
    const char32_t c = char_at(text, at).code;
    if (!is_case_ignorable(c)) return is_cased(c);
  }
  return false;
}

void append_lower(std::string_view text, std::size_t at, Char c, std::string& out) {
  if (c.code == kCapitalSigma) return append_utf8(ends_word(text, at, c.size) ? kFinalSigma : kSigma, out);
  append_utf8(static_cast<char32_t>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c.code))), out);
  if (c.code == kCapitalDottedI) append_utf8(0x307, out);
}

void append_cased(std::string_view text, std::size_t at, Char c, Case wanted, std::string& out) {
  if (c.code == kInvalid || wanted == Case::keep) {
    out += text.substr(at, c.size);
  } else if (c.code < 0x80) {
    const char a = static_cast<char>(c.code);
    const bool flip = wanted == Case::lower ? a >= 'A' && a <= 'Z' : a >= 'a' && a <= 'z';
    out += static_cast<char>(flip ? a ^ 0x20 : a);
  } else if (wanted == Case::lower) {
    append_lower(text, at, c, out);
  } else if (const SpecialCase* const row = find_special_case(c.code); row != nullptr) {
    for (const char16_t unit : wanted == Case::upper ? row->upper : row->title) append_utf8(unit, out);
  } else {
    const auto code = static_cast<utf8proc_int32_t>(c.code);
    append_utf8(static_cast<char32_t>(wanted == Case::upper ? utf8proc_toupper(code) : utf8proc_totitle(code)), out);
  }
}

// Calls choose(character) for the case of each.
template <class Choose>
std::string recased(std::string_view text, Choose choose) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    append_cased(text, at, c, choose(c.code), out);
    at += c.size;
  }
  return out;
}

}  // namespace

std::string to_upper(std::string_view text) {
  return recased(text, [](char32_t) { return Case::upper; });
}

std::string to_lower(std::string_view text) {
  return recased(text, [](char32_t) { return Case::lower; });
}

std::string fold_case(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    utf8proc_int32_t folded[8];
    int boundary = 0;
    const utf8proc_ssize_t n = c.code == kInvalid ? 0
                                                  : utf8proc_decompose_char(static_cast<utf8proc_int32_t>(c.code),
                                                                            folded, 8, UTF8PROC_CASEFOLD, &boundary);
    if (n <= 0) out += text.substr(at, c.size);
    for (utf8proc_ssize_t i = 0; i < n; ++i) append_utf8(static_cast<char32_t>(folded[i]), out);
    at += c.size;
  }
  return out;
}

std::string capitalize(std::string_view text) {
  return recased(text,
                 [first = true](char32_t) mutable { return std::exchange(first, false) ? Case::title : Case::lower; });
}

std::string title_words(std::string_view text) {
  return recased(text, [inside = false](char32_t c) mutable {
    return std::exchange(inside, is_cased(c)) ? Case::lower : Case::title;
  });
}

std::string swap_case(std::string_view text) {
  return recased(text, [](char32_t c) { return is_upper(c) ? Case::lower : is_lower(c) ? Case::upper : Case::keep; });
}

}  // namespace quern::engine::chat::jinja
