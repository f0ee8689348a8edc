#include "engine/tokenizer/merge_rules.hpp"

#include <algorithm>
#include <vector>

namespace quern::engine {

Result<MergeRules> MergeRules::load(const gguf::GgufFile& file, const Vocabulary& vocabulary) {
  static constexpr char kKey[] = "tokenizer.ggml.merges";
  QUERN_TRY(const gguf::ArrayView* const list, file.get_array(kKey, gguf::ValueType::string));
  const std::size_t n_merges = list->strings.size();
  if (n_merges > kMaxMerges) return fail(Errc::corrupt, "{}: {} entries, at most {}", kKey, n_merges, kMaxMerges);

  std::vector<Pair> merges;
  merges.reserve(n_merges);
  for (std::size_t i = 0; i < n_merges; ++i) {
    const std::string_view merge = list->strings[i];
    const std::size_t blank = merge.find(' ', 1);  // a merge may begin with a blank of its own
    if (blank == std::string_view::npos || blank + 1 == merge.size())
      return fail(Errc::corrupt, "{}[{}]: found '{}', expected two texts around a blank", kKey, i, merge);
    merges.emplace_back(merge.substr(0, blank), merge.substr(blank + 1));
  }
  return create(merges, vocabulary);
}

MergeRules MergeRules::create(std::span<const Pair> merges, const Vocabulary& vocabulary, std::size_t n_mark) {
  MergeRules out;
  out.pairs_ = PairTable(merges.size());
  constexpr std::size_t kBlock = 256;       // merges whose texts are looked up together
  std::vector<std::string> joined(kBlock);  // left + right of each merge
  std::vector<std::string_view> texts;      // left, right and joined of each merge
  std::vector<std::uint32_t> ids;
  for (std::size_t begin = 0; begin < merges.size(); begin += kBlock) {
    const std::size_t n = std::min(kBlock, merges.size() - begin);
    texts.clear();
    for (std::size_t i = 0; i < n; ++i) {
      const auto& [left, right] = merges[begin + i];
      joined[i].assign(left).append(right.substr(n_mark));
      texts.insert(texts.end(), {left, right, joined[i]});
    }
    ids.resize(texts.size());
    vocabulary.find_many(texts, ids);
    for (std::size_t i = 0; i < texts.size(); ++i)
      if (ids[i] == TextIndex::kAbsent) ids[i] = out.intern_extra(vocabulary, texts[i]);
    for (std::size_t i = 0; i < n; ++i)
      out.pairs_.insert(ids[3 * i], ids[3 * i + 1], {static_cast<std::uint32_t>(begin + i), ids[3 * i + 2]});
  }
  return out;
}

MergeRules MergeRules::of_ranks(const Vocabulary& vocabulary, std::uint32_t n_ranked) {
  MergeRules out;
  out.pairs_ = PairTable(std::size_t{n_ranked} * 4);  // real vocabularies have about three ways for each token
  std::vector<std::string_view> parts;                // left and right of each way to part a token
  std::vector<std::uint32_t> ids, tokens;
  const auto insert_all = [&] {
    ids.resize(parts.size());
    vocabulary.find_many(parts, ids);
    for (std::size_t i = 0; i < tokens.size(); ++i)
      if (ids[2 * i] < n_ranked && ids[2 * i + 1] < n_ranked)
        out.pairs_.insert(ids[2 * i], ids[2 * i + 1], {tokens[i], tokens[i]});
    parts.clear();
    tokens.clear();
  };
  for (std::uint32_t token = 0; token < n_ranked; ++token) {
    const std::string_view text = vocabulary.text(static_cast<TokenId>(token));
    for (std::size_t size = 1; size < text.size(); ++size) {
      if ((static_cast<unsigned char>(text[size]) & 0xC0u) == 0x80u) continue;  // inside a letter of the alphabet
      parts.insert(parts.end(), {text.substr(0, size), text.substr(size)});
      tokens.push_back(token);
    }
    if (parts.size() >= 512) insert_all();
  }
  insert_all();
  return out;
}

std::uint32_t MergeRules::symbol(const Vocabulary& vocabulary, std::string_view text) const noexcept {
  if (const TokenId id = vocabulary.find(text); id != kNoToken) return static_cast<std::uint32_t>(id);
  static_assert(TextIndex::kAbsent == PairTable::kAbsent);
  return extra_.empty() ? PairTable::kAbsent : extra_index_.find(text);
}

std::uint32_t MergeRules::intern_extra(const Vocabulary& vocabulary, std::string_view text) {
  if (const std::uint32_t known = extra_index_.find(text); known != TextIndex::kAbsent) return known;
  const auto id =
      static_cast<std::uint32_t>(vocabulary.size() + extra_.size());  // at most 2^24 tokens + 3 * 2^24 texts
  extra_index_.insert(extra_.emplace_back(text), id);
  return id;
}

}  // namespace quern::engine
