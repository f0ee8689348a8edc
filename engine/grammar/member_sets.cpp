#include "engine/grammar/member_sets.hpp"

#include <algorithm>
#include <bit>

namespace quern::engine::grammar {

bool MemberSets::has(const MemberTable& table, std::uint64_t set, std::uint32_t label) const {
  const std::uint64_t low = set & kLow;
  if (table.ordered) return label < low;
  if (table.n_members <= kInline) return ((low >> label) & 1) != 0;
  return low != 0 && ((sets_[low - 1][label / 64] >> (label % 64)) & 1) != 0;
}

// Required members that have not come yet.
std::uint64_t MemberSets::n_missing(const MemberTable& table, std::uint64_t set) const {
  const std::uint64_t low = set & kLow;
  if (table.ordered) return table.n_required_after[std::min<std::uint64_t>(low, table.n_members)];
  if (table.n_members <= kInline) {
    std::uint64_t n = table.n_required_after[0];
    for (std::uint64_t seen = low; seen != 0; seen &= seen - 1) {
      n -= table.required[static_cast<std::size_t>(std::countr_zero(seen))];
    }
    return n;
  }
  return low == 0 ? table.n_required_after[0] : sets_[low - 1].back();
}

std::uint64_t MemberSets::add(const MemberTable& table, std::uint64_t set, std::uint32_t label) {
  const std::uint64_t n = std::min(count(set) + 1, kCountMax) << kInline;
  const std::uint64_t low = set & kLow;
  if (table.ordered) return n | std::min(label + 1, table.n_members + 1);
  if (label >= table.n_members) return n | low;
  if (table.n_members <= kInline) return n | low | (std::uint64_t{1} << label);
  Words words = low == 0 ? Words(table.n_members / 64 + 2, 0) : sets_[low - 1];
  if (low == 0) words.back() = table.n_required_after[0];
  words[label / 64] |= std::uint64_t{1} << (label % 64);
  words.back() -= table.required[label];
  const auto [at, fresh] = numbers_.try_emplace(words, sets_.size() + 1);
  if (fresh) sets_.push_back(std::move(words));
  return n | at->second;
}

bool MemberSets::allows(const MemberTable& table, std::uint64_t set, std::uint32_t label) const {
  if (table.possible[label] == 0) return false;
  const std::uint64_t n = count(set) + 1;
  std::uint64_t missing = n_missing(table, set);
  if (label >= table.n_members) {
    // In order, further ones come last.
    return (!table.ordered || missing == 0) && n + missing <= table.max_count;
  }
  if (has(table, set, label)) return false;
  if (table.ordered) {
    // None that is required may be passed over.
    if (table.n_required_after[set & kLow] != table.n_required_after[label]) return false;
    missing = table.n_required_after[label];
    bool others = false;
    for (std::uint32_t i = 0; i < table.n_others; ++i) others |= table.possible[table.n_members + i] != 0;
    if (!others && n + (table.n_members - 1 - label) < table.min_count) return false;
  }
  missing -= table.required[label];
  return n + missing <= table.max_count;
}

bool MemberSets::viable(const MemberTable& table, std::uint64_t set, ByteDfa::State state) const {
  for (std::uint32_t i = table.labels_begin[state]; i < table.labels_begin[state + 1u]; ++i) {
    if (allows(table, set, table.labels[i])) return true;
  }
  return false;
}

bool MemberSets::may_end(const MemberTable& table, std::uint64_t set) const {
  return n_missing(table, set) == 0 && count(set) >= table.min_count;
}

bool MemberSets::may_continue(const MemberTable& table, std::uint64_t set) const {
  for (std::uint32_t label = 0; label < table.n_members + table.n_others; ++label) {
    if (allows(table, set, label)) return true;
  }
  return false;
}

Hash128 MemberSets::hash(const MemberTable& table, std::uint64_t set) const {
  Hash128 out;
  // How many there were matters only where it is limited.
  const bool counts = table.max_count != kNoEnd || table.min_count > 1;
  const std::uint64_t low = set & kLow;
  out.mix(counts ? count(set) : std::min<std::uint64_t>(count(set), 1));
  if (table.ordered || table.n_members <= kInline || low == 0) {
    out.mix(low);
  } else {
    for (const std::uint64_t word : sets_[low - 1]) out.mix(word);
  }
  return out;
}

}  // namespace quern::engine::grammar
