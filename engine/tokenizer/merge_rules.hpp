// The merges of a BPE vocabulary (GGUF key tokenizer.ggml.merges) as a table over symbol ids. A symbol is a token, or a
// text that only occurs in merges; the ids of the latter follow the vocabulary's.
// Threads: const after load. Limits: kMaxMerges. Ownership: copies the texts that are no tokens.
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/tokenizer/pair_table.hpp"
#include "engine/tokenizer/text_index.hpp"
#include "engine/tokenizer/vocabulary.hpp"

#include <deque>
#include <span>
#include <string>
#include <string_view>
#include <utility>

namespace quern::engine {

class MergeRules {
 public:
  static constexpr std::uint64_t kMaxMerges = 1u << 24;

  // Errors: not_found without the key; corrupt, naming the index, for a merge that is not two texts around a blank.
  static Result<MergeRules> load(const gguf::GgufFile& file, const Vocabulary& vocabulary);
  using Pair = std::pair<std::string_view, std::string_view>;  // left and right text, neither empty
  // The same from at most kMaxMerges pairs, the first merged first. n_mark: bytes that each right text begins with and
  // that the joined text goes without.
  static MergeRules create(std::span<const Pair> merges, const Vocabulary& vocabulary, std::size_t n_mark = 0);
  bool has_extra() const noexcept { return !extra_.empty(); }  // symbols that are no tokens

  // Merges of tiktoken's kind: two neighbours may be joined wherever the vocabulary has the joined text, the lowest id
  // first. Limits: texts of at most kMaxRankedBytes, because all ways to part each of them are looked up.
  static constexpr std::size_t kMaxRankedBytes = 2048;
  static MergeRules of_ranks(const Vocabulary& vocabulary, std::uint32_t n_ranked);

  // The vocabulary is the one that load() saw. PairTable::kAbsent for a text that is no symbol.
  std::uint32_t symbol(const Vocabulary& vocabulary, std::string_view text) const noexcept;
  PairTable::Value find(std::uint32_t left, std::uint32_t right) const noexcept { return pairs_.find(left, right); }

 private:
  MergeRules() = default;
  std::uint32_t intern_extra(const Vocabulary& vocabulary, std::string_view text);

  PairTable pairs_;
  std::deque<std::string> extra_;  // texts of the symbols that are no tokens; a deque, so that they do not move
  TextIndex extra_index_;
};

}  // namespace quern::engine
