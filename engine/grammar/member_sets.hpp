// Which members of an object have been seen: a small set in one word, a larger one by number. Threads: one at a time.
#pragma once

#include "engine/grammar/program.hpp"

#include <cstdint>
#include <map>
#include <vector>

namespace quern::engine::grammar {

class MemberSets {
 public:
  // `set` is 0 for none, and otherwise comes from add().
  std::uint64_t add(const MemberTable& table, std::uint64_t set, std::uint32_t label);
  bool allows(const MemberTable& table, std::uint64_t set, std::uint32_t label) const;
  // Whether any of the labels that a state of the key automaton can reach is allowed.
  bool viable(const MemberTable& table, std::uint64_t set, ByteDfa::State state) const;
  bool may_end(const MemberTable& table, std::uint64_t set) const;
  bool may_continue(const MemberTable& table, std::uint64_t set) const;
  Hash128 hash(const MemberTable& table, std::uint64_t set) const;

 private:
  // In the upper bits how many members there were; below, the members themselves up to kInline, the last one where the
  // order is fixed, and else a number into sets_.
  static constexpr std::uint32_t kInline = 40;
  static constexpr std::uint64_t kLow = (std::uint64_t{1} << kInline) - 1, kCountMax = (1u << 24) - 1;
  using Words = std::vector<std::uint64_t>;  // the last one: how many required ones are still missing

  static std::uint64_t count(std::uint64_t set) noexcept { return set >> kInline; }
  bool has(const MemberTable& table, std::uint64_t set, std::uint32_t label) const;
  std::uint64_t n_missing(const MemberTable& table, std::uint64_t set) const;

  std::vector<Words> sets_;
  std::map<Words, std::uint64_t> numbers_;
};

}  // namespace quern::engine::grammar
