// WordPiece: a piece becomes the longest token that begins it, then the longest that goes on, and so forth; a piece
// that cannot be covered is unknown as a whole. WordLevel: a piece is a token, or unknown. Source: Schuster and
// Nakajima (2012), "Japanese and Korean Voice Search"; huggingface/tokenizers documentation, "Models".
#include "engine/tokenizer/pipeline/word_model.hpp"
#include "engine/tokenizer/token_trie.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine {
namespace {

// Tokens whose text begins with `prefix`, without it.
TokenTrie trie_of(const ModelTokens& tokens, std::string_view prefix) {
  std::vector<TokenTrie::Entry> out;
  for (std::uint32_t i = 0; i < tokens.vocabulary().size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    std::string_view text = tokens.vocabulary().text(id);
    if (!tokens.has(id) || !text.starts_with(prefix)) continue;
    text.remove_prefix(prefix.size());
    if (!text.empty()) out.push_back({text, i});
  }
  return TokenTrie(out);
}

class WordPieceModel final : public WordModel {
 public:
  WordPieceModel(ModelTokens tokens, const WordPieceModelRules& rules)
      : tokens_(std::move(tokens)),
        unknown_(rules.unknown),
        max_characters_(rules.max_characters),
        first_(trie_of(tokens_, "")),
        others_(trie_of(tokens_, rules.continuing_prefix)) {}

  Status encode(const Pieces& pieces, bool trusted, std::vector<TokenId>& out) const override {
    for (const Piece& piece : pieces.list) {
      const std::string_view text = pieces.view(piece);
      if (!is_too_long(text) && cover(text, trusted, out)) continue;
      if (unknown_ == kNoToken) return no_token_for(text);
      out.push_back(unknown_);
    }
    return {};
  }

 private:
  bool cover(std::string_view rest, bool trusted, std::vector<TokenId>& out) const {
    const std::size_t before = out.size();
    for (const TokenTrie* trie = &first_; !rest.empty(); trie = &others_) {
      std::size_t size = 0;
      TokenId id = kNoToken;
      trie->each_prefix(rest, [&](std::size_t longer, std::uint32_t token) {
        if (!tokens_.may_be(static_cast<TokenId>(token), trusted)) return;
        size = longer;
        id = static_cast<TokenId>(token);
      });
      if (id == kNoToken) {
        out.resize(before);
        return false;
      }
      out.push_back(id);
      rest.remove_prefix(size);
    }
    return true;
  }

  bool is_too_long(std::string_view text) const noexcept {
    if (text.size() <= max_characters_) return false;
    const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; };
    return static_cast<std::size_t>(std::ranges::count_if(text, begins)) > max_characters_;
  }

  ModelTokens tokens_;
  TokenId unknown_;
  std::size_t max_characters_;
  TokenTrie first_, others_;  // tokens that begin a piece, and tokens that go on
};

class WordLevelModel final : public WordModel {
 public:
  WordLevelModel(ModelTokens tokens, TokenId unknown) : tokens_(std::move(tokens)), unknown_(unknown) {}

  Status encode(const Pieces& pieces, bool trusted, std::vector<TokenId>& out) const override {
    for (const Piece& piece : pieces.list) {
      TokenId id = tokens_.find(pieces.view(piece));
      if (id == kNoToken || !tokens_.may_be(id, trusted)) id = unknown_;
      if (id == kNoToken) return no_token_for(pieces.view(piece));
      out.push_back(id);
    }
    return {};
  }

 private:
  ModelTokens tokens_;
  TokenId unknown_;
};

}  // namespace

WordModelPtr word_piece_model(ModelTokens tokens, WordPieceModelRules rules) {
  return std::make_unique<WordPieceModel>(std::move(tokens), rules);
}

WordModelPtr word_level_model(ModelTokens tokens, TokenId unknown) {
  return std::make_unique<WordLevelModel>(std::move(tokens), unknown);
}

Error no_token_for(std::string_view text) {
  std::size_t size = std::min<std::size_t>(text.size(), 40);
  while (size > 0 && size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) --size;
  return fail(Errc::bad_input, "the vocabulary has no token for '{}', and none for what is unknown",
              text.substr(0, size));
}

}  // namespace quern::engine
