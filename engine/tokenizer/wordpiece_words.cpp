#include "engine/tokenizer/wordpiece_words.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include <utf8proc.h>

namespace quern::engine {
namespace {

using Codepoint = utf8proc_int32_t;

bool is_blank(Codepoint c) noexcept {  // the property White_Space
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

bool is_ideograph(Codepoint c) noexcept {  // the blocks that BERT names
  static constexpr std::array<std::pair<Codepoint, Codepoint>, 8> kBlocks{{{0x4E00, 0x9FFF},
                                                                           {0x3400, 0x4DBF},
                                                                           {0x20000, 0x2A6DF},
                                                                           {0x2A700, 0x2B73F},
                                                                           {0x2B740, 0x2B81F},
                                                                           {0x2B920, 0x2CEAF},
                                                                           {0xF900, 0xFAFF},
                                                                           {0x2F800, 0x2FA1F}}};
  return std::ranges::any_of(kBlocks, [c](const auto& block) { return c >= block.first && c <= block.second; });
}

bool is_control(utf8proc_category_t category) noexcept {
  return category == UTF8PROC_CATEGORY_CC || category == UTF8PROC_CATEGORY_CF || category == UTF8PROC_CATEGORY_CS ||
         category == UTF8PROC_CATEGORY_CO;
}

bool is_mark(utf8proc_category_t category) noexcept {
  return category >= UTF8PROC_CATEGORY_MN && category <= UTF8PROC_CATEGORY_ME;
}

// Punctuation, and the ASCII symbols that BERT counts as such.
bool stands_alone(Codepoint c, utf8proc_category_t category) noexcept {
  const bool punctuation = category >= UTF8PROC_CATEGORY_PC && category <= UTF8PROC_CATEGORY_PO;
  const bool symbol = category >= UTF8PROC_CATEGORY_SM && category <= UTF8PROC_CATEGORY_SO;
  return punctuation || (c < 0x7F && symbol);
}

// The canonical decomposition: at least one character.
std::span<const Codepoint> parts_of(Codepoint c, std::span<Codepoint, 32> parts) noexcept {
  parts[0] = c;
  if (c < 0x80) return parts.first(1);
  int boundary = 0;
  const utf8proc_ssize_t n =  // the longest canonical decomposition has 4
      utf8proc_decompose_char(c, parts.data(), static_cast<utf8proc_ssize_t>(parts.size()),
                              static_cast<utf8proc_option_t>(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE), &boundary);
  if (n > 0 && n <= 32) return parts.first(static_cast<std::size_t>(n));
  parts[0] = c;
  return parts.first(1);
}

void append(Codepoint c, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size = utf8proc_encode_char(c, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

class WordWriter {
 public:
  WordWriter(const WordRules& rules, std::vector<std::string>& words) : rules_(rules), words_(words) {}

  void add(Codepoint c) {
    if (is_blank(c)) {
      open_ = false;
      return;
    }
    const auto category = utf8proc_category(c);
    if (c == 0 || c == 0xFFFD || is_control(category) || is_dropped_mark(category)) return;
    if (rules_.lower_case) c = utf8proc_tolower(c);
    const bool alone = stands_alone(c, category) || (rules_.split_ideographs && is_ideograph(c));
    if (alone || !open_) words_.emplace_back();
    append(c, words_.back());
    open_ = !alone;
  }

 private:
  bool is_dropped_mark(utf8proc_category_t category) const noexcept {
    if (!rules_.strip_accents) return false;
    return rules_.whole_decomposition ? category == UTF8PROC_CATEGORY_MN : is_mark(category);
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
    std::array<Codepoint, 32> buffer{};
    std::span<const Codepoint> parts{&c, 1};
    if (rules.strip_accents) parts = parts_of(c, buffer);
    if (!rules.whole_decomposition) parts = parts.first(1);
    for (const Codepoint part : parts) writer.add(part);
  }
  return words;
}

}  // namespace quern::engine
