// Every token that begins a text, in one walk. The children of a node lie side by side, their bytes in an array of
// their own, so that a step is one memchr. Threads: const after creation. Limits: kMaxTextBytes of token text.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace quern::engine {

class TokenTrie {
 public:
  static constexpr std::size_t kMaxTextBytes = 64u << 20;  // a node takes 13 bytes, and a byte of text at most one node

  // Errors: unsupported, naming the vocabulary's kind and both numbers.
  static Status check(std::size_t n_bytes, std::string_view kind);

  struct Entry {
    std::string_view text;  // not empty; of equal ones the first has the text
    std::uint32_t id = 0;
  };
  // The texts together have at most kMaxTextBytes.
  explicit TokenTrie(std::span<const Entry> entries);

  std::size_t size() const noexcept { return nodes_.size() - 1; }  // nodes below the root: 0 without entries

  // visit(size, id) for each token that begins `text`, the shortest first.
  template <class Visit>
  void each_prefix(std::string_view text, const Visit& visit) const {
    std::uint32_t at = 0;
    for (std::size_t i = 0; i < text.size(); ++i) {
      const Node& node = nodes_[at];
      if (node.n_children == 0) return;
      const char* const first = labels_.data() + node.first_child;
      const void* const found = std::memchr(first, static_cast<unsigned char>(text[i]), node.n_children);
      if (found == nullptr) return;
      at = node.first_child + static_cast<std::uint32_t>(static_cast<const char*>(found) - first);
      if (nodes_[at].id != kNone) visit(i + 1, nodes_[at].id);
    }
  }

 private:
  static constexpr std::uint32_t kNone = 0xFFFFFFFFu;
  struct Node {
    std::uint32_t first_child = 0;
    std::uint32_t n_children = 0;
    std::uint32_t id = kNone;
  };
  std::vector<Node> nodes_;   // nodes_[0] is the root
  std::vector<char> labels_;  // [n_nodes] the byte that leads to a node
};

}  // namespace quern::engine
