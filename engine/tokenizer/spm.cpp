// SentencePiece vocabularies with scores ("llama"): text becomes characters, and the neighbours whose joined text is
// the best-scored token are joined first; a character that no token holds becomes its bytes. Source:
// google/sentencepiece, BPE model; llama.cpp for what GGUF's scores and flags mean.
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/merge.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/text_index.hpp"
#include "engine/tokenizer/token_trie.hpp"
#include "engine/tokenizer/vocabulary_tokenizer.hpp"
#include "engine/tokenizer/word_borders.hpp"

#include <algorithm>
#include <bit>
#include <utility>

namespace quern::engine {
namespace {

constexpr std::uint32_t kNoSymbol = TextIndex::kAbsent;

// Orders scores as integers, the best first.
std::uint32_t rank_of_score(float score) noexcept {
  const auto bits = std::bit_cast<std::uint32_t>(score == 0.0f ? 0.0f : score);  // -0 is 0
  const std::uint32_t ascending = (bits & 0x80000000u) != 0 ? ~bits : bits | 0x80000000u;
  return ~ascending;
}

// A token that merging may produce: control and unknown tokens come from special parsing only, or text could forge
// them.
bool is_mergeable(TokenKind kind) noexcept {
  return kind != TokenKind::control && kind != TokenKind::unknown;
}

class SpmTokenizer final : public StretchTokenizer {
 public:
  SpmTokenizer(LoadedVocabulary loaded, const TextRules& rules, const SpmRules& spm_rules)
      : StretchTokenizer(std::move(loaded), rules),
        index_(vocabulary().size()),
        adds_blank_(rules.add_space_prefix && !spm_rules.blank_is_there),
        fuses_unknown_(spm_rules.fuse_unknown),
        whole_(spm_rules.whole_user_defined ? user_defined_entries(vocabulary()) : std::vector<TokenTrie::Entry>()) {
    for (std::uint32_t i = 0; i < vocabulary().size(); ++i) {
      const auto id = static_cast<TokenId>(i);
      const std::string_view text = vocabulary().text(id);
      if (text.empty() || !is_mergeable(vocabulary().kind(id))) continue;
      index_.insert(text, i);
      longest_ = std::max(longest_, text.size());
      borders_.add(text);
    }
  }

 protected:
  Status encode_text(std::string_view text, bool begins, std::vector<TokenId>& out) const override {
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 3 + 8);
    if (adds_blank_ && begins) escaped.append(kEscapedSpace);
    append_escaped(text, escaped);
    Scratch scratch;
    std::size_t done = 0;
    for (std::size_t at = 0; whole_.size() > 0 && at < escaped.size();) {  // what they part is encoded on its own
      std::size_t size = 0;
      TokenId id = kNoToken;
      whole_.each_prefix(std::string_view(escaped).substr(at), [&](std::size_t longer, std::uint32_t token) {
        size = longer;
        id = static_cast<TokenId>(token);
      });
      if (id == kNoToken) {
        at += std::min<std::size_t>(announced_size(escaped[at]), escaped.size() - at);
        continue;
      }
      encode_words(std::string_view(escaped).substr(done, at - done), scratch, out);
      out.push_back(id);
      scratch.after_unknown = false;
      done = at += size;
    }
    encode_words(std::string_view(escaped).substr(done), scratch, out);
    return {};
  }

 private:
  struct Scratch {  // of one call
    MergeList list;
    bool after_unknown = false;  // the last token stands for what is unknown
  };

  void encode_words(std::string_view rest, Scratch& scratch, std::vector<TokenId>& out) const {
    while (!rest.empty()) {
      const std::size_t size = borders_.first_part(rest);
      encode_word(rest.substr(0, size), scratch, out);
      rest.remove_prefix(size);
    }
  }

  void encode_word(std::string_view word, Scratch& scratch, std::vector<TokenId>& out) const {
    MergeList& list = scratch.list;
    list.clear();
    for (std::size_t i = 0; i < word.size();) {
      const auto size = std::min(announced_size(word[i]), static_cast<std::uint32_t>(word.size() - i));
      list.push_back(static_cast<std::uint32_t>(i), size, index_.find(word.substr(i, size)));
      i += size;
    }
    list.merge_all([&](const Symbol& left, const Symbol& right) -> Merge {
      const std::size_t size = std::size_t{left.size} + right.size;
      if (size > longest_) return {};
      const std::uint32_t id = index_.find(word.substr(left.begin, size));
      if (id == kNoSymbol) return {};
      return {rank_of_score(vocabulary().score(static_cast<TokenId>(id))), id, true};
    });
    list.for_each([&](const Symbol& symbol) {
      const std::string_view text = word.substr(symbol.begin, symbol.size);
      const bool known = symbol.id != kNoSymbol;
      if (known)
        out.push_back(static_cast<TokenId>(symbol.id));
      else if (!fuses_unknown_ || has_bytes(text))
        append_bytes(text, out);
      else if (!scratch.after_unknown && special().unk != kNoToken)
        out.push_back(special().unk);
      scratch.after_unknown = fuses_unknown_ && !known && !has_bytes(text);
    });
  }

  bool has_bytes(std::string_view text) const noexcept {
    return std::ranges::all_of(
        text, [this](char c) { return vocabulary().find_byte(static_cast<std::uint8_t>(c)) != kNoToken; });
  }

  void append_bytes(std::string_view text, std::vector<TokenId>& out) const {
    for (const char c : text) {
      TokenId id = vocabulary().find_byte(static_cast<std::uint8_t>(c));
      if (id == kNoToken) id = special().unk;
      if (id != kNoToken) out.push_back(id);
    }
  }

  TextIndex index_;  // the mergeable tokens
  bool adds_blank_;
  bool fuses_unknown_;
  TokenTrie whole_;          // user-defined tokens that are found here and never part of a merge
  std::size_t longest_ = 0;  // bytes of the longest of the mergeable tokens
  WordBorders borders_;      // of the same
};

Result<std::unique_ptr<Tokenizer>> load_spm(const gguf::GgufFile& file) {
  SpecialTokens defaults;
  defaults.unk = 0;
  defaults.bos = 1;
  defaults.eos = 2;
  defaults.add_bos = true;
  TextRules rules;
  QUERN_TRY(rules.add_space_prefix, file.get_bool_or("tokenizer.ggml.add_space_prefix", true));
  QUERN_TRY(LoadedVocabulary loaded, load_vocabulary(file, defaults));
  return make_spm(std::move(loaded), rules, {});
}

}  // namespace

std::vector<TokenTrie::Entry> user_defined_entries(const Vocabulary& vocabulary) {
  std::vector<TokenTrie::Entry> out;
  for (std::uint32_t i = 0; i < vocabulary.size(); ++i)
    if (const auto id = static_cast<TokenId>(i); vocabulary.kind(id) == TokenKind::user_defined)
      if (!vocabulary.text(id).empty()) out.push_back({vocabulary.text(id), i});
  return out;
}

Result<std::unique_ptr<Tokenizer>> make_spm(LoadedVocabulary loaded, const TextRules& rules,
                                            const SpmRules& spm_rules) {
  QUERN_CHECK(TokenTrie::check(loaded.vocabulary.text_bytes(), "SPM"));
  return std::unique_ptr<Tokenizer>(new SpmTokenizer(std::move(loaded), rules, spm_rules));
}

const TokenizerModel kSpmModel{"llama", &load_spm};

}  // namespace quern::engine
