#include "engine/tokenizer/special_splitter.hpp"

#include <utility>

namespace quern::engine {
namespace {

bool is_split_off(TokenKind kind) noexcept {
  return kind == TokenKind::user_defined || kind == TokenKind::control || kind == TokenKind::unknown;
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

SpecialSplitter::SpecialSplitter(const Vocabulary& vocabulary, std::vector<Strip> strip, bool user_defined)
    : nodes_(1), strip_(std::move(strip)) {
  for (std::uint32_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    const TokenKind kind = vocabulary.kind(id);
    if (is_split_off(kind) && (user_defined || kind != TokenKind::user_defined))
      add(vocabulary.text(id), id, kind == TokenKind::user_defined);
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
    if (found.id != kNoToken) return found;
  }
  return {};
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
