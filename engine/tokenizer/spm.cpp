// SentencePiece vocabularies with scores ("llama"): text becomes characters, and the neighbours whose joined text is
// the best-scored token are joined first; a character that no token holds becomes its bytes. Source:
// google/sentencepiece, BPE model; llama.cpp for what GGUF's scores and flags mean.
#include "engine/tokenizer/escaped_space.hpp"
#include "engine/tokenizer/merge.hpp"
#include "engine/tokenizer/models.hpp"
#include "engine/tokenizer/text_index.hpp"
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

class SpmTokenizer final : public VocabularyTokenizer {
 public:
  SpmTokenizer(LoadedVocabulary loaded, const TextRules& rules, bool blank_is_there)
      : VocabularyTokenizer(std::move(loaded), rules),
        index_(vocabulary().size()),
        adds_blank_(rules.add_space_prefix && !blank_is_there) {
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
  void encode_text(std::string_view text, bool begins, std::vector<TokenId>& out) const override {
    std::string escaped;
    escaped.reserve(text.size() + text.size() / 3 + 8);
    if (adds_blank_ && begins) escaped.append(kEscapedSpace);
    append_escaped(text, escaped);
    MergeList list;
    std::string_view rest = escaped;
    while (!rest.empty()) {
      const std::size_t size = borders_.first_part(rest);
      encode_word(rest.substr(0, size), list, out);
      rest.remove_prefix(size);
    }
  }

 private:
  void encode_word(std::string_view word, MergeList& list, std::vector<TokenId>& out) const {
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
      if (symbol.id != kNoSymbol)
        out.push_back(static_cast<TokenId>(symbol.id));
      else
        append_bytes(word.substr(symbol.begin, symbol.size), out);
    });
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
  std::size_t longest_ = 0;  // bytes of the longest of them
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
  return make_spm(std::move(loaded), rules);
}

}  // namespace

Result<std::unique_ptr<Tokenizer>> make_spm(LoadedVocabulary loaded, const TextRules& rules, bool blank_is_there) {
  return std::unique_ptr<Tokenizer>(new SpmTokenizer(std::move(loaded), rules, blank_is_there));
}

const TokenizerModel kSpmModel{"llama", &load_spm};

}  // namespace quern::engine
