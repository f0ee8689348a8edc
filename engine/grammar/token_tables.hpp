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

  // base: the table of `usual`, a state of the same automaton that most bytes lead to; nullptr: there is none.
  TokenTable(const TokenIndex& index, ByteDfa dfa, const TokenTable* base, ByteDfa::State usual);

  const std::vector<std::uint64_t>& inside() const noexcept { return inside_; }
  std::span<const Exit> exits(std::uint8_t byte) const;
  // The same as one tree of what comes behind the automaton, that byte first.
  const TokenTree& exit_tree(std::uint8_t byte) const;

  // Of counted automata: characters that a token needs, with those that have to follow it.
  std::uint32_t max_cost() const noexcept { return max_cost_; }
  // Those that need at most so many.
  std::shared_ptr<const std::vector<std::uint64_t>> inside_up_to(std::uint64_t cost) const;

  std::size_t bytes() const noexcept;

 private:
  struct Exits {
    std::vector<std::uint32_t> begin;  // [257] by byte
    std::vector<Exit> all;
  };

  void find_inside();
  void find_counted();
  void find_differences(ByteDfa::State usual);
  const Exits& find_exits() const;
  std::vector<std::uint64_t> stays() const;  // by state: kinds of bytes that lead back to it
  void set(std::span<const TokenId> ids, bool value) noexcept;

  const TokenIndex& index_;
  const ByteDfa dfa_;
  std::vector<std::uint64_t> inside_;  // [n_vocab / 64] bits
  std::uint32_t max_cost_ = 0;
  std::vector<std::uint16_t> cost_;  // [n_vocab] of counted automata

  mutable std::mutex mutex_;
  mutable std::unique_ptr<const Exits> exits_;
  mutable std::atomic<const Exits*> exits_ready_{nullptr};
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
  std::shared_ptr<const TokenTable> table(const std::shared_ptr<const ByteDfa>& dfa, ByteDfa::State state);

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

  std::shared_ptr<const TokenTable> make(ByteDfa rest);

  const TokenIndex& index_;
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::size_t bytes_ = 0;
  std::unordered_map<Hash128, std::weak_ptr<const ByteDfa>, HashOfHash128> interned_;
  std::unordered_map<Key, Entry, HashOfKey> tables_;
  std::unordered_map<Hash128, std::shared_ptr<const TokenTable>, HashOfHash128> by_rest_;  // what a state still accepts
};

// How many bytes a state can take, and the state that most of them lead to.
std::size_t n_next_bytes(const ByteDfa& dfa, ByteDfa::State state);
ByteDfa::State usual_next(const ByteDfa& dfa, ByteDfa::State state);

}  // namespace quern::engine::grammar
