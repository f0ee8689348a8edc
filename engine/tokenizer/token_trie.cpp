#include "engine/tokenizer/token_trie.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstddef>

namespace quern::engine {
namespace {

struct Key {
  std::uint64_t front = 0;  // the first 8 bytes as a big-endian number: most comparisons end here
  std::string_view text;
  std::uint32_t id = 0;
};

std::uint64_t front_of(std::string_view text) noexcept {
  std::uint64_t front = 0;
  for (std::size_t i = 0; i < 8; ++i) front = front << 8 | (i < text.size() ? static_cast<unsigned char>(text[i]) : 0u);
  return front;
}

bool before(const Key& a, const Key& b) noexcept {
  if (a.front != b.front) return a.front < b.front;
  if (const int order = a.text.compare(b.text); order != 0) return order < 0;
  return a.id < b.id;
}

struct Range {  // of the sorted keys below a node
  std::uint32_t begin, end, depth;
};

}  // namespace

Status TokenTrie::check(std::size_t n_bytes, std::string_view kind) {
  if (n_bytes <= kMaxTextBytes) return {};
  return fail(Errc::unsupported, "{} vocabulary: {} bytes of token text, at most {}", kind, n_bytes, kMaxTextBytes);
}

TokenTrie::TokenTrie(std::span<const Entry> entries) {
  std::vector<Key> keys;
  keys.reserve(entries.size());
  std::size_t n_bytes = 0;
  for (const Entry& entry : entries) {
    n_bytes += entry.text.size();
    keys.push_back({front_of(entry.text), entry.text, entry.id});
  }
  QUERN_ASSERT(n_bytes <= kMaxTextBytes);
  std::sort(keys.begin(), keys.end(), before);

  std::vector<Range> ranges{{0, static_cast<std::uint32_t>(keys.size()), 0}};  // of each node, breadth first
  nodes_.emplace_back();
  labels_.push_back(0);
  for (std::size_t at = 0; at < nodes_.size(); ++at) {
    Range range = ranges[at];
    if (range.begin < range.end && keys[range.begin].text.size() == range.depth) nodes_[at].id = keys[range.begin].id;
    while (range.begin < range.end && keys[range.begin].text.size() == range.depth) ++range.begin;
    nodes_[at].first_child = static_cast<std::uint32_t>(nodes_.size());
    for (std::uint32_t i = range.begin; i < range.end;) {
      const char label = keys[i].text[range.depth];
      std::uint32_t end = i;
      while (end < range.end && keys[end].text[range.depth] == label) ++end;
      nodes_.emplace_back();
      labels_.push_back(label);
      ranges.push_back({i, end, range.depth + 1});
      i = end;
    }
    nodes_[at].n_children = static_cast<std::uint32_t>(nodes_.size()) - nodes_[at].first_child;
  }
}

}  // namespace quern::engine
