// Byte-pair encoding with an ordered list of merges: "gpt2" (byte-level: words of a pre-tokenizer, each byte one letter
// of GPT-2's alphabet, or characters where the pre-tokenizer says so), "gemma4" (characters; lines of text, blanks
// escaped, characters that no token holds become bytes) and "whitespace" (characters of words).
// Invalid UTF-8 is read as U+FFFD. Source: Sennrich et al., arXiv 1508.07909; openai/gpt-2 encoder.py.
#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/merge.hpp"
#include "engine/tokenizer/merge_rules.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/normalizer_chain.hpp"
#include "engine/tokenizer/pretokenize.hpp"
#include "engine/tokenizer/utf8.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace quern::engine {
namespace {

// A token that a whole word may become: control and unknown tokens come from special parsing only.
bool is_wordlike(TokenKind kind) noexcept {
  return kind != TokenKind::control && kind != TokenKind::unknown;
}

class BpeTokenizer : public StretchTokenizer {
 protected:
  BpeTokenizer(LoadedVocabulary loaded, const TextRules& text_rules, MergeRules merge_rules, Pretokenizer pretokenizer)
      : StretchTokenizer(std::move(loaded), text_rules),
        merges_(std::move(merge_rules)),
        pretokenizer_(std::move(pretokenizer)) {}

  struct Scratch {  // of one call, reused from word to word
    MergeList list;
    std::string text;
  };
  virtual void encode_word(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const = 0;
  std::uint32_t symbol(std::string_view text) const noexcept { return merges_.symbol(vocabulary(), text); }

  Status encode_words(std::string_view text, std::vector<TokenId>& out) const {
    std::string repaired;
    if (!is_valid_utf8(text)) text = repaired = replace_invalid_bytes(text);
    std::vector<std::uint32_t> ends;
    QUERN_CHECK(pretokenizer_.split(text, ends));
    Scratch scratch;
    std::size_t begin = 0;
    for (const std::uint32_t end : ends) {
      encode_word(text.substr(begin, end - begin), scratch, out);
      begin = end;
    }
    return {};
  }

  void merge(MergeList& list) const {
    list.merge_all([this](const Symbol& left, const Symbol& right) -> Merge {
      const PairTable::Value found = merges_.find(left.id, right.id);
      return {found.rank, found.id, found.id != PairTable::kAbsent};
    });
  }

  bool is_token(std::uint32_t symbol) const noexcept { return symbol < n_vocab(); }

 private:
  MergeRules merges_;
  Pretokenizer pretokenizer_;
};

class ByteLevelBpe final : public BpeTokenizer {
 public:
  ByteLevelBpe(LoadedVocabulary loaded, const TextRules& text_rules, MergeRules merge_rules, Pretokenizer pretokenizer,
               bool ignore_merges)
      : BpeTokenizer(std::move(loaded), text_rules, std::move(merge_rules), std::move(pretokenizer)),
        ignore_merges_(ignore_merges) {
    for (unsigned byte = 0; byte < 256; ++byte)
      letters_[byte] = symbol(byte_to_letter(static_cast<std::uint8_t>(byte)));
  }

 protected:
  Status encode_text(std::string_view text, bool, std::vector<TokenId>& out) const override {
    return encode_words(text, out);
  }

  void encode_word(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const override {
    if (ignore_merges_) {
      if (const TokenId whole = find_whole(word, scratch.text); whole != kNoToken) return out.push_back(whole);
    }
    scratch.list.clear();
    for (std::size_t i = 0; i < word.size(); ++i)
      scratch.list.push_back(static_cast<std::uint32_t>(i), 1, letter(word[i]));
    merge(scratch.list);
    scratch.list.for_each([&](const Symbol& symbol) {
      if (is_token(symbol.id)) return out.push_back(static_cast<TokenId>(symbol.id));
      for (const char c : word.substr(symbol.begin, symbol.size))  // a byte without a token is lost, as in llama.cpp
        if (is_token(letter(c))) out.push_back(static_cast<TokenId>(letter(c)));
    });
  }

 private:
  std::uint32_t letter(char c) const noexcept { return letters_[static_cast<unsigned char>(c)]; }

  TokenId find_whole(std::string_view word, std::string& letters) const {
    if (word.size() > vocabulary().longest_text()) return kNoToken;
    letters.clear();
    for (const char c : word) letters.append(byte_to_letter(static_cast<std::uint8_t>(c)));
    const TokenId id = vocabulary().find(letters);
    return id != kNoToken && is_wordlike(vocabulary().kind(id)) ? id : kNoToken;
  }

  std::array<std::uint32_t, 256> letters_{};  // the symbol of each byte
  bool ignore_merges_;
};

class CharacterBpe final : public BpeTokenizer {
 public:
  CharacterBpe(LoadedVocabulary loaded, const TextRules& text_rules, MergeRules merge_rules, Pretokenizer pretokenizer,
               const CharacterBpeRules& rules)
      : BpeTokenizer(std::move(loaded), text_rules, std::move(merge_rules), std::move(pretokenizer)), rules_(rules) {}

 protected:
  Status encode_text(std::string_view text, bool, std::vector<TokenId>& out) const override {
    if (!rules_.escape_blanks) return encode_words(text, out);
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 3 + 8);
    append_escaped(text, escaped);
    return encode_words(escaped, out);
  }

