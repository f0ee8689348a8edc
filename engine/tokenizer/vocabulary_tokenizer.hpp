// What all tokenizer models share: the vocabulary, special tokens around and inside the text, token ids back to bytes.
// A model adds how ordinary text becomes tokens. Threads: const after construction, any number at once.
#pragma once

#include "engine/tokenizer/special_splitter.hpp"
#include "engine/tokenizer/special_tokens.hpp"
#include "engine/tokenizer/text_normalizer.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/vocabulary.hpp"

#include <memory>
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
  std::vector<bool> alone = {};                      // see SpecialSplitter
};
Result<LoadedVocabulary> load_vocabulary(const gguf::GgufFile& file, const SpecialTokens& defaults);

class VocabularyTokenizer : public Tokenizer {
 public:
  std::vector<TokenId> encode(std::string_view text, EncodeOptions options) const override;
  std::string piece(TokenId id, bool show_special) const override;
  std::string decode(std::span<const TokenId> ids, bool show_special) const override;
  std::uint32_t n_vocab() const noexcept override { return vocabulary_.size(); }
  TokenKind kind(TokenId id) const noexcept override;
  std::string_view token_text(TokenId id) const noexcept override;
  const SpecialTokens& special() const noexcept override { return roles_.ids; }
  bool is_end_of_generation(TokenId id) const noexcept override;
  bool adds_space_prefix() const noexcept override { return rules_.add_space_prefix; }

 protected:
  VocabularyTokenizer(LoadedVocabulary loaded, const TextRules& rules);
  const Vocabulary& vocabulary() const noexcept { return vocabulary_; }

  // Appends the tokens of `text`, which holds no special tokens. begins: nothing or a special token stands before it.
  virtual void encode_text(std::string_view text, bool begins, std::vector<TokenId>& out) const = 0;

 private:
  std::string_view piece_view(TokenId id, bool show_special) const noexcept;
  void build_pieces();

  Vocabulary vocabulary_;
  TokenRoles roles_;
  TextRules rules_;
  SpecialSplitter splitter_;
  std::unique_ptr<const TextNormalizer> normalizer_;
  std::string pieces_;                    // the bytes of all tokens, one after the other
  std::vector<std::uint32_t> piece_end_;  // [n_vocab] offsets into pieces_
};

// Removes the blanks that naive detokenization puts before punctuation: " ." -> ".", " ' " -> "'", " 's" -> "'s".
void clean_up_spaces(std::string& text);

}  // namespace quern::engine
