// Finds the tokens that a state allows. Threads: one.
#pragma once

#include "engine/grammar/compiled_grammar.hpp"
#include "engine/grammar/threads.hpp"
#include "engine/grammar/token_mask.hpp"

#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine::grammar {

class MaskBuilder {
 public:
  MaskBuilder(const CompiledGrammar& grammar, Machine& machine);

  TokenMask build(const State& state);

 private:
  void add(const Thread& thread);
  void add_terminal(const Thread& thread);
  void add_counted(const Thread& thread);
  bool add_key(const Thread& thread);
  void correct_key(const Thread& thread, ByteDfa::State base);
  void add_exits(const TokenTable& table, const Thread& completed);
  // Tokens in nodes [first, end) of a tree, whose parent stands where `threads` do.
  void walk(const TokenTree& tree, std::uint32_t first, std::uint32_t end, const std::vector<Thread>& threads);

  void set(std::span<const TokenId> ids) noexcept {
    for (const TokenId id : ids)
      bits_[static_cast<std::size_t>(id) / 64] |= std::uint64_t{1} << (static_cast<std::size_t>(id) % 64);
  }
  void clear(std::span<const TokenId> ids) noexcept {
    for (const TokenId id : ids)
      bits_[static_cast<std::size_t>(id) / 64] &= ~(std::uint64_t{1} << (static_cast<std::size_t>(id) % 64));
  }

  const CompiledGrammar& grammar_;
  const TokenIndex& index_;
  Machine& machine_;
  std::vector<std::uint64_t> bits_;
};

}  // namespace quern::engine::grammar
