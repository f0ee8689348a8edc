// The token list of a GGUF file: texts, kinds, scores and the way back from text to id. Shared by every tokenizer
// model. Threads: const after load. Ownership: copies the texts into one arena; views point into it and survive a move.
// Limits: kMaxTokens tokens, kMaxTextBytes of text. Source: GGUF specification, keys tokenizer.ggml.*.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/text_index.hpp"
#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <memory>
#include <span>
#include <string_view>
#include <vector>

namespace quern::engine {

// What a vocabulary is made from; the views need live only until create() returns.
struct VocabularyParts {
  std::vector<std::string_view> texts;
  std::vector<float> scores;     // [n_vocab], or empty: 0
  std::vector<TokenKind> kinds;  // [n_vocab], or empty: normal
};

class Vocabulary {
 public:
  static constexpr std::uint64_t kMaxTokens = 1u << 24;
  static constexpr std::uint64_t kMaxTextBytes = 1u << 30;

  // Errors: corrupt (no tokens, arrays of different lengths, a kind that is none, a byte token that names no
  // byte), each naming the key and the index.
  static Result<Vocabulary> load(const gguf::GgufFile& file);
  // The same from parts of one length; errors name `owner` as the key.
  static Result<Vocabulary> create(VocabularyParts parts, std::string_view owner);

  std::uint32_t size() const noexcept { return static_cast<std::uint32_t>(texts_.size()); }
  bool contains(std::int64_t id) const noexcept { return id >= 0 && id < std::int64_t{size()}; }

  // The following take an id inside the vocabulary.
  std::string_view text(TokenId id) const noexcept { return texts_[index(id)]; }  // may be empty, may be invalid UTF-8
  TokenKind kind(TokenId id) const noexcept { return kinds_[index(id)]; }
  float score(TokenId id) const noexcept { return scores_[index(id)]; }  // 0 where the file has none
  void set_kind(TokenId id, TokenKind kind) noexcept { kinds_[index(id)] = kind; }

  TokenId find(std::string_view text) const noexcept;  // the first token with this text, or kNoToken
  void find_many(std::span<const std::string_view> texts, std::span<std::uint32_t> ids) const noexcept {
    index_.find_many(texts, ids);  // TextIndex::kAbsent for a text that is no token
  }
  TokenId find_byte(std::uint8_t byte) const noexcept { return byte_tokens_[byte]; }  // "<0x0A>", or kNoToken
  std::uint8_t byte_value(TokenId id) const noexcept;                                 // of a token of kind byte
  std::size_t longest_text() const noexcept { return longest_text_; }
  std::size_t text_bytes() const noexcept { return text_bytes_; }  // of all texts together

 private:
  Vocabulary() = default;
  static std::size_t index(TokenId id) noexcept { return static_cast<std::size_t>(id); }
  Status copy_texts(const std::vector<std::string_view>& texts, std::string_view owner);
  Status index_bytes(std::string_view owner);

  std::unique_ptr<char[]> arena_;
  std::vector<std::string_view> texts_;  // [n_vocab]
  std::vector<float> scores_;            // [n_vocab]
  std::vector<TokenKind> kinds_;         // [n_vocab]
  std::vector<TokenId> byte_tokens_;     // [256]
  TextIndex index_;
  std::size_t longest_text_ = 0, text_bytes_ = 0;
};

}  // namespace quern::engine