  void encode_word(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const override {
    if (rules_.drop_blanks && word == " ") return;
    if (rules_.ignore_merges || (rules_.whole_line_ends && word.front() == '\n')) {
      const TokenId whole = vocabulary().find(word);
      if (whole != kNoToken && (rules_.whole_line_ends || is_wordlike(vocabulary().kind(whole))))
        return out.push_back(whole);
    }
    scratch.list.clear();
    for (std::size_t i = 0; i < word.size();) {
      const std::uint32_t size = utf8_front(word.substr(i)).size;
      scratch.list.push_back(static_cast<std::uint32_t>(i), size, symbol(word.substr(i, size)));
      i += size;
    }
    merge(scratch.list);
    scratch.list.for_each([&](const Symbol& symbol) {
      if (is_token(symbol.id)) return out.push_back(static_cast<TokenId>(symbol.id));
      for (const char c : word.substr(symbol.begin, symbol.size))  // what is neither token nor bytes is lost
        if (const TokenId id = vocabulary().find_byte(static_cast<std::uint8_t>(c)); id != kNoToken) out.push_back(id);
    });
  }

 private:
  CharacterBpeRules rules_;
};

Result<std::unique_ptr<Tokenizer>> load_bpe_as(const gguf::GgufFile& file, const PretokenizerSpec& spec,
                                               std::unique_ptr<const TextNormalizer> normalizer, bool drop_blanks) {
  QUERN_TRY(Pretokenizer pretokenizer, Pretokenizer::create(spec));
  SpecialTokens defaults;
  defaults.add_bos = spec.add_bos;
  QUERN_TRY(LoadedVocabulary loaded, load_vocabulary(file, defaults));
  // Early files of Gemma say false, but the model falls apart without its BOS.
  if (spec.is_gemma) loaded.roles.ids.add_bos = loaded.roles.ids.bos != kNoToken;
  loaded.normalizer = std::move(normalizer);
  QUERN_TRY(MergeRules merges, MergeRules::load(file, loaded.vocabulary));
  TextRules rules;
  rules.clean_spaces = spec.clean_spaces;
  if (spec.units == BpeUnits::bytes) {
    rules.piece_form = PieceForm::byte_letters;
    return make_byte_level_bpe(std::move(loaded), rules, std::move(merges), std::move(pretokenizer),
                               spec.ignore_merges);
  }
  return make_character_bpe(std::move(loaded), rules, std::move(merges), std::move(pretokenizer),
                            {.escape_blanks = spec.units == BpeUnits::escaped_characters,
                             .drop_blanks = drop_blanks,
                             .whole_line_ends = spec.is_gemma,
                             .ignore_merges = spec.ignore_merges});
}

Result<std::unique_ptr<Tokenizer>> load_bpe(const gguf::GgufFile& file) {
  QUERN_TRY(const std::string_view name, file.get_string_or("tokenizer.ggml.pre", ""));
  const PretokenizerSpec* const spec = find_pretokenizer(name);
  if (spec == nullptr)
    return fail(Errc::unsupported, "tokenizer.ggml.pre: found '{}', supported: {}", name, pretokenizer_names());
  return load_bpe_as(file, *spec, nullptr, false);
}

Result<std::unique_ptr<Tokenizer>> load_gemma4(const gguf::GgufFile& file) {  // whatever tokenizer.ggml.pre says
  return load_bpe_as(file, *find_pretokenizer("gemma4"), nullptr, false);
}

// White space parts words and is lost.
Result<std::unique_ptr<Tokenizer>> load_whitespace(const gguf::GgufFile& file) {
  QUERN_TRY(const std::string_view name, file.get_string("tokenizer.ggml.pre"));
  if (name != "whitespace")
    return fail(Errc::unsupported, "tokenizer.ggml.pre: found '{}', supported with model 'whitespace': whitespace",
                name);
  QUERN_TRY(const bool lower, file.get_bool_or("tokenizer.ggml.normalizer.lowercase", false));
  auto chain = std::make_unique<NormalizerChain>();
  if (lower) chain->add(lower_case());
  chain->add(blanks_between_words());
  return load_bpe_as(file, *find_pretokenizer(name), std::move(chain), true);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_byte_level_bpe(LoadedVocabulary loaded, const TextRules& rules,
                                                       MergeRules merges, Pretokenizer pretokenizer,
                                                       bool ignore_merges) {
  return std::unique_ptr<Tokenizer>(
      new ByteLevelBpe(std::move(loaded), rules, std::move(merges), std::move(pretokenizer), ignore_merges));
}

Result<std::unique_ptr<Tokenizer>> make_character_bpe(LoadedVocabulary loaded, const TextRules& rules,
                                                      MergeRules merges, Pretokenizer pretokenizer,
                                                      const CharacterBpeRules& bpe_rules) {
  return std::unique_ptr<Tokenizer>(
      new CharacterBpe(std::move(loaded), rules, std::move(merges), std::move(pretokenizer), bpe_rules));
}

const TokenizerModel kBpeModel{"gpt2", &load_bpe};
const TokenizerModel kGemma4Model{"gemma4", &load_gemma4};
const TokenizerModel kWhitespaceModel{"whitespace", &load_whitespace};

}  // namespace quern::engine
