// WordPiece vocabularies ("bert"): each word becomes the longest token that begins it, then the longest that goes on,
// and so forth; a word that cannot be covered becomes one unknown token. In GGUF a token that begins a word carries
// U+2581. Source: Schuster and Nakajima (2012), "Japanese and Korean Voice Search"; GGUF's converter for BERT.
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"
#include "engine/tokenizer/wordpiece_words.hpp"

#include <algorithm>
#include <utility>

namespace quern::engine {
namespace {

class WordPieceTokenizer final : public VocabularyTokenizer {
 public:
  WordPieceTokenizer(LoadedVocabulary loaded, const TextRules& text_rules, const WordRules& word_rules)
      : VocabularyTokenizer(std::move(loaded), text_rules), word_rules_(word_rules) {}

 protected:
  void encode_text(std::string_view text, bool, std::vector<TokenId>& out) const override {
    std::string marked;
    for (const std::string& word : split_words(text, word_rules_)) {
      marked.assign(kEscapedSpace).append(word);
      encode_word(marked, out);
    }
  }

 private:
  void encode_word(std::string_view word, std::vector<TokenId>& out) const {
    const std::size_t begin = out.size();
    while (!word.empty()) {
      std::size_t size = std::min(word.size(), vocabulary().longest_text());
      TokenId id = kNoToken;
      while (size > 0 && (id = vocabulary().find(word.substr(0, size))) == kNoToken) --size;
      if (id == kNoToken) {
        out.resize(begin);
        if (special().unk != kNoToken) out.push_back(special().unk);
        return;
      }
      out.push_back(id);
      word.remove_prefix(size);
    }
  }

  WordRules word_rules_;
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
  WordRules word_rules;
  QUERN_TRY(text_rules.clean_spaces, file.get_bool_or("tokenizer.ggml.clean_spaces", true));
  QUERN_TRY(word_rules.lower_case, file.get_bool_or("tokenizer.ggml.normalizer.lowercase", true));
  QUERN_TRY(word_rules.strip_accents, file.get_bool_or("tokenizer.ggml.normalizer.strip_accents", true));
  QUERN_TRY(LoadedVocabulary loaded, load_vocabulary(file, defaults));
  return std::unique_ptr<Tokenizer>(new WordPieceTokenizer(std::move(loaded), text_rules, word_rules));
}

}  // namespace

const TokenizerModel kWordPieceModel{"bert", &load_wordpiece};

}  // namespace quern::engine
