// Unigram vocabularies ("t5"): of all ways to cut the text into tokens, the one with the highest sum of scores. A
// character that no token holds costs as much as the worst token and kUnknownPenalty; it becomes its bytes where the
// vocabulary has them, else unknown, one for each run of them. Source: Kudo, arXiv 1804.10959; google/sentencepiece,
// unigram model; llama.cpp for what GGUF's kinds and flags mean.
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/spm_normalizer.hpp"
#include "engine/tokenizer/token_trie.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"
#include "engine/tokenizer/word_borders.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace quern::engine {
namespace {

constexpr double kUnknownPenalty = 10.0;
constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr TokenId kUnknownCharacter = -2;  // beside the ids of tokens

bool is_matched(TokenKind kind) noexcept {
  return kind == TokenKind::normal || kind == TokenKind::user_defined || kind == TokenKind::unused;
}

std::vector<TokenTrie::Entry> matched_tokens(const Vocabulary& vocabulary) {
  std::vector<TokenTrie::Entry> out;
  out.reserve(vocabulary.size());
  for (std::uint32_t i = 0; i < vocabulary.size(); ++i) {
    const auto id = static_cast<TokenId>(i);
    if (is_matched(vocabulary.kind(id)) && !vocabulary.text(id).empty()) out.push_back({vocabulary.text(id), i});
  }
  return out;
}

class UnigramTokenizer final : public StretchTokenizer {
 public:
  UnigramTokenizer(LoadedVocabulary loaded, const TextRules& rules, double user_defined_score)
      : StretchTokenizer(std::move(loaded), rules),
        trie_(matched_tokens(vocabulary())),
        user_defined_score_(user_defined_score) {
    double worst = std::numeric_limits<double>::max();
    for (std::uint32_t i = 0; i < vocabulary().size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      const std::string_view text = vocabulary().text(id);
      const double score = double{vocabulary().score(id)};
      if (vocabulary().kind(id) == TokenKind::normal && std::isfinite(score)) worst = std::min(worst, score);
      if (is_matched(vocabulary().kind(id))) borders_.add(text);
    }
    if (worst != std::numeric_limits<double>::max()) unknown_score_ = worst - kUnknownPenalty;
    for (unsigned byte = 0; byte < 256; ++byte) {
      const TokenId id = vocabulary().find_byte(static_cast<std::uint8_t>(byte));
      has_bytes_ = has_bytes_ && id != kNoToken && vocabulary().kind(id) == TokenKind::byte;
    }
  }

 protected:
  Status encode_text(std::string_view text, bool, std::vector<TokenId>& out) const override {
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 3 + 8);
    append_escaped(text, escaped);
    Lattice lattice;
    bool after_unknown = false;
    std::string_view rest = escaped;
    while (!rest.empty()) {
      const std::size_t size = borders_.first_part(rest);
      encode_word(rest.substr(0, size), lattice, after_unknown, out);
      rest.remove_prefix(size);
    }
    return {};
  }

 private:
  double score_of(TokenId id) const noexcept {
    if (vocabulary().kind(id) == TokenKind::user_defined) return user_defined_score_;
    return std::min(double{vocabulary().score(id)}, double{std::numeric_limits<float>::max()});  // sums stay finite
  }

  struct Best {  // the best way from the word's begin to a place
    double score = -kInfinity;
    std::uint32_t begin = 0;  // of its last token
    TokenId id = kNoToken;
  };
  struct Lattice {  // scratch, reused from word to word
    std::vector<Best> best;
    std::vector<std::pair<std::uint32_t, TokenId>> path;  // begin and token, backwards
  };

