// WordPiece vocabularies ("bert"): each word becomes the longest token that begins it, then the longest that goes on,
// and so forth; a word that cannot be covered becomes one unknown token. In GGUF a token that begins a word carries
// U+2581. Source: Schuster and Nakajima (2012), "Japanese and Korean Voice Search"; GGUF's converter for BERT.
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/token_trie.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"

#include <utility>

namespace quern::engine {
namespace {

std::vector<TokenTrie::Entry> all_tokens(const Vocabulary& vocabulary) {
  std::vector<TokenTrie::Entry> out;
  out.reserve(vocabulary.size());
  for (std::uint32_t i = 0; i < vocabulary.size(); ++i)
    if (const std::string_view text = vocabulary.text(static_cast<TokenId>(i)); !text.empty()) out.push_back({text, i});
  return out;
}

class WordPieceTokenizer final : public StretchTokenizer {
 public:
  WordPieceTokenizer(LoadedVocabulary loaded, const TextRules& text_rules, const WordRules& rules)
      : StretchTokenizer(std::move(loaded), text_rules), rules_(rules), trie_(all_tokens(vocabulary())) {}

 protected:
  Status encode_text(std::string_view text, bool, std::vector<TokenId>& out) const override {
    std::string marked;
    for (const std::string& word : split_words(text, rules_)) {
      marked.assign(kEscapedSpace).append(word);
      encode_word(marked, out);
    }
    return {};
  }

 private:
  void encode_word(std::string_view word, std::vector<TokenId>& out) const {
    const std::size_t begin = out.size();
    while (!word.empty()) {
      std::size_t size = 0;
      TokenId id = kNoToken;
      trie_.each_prefix(word, [&](std::size_t longer, std::uint32_t token) {
        size = longer;
        id = static_cast<TokenId>(token);
      });
      if (id == kNoToken) {
        out.resize(begin);
        append_unknown(out);
        return;
      }
      out.push_back(id);
      word.remove_prefix(size);
    }
  }

  void append_unknown(std::vector<TokenId>& out) const {
    if (special().unk != kNoToken) out.push_back(special().unk);
  }

  WordRules rules_;
  TokenTrie trie_;
};

Result<std::unique_ptr<Tokenizer>> load_wordpiece(const gguf::GgufFile& file) {
  SpecialTokens defaults;
  defaults.bos = 101;  // [CLS], as in the first BERT's vocabulary
  defaults.unk = 100;
  defaults.sep = 102;
  defaults.pad = 0;
  defaults.add_bos = true;
  defaults.add_sep = true;
  TextRules text_rules;
  WordRules rules;
  QUERN_TRY(text_rules.clean_spaces, file.get_bool_or("tokenizer.ggml.clean_spaces", true));
  QUERN_TRY(rules.lower_case, file.get_bool_or("tokenizer.ggml.normalizer.lowercase", true));
  QUERN_TRY(rules.strip_accents, file.get_bool_or("tokenizer.ggml.normalizer.strip_accents", true));
  QUERN_TRY(LoadedVocabulary loaded, load_vocabulary(file, defaults));
  return make_word_piece(std::move(loaded), text_rules, rules);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_word_piece(LoadedVocabulary loaded, const TextRules& rules,
                                                   const WordRules& word_rules) {
  QUERN_CHECK(TokenTrie::check(loaded.vocabulary.text_bytes(), "WordPiece"));
  return std::unique_ptr<Tokenizer>(new WordPieceTokenizer(std::move(loaded), rules, word_rules));
}

const TokenizerModel kWordPieceModel{"bert", &load_wordpiece};

}  // namespace quern::engine
