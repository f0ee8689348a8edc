#include "engine/tokenizer/wordpiece_words.hpp"

#include "engine/tokenizer/unicode_class.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <array>

#include <utf8proc.h>

namespace quern::engine {
namespace {

using Codepoint = utf8proc_int32_t;

bool is_control(utf8proc_category_t category) noexcept {
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CS ||
         category == UTF8PROC_CATEGORY_CO;
}

// Punctuation, and the ASCII symbols that BERT counts as such.
bool stands_alone(Codepoint c, utf8proc_category_t category) noexcept {
  const bool punctuation = category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
  const bool symbol = category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO;
  return punctuation || (c < 0x7F && symbol);
}

// The first character of the canonical decomposition.
Codepoint first_part(Codepoint c) noexcept {
  if (c < 0x80) return c;
  std::array<Codepoint, 32> parts{};
  int boundary = 0;
  const utf8proc_ssize_t n =  // the longest canonical decomposition has 4
      utf8proc_decompose_char(c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
                              static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &boundary);
  return n > 0 && n <= static_cast<utf8proc_ssize_t>(parts.size()) ? parts[0] : c;
}

class WordWriter {
 public:
  WordWriter(const WordRules& rules, std::vector<std::string>& words) : rules_(rules), words_(words) {}

  void add(Codepoint c) {
    if (is_white_space(static_cast<CodePoint>(c))) {
      open_ = false;
      return;
    }
    const auto category = utf8proc_category(c);
    if (c == 0 || c == 0xFFFD || is_control(category) || is_dropped_mark(category)) return;
    if (rules_.lower_case) c = utf8proc_tolower(c);
    const bool alone = stands_alone(c, category) || is_cjk_ideograph(static_cast<CodePoint>(c));
    if (alone || !open_) words_.emplace_back();
    append_character(static_cast<CodePoint>(c), words_.back());
    open_ = !alone;
  }

 private:
  bool is_dropped_mark(utf8proc_category_t category) const noexcept {
    return rules_.strip_accents && category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
  }

  const WordRules& rules_;
  std::vector<std::string>& words_;
  bool open_ = false;  // the last word may still grow
};

}  // namespace

std::vector<std::string> split_words(std::string_view text, const WordRules& rules) {
  std::vector<std::string> words;
  WordWriter writer(rules, words);
  while (!text.empty()) {
    const Utf8Step step = utf8_front(text);
    Codepoint c = 0xFFFD;
    if (step.kind == Utf8Kind::valid) {
      utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), step.size, &c);
    }
    text.remove_prefix(step.size);
    writer.add(rules.strip_accents ? first_part(c) : c);
  }
  return words;
}

}  // namespace quern::engine