  void encode_word(std::string_view word, Lattice& lattice, bool& after_unknown, std::vector<TokenId>& out) const {
    std::vector<Best>& best = lattice.best;
    best.assign(word.size() + 1, Best{});
    best[0].score = 0;
    for (std::uint32_t begin = 0; begin < word.size();) {
      const double score = best[begin].score;
      const auto offer = [&](std::size_t size, double token_score, TokenId id) {
        Best& to = best[begin + size];
        if (score + token_score > to.score) to = {score + token_score, begin, id};  // of equals the first stays
      };
      const std::size_t character = utf8_front(word.substr(begin)).size;
      bool covered = false;
      trie_.each_prefix(word.substr(begin), [&](std::size_t size, std::uint32_t token) {
        const auto id = static_cast<TokenId>(token);
        const double token_score = score_of(id);
        if (token_score == -kInfinity) return;  // must not be chosen
        covered = covered || size == character;
        offer(size, token_score, id);
      });
      if (!covered) offer(character, unknown_score_, kUnknownCharacter);
      begin += static_cast<std::uint32_t>(character);
    }
    lattice.path.clear();
    for (auto end = static_cast<std::uint32_t>(word.size()); end > 0; end = best[end].begin)
      lattice.path.emplace_back(best[end].begin, best[end].id);
    for (std::size_t i = lattice.path.size(); i-- > 0;) {
      const auto [begin, id] = lattice.path[i];
      const std::size_t end = i > 0 ? lattice.path[i - 1].first : word.size();
      if (id == kUnknownCharacter)
        append_unknown(word.substr(begin, end - begin), after_unknown, out);
      else
        out.push_back(id);
      after_unknown = id == kUnknownCharacter;
    }
  }

  void append_unknown(std::string_view character, bool after_unknown, std::vector<TokenId>& out) const {
    if (has_bytes_) {
      for (const char c : character) out.push_back(vocabulary().find_byte(static_cast<std::uint8_t>(c)));
    } else if (special().unk != kNoToken && !after_unknown) {
      out.push_back(special().unk);
    }
  }

  TokenTrie trie_;
  double user_defined_score_;
  double unknown_score_ = -kUnknownPenalty;
  bool has_bytes_ = true;  // a token for each byte
  WordBorders borders_;    // of the tokens that are matched
};

Result<CharsMap> load_rules(const gguf::GgufFile& file) {
  static constexpr char kKey[] = "tokenizer.ggml.precompiled_charsmap";
  if (file.find(kKey) == nullptr) return CharsMap{};
  QUERN_TRY(const std::string_view blob, file.get_bytes(kKey));
  return CharsMap::create(blob, kKey);
}

Result<std::unique_ptr<Tokenizer>> load_unigram(const gguf::GgufFile& file) {
  SpecialTokens defaults;
  defaults.eos = 1;  // as in the first T5's vocabulary
  defaults.unk = 2;
  defaults.pad = 0;
  defaults.add_eos = true;
  BlankRules blanks;
  QUERN_TRY(blanks.add_prefix, file.get_bool_or("tokenizer.ggml.add_space_prefix", false));
  QUERN_TRY(blanks.merge_blanks, file.get_bool_or("tokenizer.ggml.remove_extra_whitespaces", false));
  QUERN_TRY(CharsMap rules, load_rules(file));
  QUERN_TRY(LoadedVocabulary loaded, load_vocabulary(file, defaults));
  TextRules text_rules;
  text_rules.add_space_prefix = blanks.add_prefix;
  blanks.add_prefix = blanks.add_prefix || blanks.merge_blanks;  // as llama.cpp does
  loaded.normalizer = std::make_unique<SpmNormalizer>(std::move(rules), blanks);
  return make_unigram(std::move(loaded), text_rules);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_unigram(LoadedVocabulary loaded, const TextRules& rules,
                                                double user_defined_score) {
  QUERN_CHECK(TokenTrie::check(loaded.vocabulary.text_bytes(), "Unigram"));
  return std::unique_ptr<Tokenizer>(new UnigramTokenizer(std::move(loaded), rules, user_defined_score));
}

const TokenizerModel kUnigramModel{"t5", &load_unigram};

}  // namespace quern::engine
