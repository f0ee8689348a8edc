// Which tokens an automaton allows in a state, whatever comes behind it: found once per state and vocabulary and shared
// by all grammars that have the same automaton. Tokens that go past its end are kept apart: whether they are allowed
// depends on what follows. Threads: any. Limits: max_bytes of tables; beyond, all are dropped and made anew when used.
#pragma once

#include "engine/grammar/byte_dfa.hpp"
#include "engine/grammar/program.hpp"
#include "engine/grammar/token_index.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <unordered_map>
#include <vector>

namespace quern::engine::grammar {

class TokenTable {
 public:
  // A place where a token leaves the automaton: it has been completed before the node, whose byte is the first behind.
  struct Exit {
    std::uint32_t node;
    std::uint32_t n_characters;  // that ended before; 0 where nothing is counted
  };

  TokenTable(const TokenIndex& index, const ByteDfa& dfa, ByteDfa::State state, const CountedText* counted);

  const std::vector<std::uint64_t>& inside() const noexcept { return inside_; }
  std::uint32_t n_inside() const noexcept { return n_inside_; }
  std::span<const Exit> exits(std::uint8_t byte) const noexcept {
    return {exits_.data() + exits_begin_[byte], exits_begin_[byte + 1u] - exits_begin_[byte]};
  }
  // The same as one tree of what comes behind the automaton, that byte first.
  const TokenTree& exit_tree(std::uint8_t byte) const;

  // Of counted automata: characters that a token needs, with those that have to follow it.
  std::uint32_t max_cost() const noexcept { return max_cost_; }
  // Those that need at most so many.
  std::shared_ptr<const std::vector<std::uint64_t>> inside_up_to(std::uint64_t cost) const;

  std::size_t bytes() const noexcept;

 private:
  void walk(const ByteDfa& dfa, ByteDfa::State state, const CountedText* counted);

  const TokenIndex& index_;
  std::vector<std::uint64_t> inside_;  // [n_vocab / 64] bits
  std::uint32_t n_inside_ = 0, max_cost_ = 0;
  std::vector<std::uint32_t> exits_begin_;  // [257] by byte
  std::vector<Exit> exits_;
  std::vector<std::uint16_t> cost_;  // [n_vocab] of counted automata

  mutable std::mutex mutex_;
  mutable std::array<std::atomic<const TokenTree*>, 256> trees_{};
  mutable std::vector<std::unique_ptr<const TokenTree>> owned_trees_;
  mutable std::unordered_map<std::uint64_t, std::shared_ptr<const std::vector<std::uint64_t>>> up_to_;
};

class TokenTables {
 public:
  explicit TokenTables(const TokenIndex& index, std::size_t max_bytes = std::size_t{192} << 20)
      : index_(index), max_bytes_(max_bytes) {}

  // The one automaton that stands for all equal ones.
  std::shared_ptr<const ByteDfa> intern(std::shared_ptr<const ByteDfa> dfa);
  // counted: what belongs to an automaton that counts; equal automata have equal ones, but for min and max.
  std::shared_ptr<const TokenTable> table(const std::shared_ptr<const ByteDfa>& dfa, ByteDfa::State state,
                                          const CountedText* counted);

 private:
  struct Key {
    const ByteDfa* dfa;
    std::uint32_t state;
    bool operator==(const Key&) const = default;
  };
  struct HashOfKey {
    std::size_t operator()(const Key& key) const noexcept {
      return (reinterpret_cast<std::uintptr_t>(key.dfa) >> 4) * 0x9E3779B97F4A7C15ull ^
             key.state * 0xD6E8FEB86659FD93ull;
    }
  };
  struct Entry {
    std::shared_ptr<const ByteDfa> dfa;  // so that no other one gets its address
    std::shared_ptr<const TokenTable> table;
  };

  const TokenIndex& index_;
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::unordered_map<Hash128, std::weak_ptr<const ByteDfa>, HashOfHash128> interned_;
  std::unordered_map<Key, Entry, HashOfKey> tables_;
};

}  // namespace quern::engine::grammar
