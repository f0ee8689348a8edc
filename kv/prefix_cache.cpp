#include "kv/prefix_cache.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <bit>
#include <random>
#include <utility>

#include <xxhash.h>

namespace quern::kv {
namespace {

// Chains of salts have the highest bit, those of pages are counted.
constexpr ChainKey kSaltBit = ChainKey{1} << 63;
// Pages behind one parent that find_partial() looks at: many may follow a common system prompt.
constexpr std::uint32_t kPartialCandidates = 32;

std::uint64_t process_seed() {
  static const std::uint64_t seed = [] {
    std::random_device device;
    return std::uint64_t{device()} << 32 | device();
  }();
  return seed;
}

std::uint64_t hash_of(ChainKey parent, std::span<const Token> tokens) noexcept {
  return XXH3_64bits_withSeed(tokens.data(), tokens.size_bytes(), parent ^ process_seed());
}

std::uint64_t mix(ChainKey parent) noexcept {
  return XXH3_64bits(&parent, sizeof parent);
}

}  // namespace

ChainKey salt_key(std::string_view salt) noexcept {
  if (salt.empty()) return kSaltBit;
  return XXH3_64bits_withSeed(salt.data(), salt.size(), process_seed()) | kSaltBit;
}

PrefixCache::PrefixCache(PagePool& pool, std::uint32_t page_tokens)
    : pool_(pool),
      page_tokens_(page_tokens),
      mask_(std::bit_ceil(std::uint64_t{pool.n_pages()} * 2) - 1),
      nodes_(pool.n_pages()),
      tokens_(std::size_t{pool.n_pages()} * page_tokens),
      by_hash_(mask_ + 1, kNoPage),
      by_parent_(mask_ + 1, kNoPage) {
  process_seed();  // what it needs is read now, not in a step
  pool_.on_evict = [this](PageId page) {
    forget(page);
    n_evicted_.fetch_add(1, std::memory_order_relaxed);
  };
}

std::uint64_t PrefixCache::bytes(std::uint32_t n_pages, std::uint32_t page_tokens) noexcept {
  const std::uint64_t buckets = std::bit_ceil(std::uint64_t{n_pages} * 2);
  return std::uint64_t{n_pages} * (sizeof(Node) + std::uint64_t{page_tokens} * sizeof(Token)) +
         2 * buckets * sizeof(PageId);
}

PageId& PrefixCache::bucket_of_parent(ChainKey parent) noexcept {
  return by_parent_[mix(parent) & mask_];
}

PrefixCache::Found PrefixCache::find(ChainKey parent, std::span<const Token> tokens) const noexcept {
  QUERN_DCHECK(tokens.size() == page_tokens_);
  const std::uint64_t hash = hash_of(parent, tokens);
  for (PageId page = by_hash_[hash & mask_]; page != kNoPage; page = nodes_[page].next) {
    const Node& node = nodes_[page];
    if (node.hash == hash && node.parent == parent && std::ranges::equal(tokens_of(page), tokens)) {
      return {.page = page, .key = node.key};
    }
  }
  return {};
}

PrefixCache::Partial PrefixCache::find_partial(ChainKey parent, std::span<const Token> tokens) const noexcept {
  Partial best;
  std::uint32_t n_seen = 0;
  for (PageId page = by_parent_[mix(parent) & mask_]; page != kNoPage && n_seen < kPartialCandidates;
       page = nodes_[page].next_of_parent) {
    if (nodes_[page].parent != parent) continue;
    ++n_seen;
    const std::span<const Token> theirs = tokens_of(page);
    const auto differs = std::ranges::mismatch(theirs, tokens).in1;
    const auto n_tokens = static_cast<std::uint32_t>(differs - theirs.begin());
    if (n_tokens > best.n_tokens) best = {.page = page, .n_tokens = n_tokens};
  }
  return best;
}

ChainKey PrefixCache::insert(PageId page, ChainKey parent, std::span<const Token> tokens) noexcept {
  QUERN_ASSERT(!contains(page) && tokens.size() == page_tokens_);
  if (const Found found = find(parent, tokens); found.page != kNoPage) return found.key;
  Node& node = nodes_[page];
  node = {.key = ++last_key_, .parent = parent, .hash = hash_of(parent, tokens)};
  std::ranges::copy(tokens, tokens_.begin() + static_cast<std::ptrdiff_t>(std::size_t{page} * page_tokens_));
  node.next = std::exchange(bucket(node.hash), page);
  node.next_of_parent = std::exchange(bucket_of_parent(parent), page);
  n_listed_.fetch_add(1, std::memory_order_relaxed);
  return node.key;
}

void PrefixCache::trim(std::uint32_t max_retained) noexcept {
  while (pool_.n_retained() > max_retained) {
    const PageId page = pool_.oldest_retained();
    forget(page);
    pool_.discard(page);
    n_evicted_.fetch_add(1, std::memory_order_relaxed);
  }
}

void PrefixCache::forget(PageId page) noexcept {
  Node& node = nodes_[page];
  if (node.key == 0) return;
  PageId* link = &bucket(node.hash);
  while (*link != page) link = &nodes_[*link].next;
  *link = node.next;
  link = &bucket_of_parent(node.parent);
  while (*link != page) link = &nodes_[*link].next_of_parent;
  *link = node.next_of_parent;
  node = {};
  n_listed_.fetch_sub(1, std::memory_order_relaxed);
  if (on_forget) on_forget(page);
}

}  // namespace quern::kv
