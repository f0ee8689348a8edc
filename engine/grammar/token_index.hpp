// All tokens of a vocabulary as a tree of their bytes, in the order in which one walks through it: what an automaton
// allows is found in one pass. Control tokens stand in it between kControlBegin and kControlEnd; tokens that end an
// answer are not in it. Threads: const after creation. Ownership: copies what it needs of the tokenizer.
#pragma once

#include "engine/tokenizer/tokenizer.hpp"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace quern::engine::grammar {

// Bytes that automata mostly treat alike, as one of 64 kinds.
std::uint8_t byte_kind(std::uint8_t byte) noexcept;

class TokenTree {
 public:
  struct Node {
    std::uint32_t end = 0;     // the first node that is not below this one
    std::uint32_t tokens = 0;  // where its tokens begin: those of all below follow
    std::uint16_t depth = 0;   // bytes up to here; the root has none
    std::uint8_t byte = 0;     // the last of them
  };
  struct Entry {
    std::string bytes;
    TokenId id;
  };

  TokenTree() = default;
  explicit TokenTree(std::vector<Entry> entries);  // entries without bytes are left out

  std::uint32_t size() const noexcept { return nodes_.empty() ? 0 : static_cast<std::uint32_t>(nodes_.size() - 1); }
  const Node& operator[](std::uint32_t node) const noexcept { return nodes_[node]; }
  std::uint16_t max_depth() const noexcept { return max_depth_; }
  // Tokens that end in the node; in it or below.
  std::span<const TokenId> tokens(std::uint32_t node) const noexcept {
    return {ids_.data() + nodes_[node].tokens, nodes_[node + 1].tokens - nodes_[node].tokens};
  }
  std::span<const TokenId> tokens_below(std::uint32_t node) const noexcept {
    return {ids_.data() + nodes_[node].tokens, nodes_[nodes_[node].end].tokens - nodes_[node].tokens};
  }
  // Which kinds of bytes the tokens below a node have behind it: bits of byte_kind().
  std::uint64_t kinds_below(std::uint32_t node) const noexcept { return kinds_[node]; }
  std::size_t bytes() const noexcept { return nodes_.size() * sizeof(Node) + ids_.size() * sizeof(TokenId); }

 private:
  std::vector<Node> nodes_;  // in pre-order, with one behind the last
  std::vector<TokenId> ids_;
  std::vector<std::uint64_t> kinds_;
  std::uint16_t max_depth_ = 0;
};

class TokenIndex {
 public:
  // ends: tokens that end an answer besides those that the vocabulary itself names.
  explicit TokenIndex(const Tokenizer& tokenizer, std::span<const TokenId> ends = {});

  const TokenTree& tree() const noexcept { return tree_; }
  std::uint32_t n_vocab() const noexcept { return static_cast<std::uint32_t>(offsets_.size() - 1); }
  std::span<const TokenId> ends() const noexcept { return ends_; }  // tokens that end an answer
  bool is_end(TokenId id) const noexcept;
  // The bytes a token stands for in a grammar; "" for one that has none there.
  std::string_view bytes(TokenId id) const noexcept {
    const auto i = static_cast<std::size_t>(id);
    return id < 0 || i + 1 >= offsets_.size()
               ? std::string_view()
               : std::string_view(text_).substr(offsets_[i], offsets_[i + 1] - offsets_[i]);
  }

 private:
  std::string text_;
  std::vector<std::uint32_t> offsets_;
  std::vector<TokenId> ends_;
  TokenTree tree_;
};

}  // namespace quern::engine::grammar
