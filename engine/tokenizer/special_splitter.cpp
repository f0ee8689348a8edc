#include "engine/tokenizer/special_splitter.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <utility>

#include <utf8proc.h>

namespace quern::engine {
namespace {

bool is_split_off(TokenKind kind) noexcept {
  return kind == TokenKind::user_defined || kind == TokenKind::control || kind == TokenKind::unknown;
}

// \w of Unicode's regular expressions (UTS 18, annex C): letters, marks, digits, connectors, joiners.
bool is_word_character(utf8proc_int32_t c) noexcept {
  switch (utf8proc_category(c)) {
    case UTF8PROC_CATEGORY_LU:
    case UTF8PROC_CATEGORY_LL:
    case UTF8PROC_CATEGORY_LT:
    case UTF8PROC_CATEGORY_LM:
    case UTF8PROC_CATEGORY_LO:
    case UTF8PROC_CATEGORY_MN:
    case UTF8PROC_CATEGORY_MC:
    case UTF8PROC_CATEGORY_ME:
    case UTF8PROC_CATEGORY_ND:
    case UTF8PROC_CATEGORY_NL:
    case UTF8PROC_CATEGORY_PC:
      return true;
    default:  // joiners, and letters in circles and squares
      return c == 0x200C || c == 0x200D || (c >= 0x24B6 && c <= 0x24E9) || (c >= 0x1F130 && c <= 0x1F149) ||
             (c >= 0x1F150 && c <= 0x1F169) || (c >= 0x1F170 && c <= 0x1F189);
  }
}

bool begins_with_word(std::string_view text) noexcept {
  if (text.empty()) return false;
  utf8proc_int32_t c = -1;
  const Utf8Step step = utf8_front(text);
  if (step.kind != Utf8Kind::valid) return false;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(step.size),
                   &c);
  return is_word_character(c);
}

bool ends_with_word(std::string_view text) noexcept {
  std::size_t begin = text.size();
  while (begin > 0 && text.size() - begin < 4)
    if ((static_cast<unsigned char>(text[--begin]) & 0xC0u) != 0x80u) break;
  const std::string_view last = text.substr(begin);
  return !last.empty() && utf8_front(last).size == last.size() && begins_with_word(last);
}

}  // namespace

Status SpecialSplitter::check(const Vocabulary& vocabulary) {
  std::size_t n_bytes = 0;
  for (std::uint32_t i = 0; i < vocabulary.size(); ++i)
    if (const auto id = static_cast<TokenId>(i); is_split_off(vocabulary.kind(id)))
      n_bytes += vocabulary.text(id).size();
  if (n_bytes > kMaxTextBytes)
    return fail(Errc::unsupported, "tokenizer.ggml.tokens: special tokens have {} bytes of text, at most {}", n_bytes,
                kMaxTextBytes);
  return {};
}

SpecialSplitter::SpecialSplitter(const Vocabulary& vocabulary, std::vector<Strip> strip, std::vector<bool> alone)
    : nodes_(1), strip_(std::move(strip)), alone_(std::move(alone)) {
  for (std::uint32_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenKind kind = vocabulary.kind(id);
    if (is_split_off(kind)) add(vocabulary.text(id), id, kind == TokenKind::user_defined);
  }
}

void SpecialSplitter::add(std::string_view text, TokenId id, bool always) {
  if (text.empty()) return;
  std::uint32_t node = 0;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    const auto fresh = static_cast<std::uint32_t>(nodes_.size());
    if (edges_.insert(node, byte, {0, fresh})) nodes_.emplace_back();
    node = edges_.find(node, byte).id;
  }
  if (nodes_[node].id != kNoToken) return;  // a duplicate text: the first token has it
  nodes_[node] = {id, always};
  const auto first = static_cast<unsigned char>(text[0]);
  starts_any_[first] = true;
  starts_always_[first] = starts_always_[first] || always;
}

SpecialSplitter::Found SpecialSplitter::next(std::string_view text, std::size_t from,
                                             bool parse_special) const noexcept {
  const std::array<bool, 256>& starts = parse_special ? starts_any_ : starts_always_;
  for (std::size_t i = from; i < text.size(); ++i) {
    if (!starts[static_cast<unsigned char>(text[i])]) continue;
    const Found found = longest_at(text, i, parse_special);
    if (found.id == kNoToken) continue;
    if (counts(found, text)) return found;
    i = found.end - 1;  // as a whole: no shorter token inside is looked for
  }
  return {};
}

bool SpecialSplitter::counts(const Found& found, std::string_view text) const noexcept {
  if (alone_.empty() || !alone_[static_cast<std::size_t>(found.id)]) return true;
  return !ends_with_word(text.substr(0, found.begin)) && !begins_with_word(text.substr(found.end));
}

SpecialSplitter::Found SpecialSplitter::longest_at(std::string_view text, std::size_t begin,
                                                   bool parse_special) const noexcept {
  Found best;
  std::uint32_t node = 0;
  for (std::size_t i = begin; i < text.size(); ++i) {
    node = edges_.find(node, static_cast<unsigned char>(text[i])).id;
    if (node == PairTable::kAbsent) break;
    const Node& reached = nodes_[node];
    if (reached.id != kNoToken && (parse_special || reached.always)) best = {reached.id, begin, i + 1};
  }
  return best;
}

}  // namespace quern::engine
