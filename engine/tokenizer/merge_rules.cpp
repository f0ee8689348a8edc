#include "engine/tokenizer/merge_rules.hpp"

namespace quern::engine {

Result<MergeRules> MergeRules::load(const gguf::GgufFile& file, const Vocabulary& vocabulary) {
  static constexpr char kKey[] = "tokenizer.ggml.merges";
  QUERN_TRY(const gguf::ArrayView* const list, file.get_array(kKey, gguf::ValueType::string));
  const std::size_t n_merges = list->strings.size();
  if (n_merges > kMaxMerges) return fail(Errc::corrupt, "{}: {} entries, at most {}", kKey, n_merges, kMaxMerges);

  MergeRules out;
  out.pairs_ = PairTable(n_merges);
  std::string joined;
  for (std::size_t rank = 0; rank < n_merges; ++rank) {
    const std::string_view merge = list->strings[rank];
    const std::size_t blank = merge.find(' ', 1);  // a merge may begin with a blank of its own
    if (blank == std::string_view::npos || blank + 1 == merge.size())
      return fail(Errc::corrupt, "{}[{}]: found '{}', expected two texts around a blank", kKey, rank, merge);
    const std::string_view left = merge.substr(0, blank), right = merge.substr(blank + 1);
    joined.assign(left).append(right);
    const std::uint32_t left_id = out.intern(vocabulary, left), right_id = out.intern(vocabulary, right);
    const std::uint32_t joined_id = out.intern(vocabulary, joined);
    out.pairs_.insert(left_id, right_id, {static_cast<std::uint32_t>(rank), joined_id});
  }
  return out;
}

std::uint32_t MergeRules::symbol(const Vocabulary& vocabulary, std::string_view text) const noexcept {
  if (const TokenId id = vocabulary.find(text); id != kNoToken) return static_cast<std::uint32_t>(id);
  static_assert(TextIndex::kAbsent == PairTable::kAbsent);
  return extra_.empty() ? PairTable::kAbsent : extra_index_.find(text);
}

std::uint32_t MergeRules::intern(const Vocabulary& vocabulary, std::string_view text) {
  if (const std::uint32_t known = symbol(vocabulary, text); known != PairTable::kAbsent) return known;
  const auto id =
      static_cast<std::uint32_t>(vocabulary.size() + extra_.size());  // at most 2^24 tokens + 3 * 2^24 texts
  extra_index_.insert(extra_.emplace_back(text), id);
  return id;
}

}  // namespace quern::engine
