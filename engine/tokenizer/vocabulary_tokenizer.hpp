// What all tokenizers share: the vocabulary, the special tokens around a text, token ids back to bytes. What stands
// between those special tokens is up to the tokenizer; most are a StretchTokenizer, which finds the special tokens
// inside the text and leaves the stretches between them to a model. Threads: const after construction, any number at
// once.
#pragma once

#include "engine/tokenizer/special_splitter.hpp"
#include "engine/tokenizer/special_tokens.hpp"
#include "engine/tokenizer/text_normalizer.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/vocabulary.hpp"

#include <memory>
#include <span>
#include <string>
#include <vector>

namespace quern::engine {

enum class PieceForm : std::uint8_t {
  escaped_spaces,  // U+2581 stands for a blank
  byte_letters,    // GPT-2's alphabet
};

struct TextRules {
  PieceForm piece_form = PieceForm::escaped_spaces;
  bool add_space_prefix = false;  // text begins with a blank of the tokenizer's own, also after each special token
  bool clean_spaces = false;      // decode() drops blanks before punctuation
};

// Vocabulary and roles of one file, ready for a tokenizer model to build on.
struct LoadedVocabulary {
  Vocabulary vocabulary;
  TokenRoles roles;
  std::vector<Strip> strip;
  std::unique_ptr<const TextNormalizer> normalizer;  // may be null
  bool finds_user_defined = true;                    // in raw text; see SpecialSplitter
};
Result<LoadedVocabulary> load_vocabulary(const gguf::GgufFile& file, const SpecialTokens& defaults);

class VocabularyTokenizer : public Tokenizer {
 public:
  Result<std::vector<TokenId>> encode(std::string_view text, EncodeOptions options) const final;
  std::string piece(TokenId id, bool show_special) const override;
  std::string decode(std::span<const TokenId> ids, bool show_special) const override;
  std::uint32_t n_vocab() const noexcept override { return vocabulary_.size(); }
  TokenKind kind(TokenId id) const noexcept override;
  std::string_view token_text(TokenId id) const noexcept override;
  const SpecialTokens& special() const noexcept override { return roles_.ids; }
  bool is_end_of_generation(TokenId id) const noexcept override;
  bool adds_space_prefix() const noexcept override { return rules_.add_space_prefix; }

 protected:
  // pieces: [n_vocab] the bytes of each token, or empty: what rules.piece_form says.
  VocabularyTokenizer(Vocabulary vocabulary, TokenRoles roles, const TextRules& rules,
                      std::span<const std::string> pieces = {});
  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }
  bool is_shown(TokenId id, bool show_special) const noexcept;

  // Appends the tokens of a text, without those around it. Errors: see encode().
  virtual Status encode_body(std::string_view text, bool parse_special, std::vector<TokenId>& out) const = 0;

 private:
  std::string_view piece_view(TokenId id, bool show_special) const noexcept;
  void append_piece(TokenId id);

  Vocabulary vocabulary_;
  TokenRoles roles_;
  TextRules rules_;
  std::string pieces_;                    // the bytes of all tokens, one after the other
  std::vector<std::uint32_t> piece_end_;  // [n_vocab] offsets into pieces_
};

class StretchTokenizer : public VocabularyTokenizer {
 protected:
  StretchTokenizer(LoadedVocabulary loaded, const TextRules& rules);

  // Appends the tokens of `text`, which holds no special tokens. begins: nothing or a special token stands before it.
  virtual Status encode_text(std::string_view text, bool begins, std::vector<TokenId>& out) const = 0;

 private:
  Status encode_body(std::string_view text, bool parse_special, std::vector<TokenId>& out) const final;

  SpecialSplitter splitter_;
  std::unique_ptr<const TextNormalizer> normalizer_;
};

// Removes the blanks that naive detokenization puts before punctuation: " ." -> ".", " ' " -> "'", " 's" -> "'s".
void clean_up_spaces(std::string& text);

}  // namespace quern::engine
