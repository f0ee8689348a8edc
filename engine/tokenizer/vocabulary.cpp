#include "engine/tokenizer/vocabulary.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

namespace quern::engine {
namespace {

constexpr char kTokens[] = "tokenizer.ggml.tokens";
constexpr char kScores[] = "tokenizer.ggml.scores";
constexpr char kKinds[] = "tokenizer.ggml.token_type";

std::optional<unsigned> hex_digit(char c) noexcept {
  if (c >= '0' && c <= '9') return static_cast<unsigned>(c - '0');
  if (c >= 'A' && c <= 'F') return static_cast<unsigned>(c - 'A') + 10;
  if (c >= 'a' && c <= 'f') return static_cast<unsigned>(c - 'a') + 10;
  return std::nullopt;
}

// "<0x41>" -> 0x41
std::optional<std::uint8_t> byte_of_text(std::string_view text) noexcept {
  if (text.size() != 6 || !text.starts_with("<0x") || text[5] != '>') return std::nullopt;
  const std::optional<unsigned> high = hex_digit(text[3]), low = hex_digit(text[4]);
  if (!high || !low) return std::nullopt;
  return static_cast<std::uint8_t>(*high * 16 + *low);
}

Result<std::vector<float>> load_scores(const gguf::GgufFile& file, std::size_t n_tokens) {
  if (file.find(kScores) == nullptr) return std::vector<float>();
  QUERN_TRY(std::vector<float> scores, file.get_float_array(kScores));
  if (scores.size() != n_tokens)
    return fail(Errc::corrupt, "{}: {} entries, expected one for each of {} tokens", kScores, scores.size(), n_tokens);
  return scores;
}

Result<std::vector<TokenKind>> load_kinds(const gguf::GgufFile& file, std::size_t n_tokens) {
  std::vector<TokenKind> out;
  if (file.find(kKinds) == nullptr) return out;
  QUERN_TRY(const std::vector<std::int64_t> kinds, file.get_int_array(kKinds));
  if (kinds.size() != n_tokens)
    return fail(Errc::corrupt, "{}: {} entries, expected one for each of {} tokens", kKinds, kinds.size(), n_tokens);
  out.reserve(n_tokens);
  for (std::size_t i = 0; i < kinds.size(); ++i) {
    if (kinds[i] < 0 || kinds[i] > 6)
      return fail(Errc::corrupt, "{}[{}]: found {}, expected 0 to 6", kKinds, i, kinds[i]);
    // 0 is "undefined": never printed
    out.push_back(kinds[i] == 0 ? TokenKind::unused : static_cast<TokenKind>(kinds[i]));
  }
  return out;
}

}  // namespace

Result<Vocabulary> Vocabulary::load(const gguf::GgufFile& file) {
  QUERN_TRY(const gguf::ArrayView* const list, file.get_array(kTokens, gguf::ValueType::string));
  VocabularyParts parts;
  parts.texts = list->strings;
  QUERN_TRY(parts.scores, load_scores(file, parts.texts.size()));
  QUERN_TRY(parts.kinds, load_kinds(file, parts.texts.size()));
  return create(std::move(parts), kTokens);
}

Result<Vocabulary> Vocabulary::create(VocabularyParts parts, std::string_view owner) {
  Vocabulary out;
  QUERN_CHECK(out.copy_texts(parts.texts, owner));
  out.scores_ = std::move(parts.scores);
  out.scores_.resize(out.texts_.size(), 0.0f);
  out.kinds_ = std::move(parts.kinds);
  out.kinds_.resize(out.texts_.size(), TokenKind::normal);
  QUERN_CHECK(out.index_bytes(owner));
  return out;
}

TokenId Vocabulary::find(std::string_view text) const noexcept {
  const std::uint32_t found = index_.find(text);
  return found == TextIndex::kAbsent ? kNoToken : static_cast<TokenId>(found);
}

std::uint8_t Vocabulary::byte_value(TokenId id) const noexcept {
  return byte_of_text(text(id)).value_or(0);
}

Status Vocabulary::copy_texts(const std::vector<std::string_view>& texts, std::string_view owner) {
  const std::size_t n_tokens = texts.size();
  if (n_tokens == 0 || n_tokens > kMaxTokens)
    return fail(Errc::corrupt, "{}: {} tokens, expected 1 to {}", owner, n_tokens, kMaxTokens);
  std::uint64_t n_bytes = 0;
  for (const std::string_view text : texts) n_bytes += text.size();  // each is part of a mapped file
  if (n_bytes > kMaxTextBytes)
    return fail(Errc::corrupt, "{}: {} bytes of text, at most {}", owner, n_bytes, kMaxTextBytes);

  text_bytes_ = static_cast<std::size_t>(n_bytes);
  arena_ = std::make_unique<char[]>(static_cast<std::size_t>(n_bytes) + 1);
  texts_.reserve(n_tokens);
  index_ = TextIndex(n_tokens);
  char* at = arena_.get();
  for (const std::string_view text : texts) {
    std::copy(text.begin(), text.end(), at);
    texts_.emplace_back(at, text.size());
    at += text.size();
    longest_text_ = std::max(longest_text_, text.size());
    if (!text.empty()) index_.insert(texts_.back(), static_cast<std::uint32_t>(texts_.size() - 1));
  }
  return {};
}

Status Vocabulary::index_bytes(std::string_view owner) {
  byte_tokens_.assign(256, kNoToken);
  for (unsigned byte = 0; byte < 256; ++byte) {
    static constexpr char kHex[] = "0123456789ABCDEF";
    const std::array<char, 6> name{'<', '0', 'x', kHex[byte >> 4], kHex[byte & 15], '>'};
    byte_tokens_[byte] = find({name.data(), name.size()});
  }
  for (std::size_t i = 0; i < texts_.size(); ++i)
    if (kinds_[i] == TokenKind::byte && !byte_of_text(texts_[i]))
      return fail(Errc::corrupt, "{}[{}]: a byte token reads '{}', expected <0x00> to <0xFF>", owner, i, texts_[i]);
  return {};
}

}  // namespace quern::engine
