#include "engine/grammar/token_tables.hpp"

#include <algorithm>

namespace quern::engine::grammar {

TokenTable::TokenTable(const TokenIndex& index, const ByteDfa& dfa, ByteDfa::State state, const CountedText* counted)
    : index_(index), inside_((index.n_vocab() + 63) / 64, 0) {
  if (counted != nullptr) cost_.assign(index.n_vocab(), 0xFFFF);
  walk(dfa, state, counted);
}

void TokenTable::walk(const ByteDfa& dfa, ByteDfa::State start, const CountedText* counted) {
  const TokenTree& tree = index_.tree();
  struct Level {
    ByteDfa::State state;
    std::uint16_t n_characters;
  };
  std::vector<Level> levels(std::size_t{tree.max_depth()} + 1);
  levels[0] = {start, 0};
  struct Found {
    Exit exit;
    std::uint8_t byte;
  };
  std::vector<Found> found;
  const std::uint32_t n = tree.size();
  const bool borders = counted != nullptr && !dfa.border.empty();
  for (std::uint32_t at = 1; at < n;) {
    const TokenTree::Node& node = tree[at];
    const Level& above = levels[node.depth - 1u];
    // Behind what may be complete: the tokens from here on are an exit, whether or not the automaton goes on.
    if (node.depth > 1 && dfa.accepts(above.state)) found.push_back({{at, above.n_characters}, node.byte});
    const ByteDfa::State state = dfa.step(above.state, node.byte);
    if (state == ByteDfa::kDead) {
      at = node.end;
      continue;
    }
    const auto n_characters = static_cast<std::uint16_t>(above.n_characters + (borders ? dfa.border[state] : 0));
    levels[node.depth] = {state, n_characters};
    for (const TokenId id : tree.tokens(at)) {
      inside_[static_cast<std::size_t>(id) / 64] |= std::uint64_t{1} << (static_cast<std::size_t>(id) % 64);
      ++n_inside_;
      if (counted != nullptr) {
        const std::uint32_t cost = std::min<std::uint32_t>(n_characters + counted->needed[state], 0xFFFE);
        cost_[static_cast<std::size_t>(id)] = static_cast<std::uint16_t>(cost);
        max_cost_ = std::max(max_cost_, cost);
      }
    }
    ++at;
  }
  exits_begin_.assign(257, 0);
  for (const Found& one : found) ++exits_begin_[one.byte + 1u];
  for (std::size_t byte = 0; byte < 256; ++byte) exits_begin_[byte + 1] += exits_begin_[byte];
  exits_.resize(found.size());
  std::vector<std::uint32_t> next(exits_begin_.begin(), exits_begin_.end() - 1);
  for (const Found& one : found) exits_[next[one.byte]++] = one.exit;
}

const TokenTree& TokenTable::exit_tree(std::uint8_t byte) const {
  if (const TokenTree* tree = trees_[byte].load(std::memory_order_acquire)) return *tree;  // pairs with the store below
  const std::lock_guard lock(mutex_);
  if (const TokenTree* tree = trees_[byte].load(std::memory_order_relaxed)) return *tree;
  std::vector<TokenTree::Entry> entries;
  for (const Exit& exit : exits(byte)) {
    const std::size_t skip = index_.tree()[exit.node].depth - 1u;
    for (const TokenId id : index_.tree().tokens_below(exit.node)) {
      entries.push_back({std::string(index_.bytes(id).substr(skip)), id});
    }
  }
  owned_trees_.push_back(std::make_unique<const TokenTree>(std::move(entries)));
  trees_[byte].store(owned_trees_.back().get(), std::memory_order_release);
  return *owned_trees_.back();
}

std::shared_ptr<const std::vector<std::uint64_t>> TokenTable::inside_up_to(std::uint64_t cost) const {
  const std::lock_guard lock(mutex_);
  auto& known = up_to_[cost];
  if (known == nullptr) {
    std::vector<std::uint64_t> bits(inside_.size(), 0);
    for (std::size_t id = 0; id < cost_.size(); ++id) {
      if (cost_[id] <= cost) bits[id / 64] |= std::uint64_t{1} << (id % 64);
    }
    known = std::make_shared<const std::vector<std::uint64_t>>(std::move(bits));
  }
  return known;
}

std::size_t TokenTable::bytes() const noexcept {
  return inside_.size() * 8 + exits_.size() * sizeof(Exit) * 2 + cost_.size() * 2 + 4096;
}

std::shared_ptr<const ByteDfa> TokenTables::intern(std::shared_ptr<const ByteDfa> dfa) {
  const Hash128 hash = hash_of(*dfa);
  const std::lock_guard lock(mutex_);
  if (interned_.size() > 100'000) std::erase_if(interned_, [](const auto& entry) { return entry.second.expired(); });
  std::weak_ptr<const ByteDfa>& known = interned_[hash];
  if (auto same = known.lock()) return same;
  known = dfa;
  return dfa;
}

std::shared_ptr<const TokenTable> TokenTables::table(const std::shared_ptr<const ByteDfa>& dfa, ByteDfa::State state,
                                                     const CountedText* counted) {
  const Key key{dfa.get(), state};
  {
    const std::lock_guard lock(mutex_);
    const auto at = tables_.find(key);
    if (at != tables_.end()) return at->second.table;
  }
  // Two may make the same one: the work is the same for both, and nobody waits.
  auto fresh = std::make_shared<const TokenTable>(index_, *dfa, state, counted);
  const std::lock_guard lock(mutex_);
  if (bytes_ + fresh->bytes() > max_bytes_) {
    tables_.clear();
    bytes_ = 0;
  }
  const auto [at, added] = tables_.try_emplace(key, Entry{dfa, fresh});
  if (added) bytes_ += fresh->bytes();
  return at->second.table;
}

}  // namespace quern::engine::grammar
