// How the pieces of a text become tokens, each on its own, by the models of tokenizer.json. A new one is one file and
// one row in sources/hf_tokenizer.cpp. Threads: const after construction, any number at once. Ownership: the vocabulary
// must outlive the model and must not move.
#pragma once

#include "base/result.hpp"
#include "engine/tokenizer/merge_rules.hpp"
#include "engine/tokenizer/pipeline/pieces.hpp"
#include "engine/tokenizer/tokenizer.hpp"
#include "engine/tokenizer/vocabulary.hpp"

#include <memory>
#include <string>
#include <vector>

namespace quern::engine {

// The tokens that belong to the model: added tokens beside it are found in text by AddedTokens only, and control tokens
// only where the caller trusts the text.
class ModelTokens {
 public:
  ModelTokens(const Vocabulary& vocabulary, std::vector<bool> in_model)
      : vocabulary_(&vocabulary), in_model_(std::move(in_model)) {}

  const Vocabulary& vocabulary() const noexcept { return *vocabulary_; }
  bool has(TokenId id) const noexcept { return id != kNoToken && in_model_[static_cast<std::size_t>(id)]; }
  TokenId find(std::string_view text) const noexcept {
    const TokenId id = vocabulary_->find(text);
    return has(id) ? id : kNoToken;
  }
  TokenId find_byte(char c) const noexcept {  // "<0x0A>"
    const TokenId id = vocabulary_->find_byte(static_cast<std::uint8_t>(c));
    return has(id) ? id : kNoToken;
  }
  bool may_be(TokenId id, bool trusted) const noexcept {
    return trusted || vocabulary_->kind(id) != TokenKind::control;
  }

 private:
  const Vocabulary* vocabulary_;
  std::vector<bool> in_model_;  // [n_vocab]
};

class WordModel {
 public:
  virtual ~WordModel() = default;
  // Appends the tokens of each piece, in order. trusted: text may become control tokens. Errors: bad_input, for a piece
  // that has no tokens where the model's library refuses it too.
  virtual Status encode(const Pieces& pieces, bool trusted, std::vector<TokenId>& out) const = 0;
};
using WordModelPtr = std::unique_ptr<const WordModel>;

struct BpeModelRules {
  bool raw_bytes = false;  // pieces are bytes, each meant as its letter of GPT-2's alphabet
  bool ignore_merges = false, fuse_unknown = false, byte_fallback = false;
  TokenId unknown = kNoToken;     // else what is unknown is dropped
  std::string continuing_prefix;  // before all characters of a piece but the first
  std::string end_suffix;         // behind the last
};
WordModelPtr bpe_model(ModelTokens tokens, MergeRules merges, BpeModelRules rules);

struct UnigramModelRules {
  bool byte_fallback = false;
  TokenId unknown = kNoToken;
  std::vector<double> scores;  // [n_vocab], finite
};
WordModelPtr unigram_model(ModelTokens tokens, UnigramModelRules rules);

struct WordPieceModelRules {
  TokenId unknown = kNoToken;
  std::string continuing_prefix = "##";
  std::size_t max_characters = 100;  // a longer piece is unknown
};
WordModelPtr word_piece_model(ModelTokens tokens, WordPieceModelRules rules);

WordModelPtr word_level_model(ModelTokens tokens, TokenId unknown);

// "there is no token for 'x', and none for what is unknown"
Error no_token_for(std::string_view text);

}  // namespace quern::engine
