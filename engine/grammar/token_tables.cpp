#include "engine/grammar/token_tables.hpp"

#include "engine/grammar/counted_text.hpp"

#include <algorithm>

namespace quern::engine::grammar {
namespace {

constexpr std::uint64_t bit(std::uint8_t kind) {
  return std::uint64_t{1} << kind;
}

constexpr std::size_t kHeavy = 64;  // a state that takes so many bytes is worth a table of its own as a base

}  // namespace

std::size_t n_next_bytes(const ByteDfa& dfa, ByteDfa::State state) {
  std::size_t n = 0;
  for (std::size_t byte = 0; byte < 256; ++byte) {
    n += dfa.step(state, static_cast<std::uint8_t>(byte)) != ByteDfa::kDead ? 1 : 0;
  }
  return n;
}

ByteDfa::State usual_next(const ByteDfa& dfa, ByteDfa::State state) {
  std::array<std::uint32_t, 256> per_class{};
  for (const std::uint8_t column : dfa.class_of) ++per_class[column];
  ByteDfa::State best = ByteDfa::kDead;
  std::uint32_t most = 0;
  for (std::uint32_t c = 0; c < dfa.n_classes; ++c) {
    const ByteDfa::State next = dfa.next[std::size_t{state} * dfa.n_classes + c];
    if (next == ByteDfa::kDead) continue;
    std::uint32_t n = 0;
    for (std::uint32_t other = 0; other < dfa.n_classes; ++other) {
      if (dfa.next[std::size_t{state} * dfa.n_classes + other] == next) n += per_class[other];
    }
    if (n > most) most = n, best = next;
  }
  return best;
}

TokenTable::TokenTable(const TokenIndex& index, ByteDfa dfa, const TokenTable* base, ByteDfa::State usual)
    : index_(index), dfa_(std::move(dfa)), inside_((index.n_vocab() + 63) / 64, 0) {
  if (!dfa_.border.empty()) {
    find_counted();
  } else if (base != nullptr) {
    inside_ = base->inside_;
    find_differences(usual);
  } else {
    find_inside();
  }
}

void TokenTable::set(std::span<const TokenId> ids, bool value) noexcept {
  for (const TokenId id : ids) {
    const auto i = static_cast<std::size_t>(id);
    const std::uint64_t one = std::uint64_t{1} << (i % 64);
    inside_[i / 64] = value ? inside_[i / 64] | one : inside_[i / 64] & ~one;
  }
}

std::vector<std::uint64_t> TokenTable::stays() const {
  std::vector<std::uint64_t> out(dfa_.n_states(), ~std::uint64_t{0});
  for (std::size_t s = 1; s < dfa_.n_states(); ++s) {
    for (std::size_t byte = 0; byte < 256; ++byte) {
      const auto b = static_cast<std::uint8_t>(byte);
      if (dfa_.step(static_cast<ByteDfa::State>(s), b) != s) out[s] &= ~bit(byte_kind(b));
    }
  }
  return out;
}

void TokenTable::find_inside() {
  const TokenTree& tree = index_.tree();
  const std::vector<std::uint64_t> stay = stays();
  std::vector<ByteDfa::State> levels(std::size_t{tree.max_depth()} + 1);
  levels[0] = dfa_.start;
  for (std::uint32_t at = 1; at < tree.size();) {
    const TokenTree::Node& node = tree[at];
    const ByteDfa::State state = dfa_.step(levels[node.depth - 1u], node.byte);
    if (state == ByteDfa::kDead) {
      at = node.end;
      continue;
    }
    if ((tree.kinds_below(at) & ~stay[state]) == 0) {  // nothing below leads out of this state
      set(tree.tokens_below(at), true);
      at = node.end;
      continue;
    }
    levels[node.depth] = state;
    set(tree.tokens(at), true);
    ++at;
  }
}

// Where the way from the start and the one from `usual` meet, all is as in the base.
void TokenTable::find_differences(ByteDfa::State usual) {
  const TokenTree& tree = index_.tree();
  struct Pair {
    ByteDfa::State own, usual;
  };
  std::vector<Pair> levels(std::size_t{tree.max_depth()} + 1);
  levels[0] = {dfa_.start, usual};
  for (std::uint32_t at = 1; at < tree.size();) {
    const TokenTree::Node& node = tree[at];
    const Pair above = levels[node.depth - 1u];
    const Pair here{dfa_.step(above.own, node.byte), dfa_.step(above.usual, node.byte)};
    if (here.own == here.usual) {
      at = node.end;
    } else if (here.own == ByteDfa::kDead) {
      set(tree.tokens_below(at), false);
      at = node.end;
    } else {
      set(tree.tokens(at), true);
      levels[node.depth] = here;
      ++at;
    }
  }
}

void TokenTable::find_counted() {
  const TokenTree& tree = index_.tree();
  const std::vector<std::uint32_t> needed = characters_needed(dfa_);
  cost_.assign(index_.n_vocab(), 0xFFFF);
  struct Level {
    ByteDfa::State state;
    std::uint16_t n_characters;
  };
  std::vector<Level> levels(std::size_t{tree.max_depth()} + 1);
  levels[0] = {dfa_.start, 0};
  for (std::uint32_t at = 1; at < tree.size();) {
    const TokenTree::Node& node = tree[at];
    const Level& above = levels[node.depth - 1u];
    const ByteDfa::State state = dfa_.step(above.state, node.byte);
    if (state == ByteDfa::kDead) {
      at = node.end;
      continue;
    }
    levels[node.depth] = {state, static_cast<std::uint16_t>(above.n_characters + dfa_.border[state])};
    const std::uint32_t cost = std::min<std::uint32_t>(levels[node.depth].n_characters + needed[state], 0xFFFE);
    for (const TokenId id : tree.tokens(at)) {
      cost_[static_cast<std::size_t>(id)] = static_cast<std::uint16_t>(cost);
      max_cost_ = std::max(max_cost_, cost);
    }
    set(tree.tokens(at), true);
    ++at;
  }
}

const TokenTable::Exits& TokenTable::find_exits() const {
  if (const Exits* ready = exits_ready_.load(std::memory_order_acquire)) return *ready;  // pairs with the store below
  const std::lock_guard lock(mutex_);
  if (exits_ != nullptr) return *exits_;
  const TokenTree& tree = index_.tree();
  // Kinds of bytes with which a text stays where nothing can be complete, however many there are of them.
  std::vector<std::uint64_t> quiet = stays();
  constexpr std::uint64_t kHigh = bit(5) | bit(6) | bit(7) | bit(8) | bit(9);
  for (std::size_t s = 1; s < dfa_.n_states(); ++s) {
    std::vector<ByteDfa::State> open{static_cast<ByteDfa::State>(s)};
    std::vector<bool> seen(dfa_.n_states(), false);
    bool complete = false;
    while (!open.empty() && !complete && quiet[s] != 0) {
      const ByteDfa::State from = open.back();
      open.pop_back();
      complete = dfa_.accepts(from);
      for (std::size_t byte = 0; byte < 256; ++byte) {
        const auto b = static_cast<std::uint8_t>(byte);
        if (((quiet[s] | kHigh) & bit(byte_kind(b))) == 0) continue;
        const ByteDfa::State to = dfa_.step(from, b);
        if (to != ByteDfa::kDead && !seen[to]) open.push_back(to);
        seen[to] = true;
      }
    }
    quiet[s] = complete || quiet[s] == 0 ? 0 : quiet[s] | kHigh;
  }
  struct Level {
    ByteDfa::State state;
    std::uint16_t n_characters;
  };
  struct Found {
    Exit exit;
    std::uint8_t byte;
  };
  std::vector<Found> found;
  std::vector<Level> levels(std::size_t{tree.max_depth()} + 1);
  levels[0] = {dfa_.start, 0};
  for (std::uint32_t at = 1; at < tree.size();) {
    const TokenTree::Node& node = tree[at];
    const Level& above = levels[node.depth - 1u];
    if (node.depth > 1 && dfa_.accepts(above.state)) found.push_back({{at, above.n_characters}, node.byte});
    const ByteDfa::State state = dfa_.step(above.state, node.byte);
    if (state == ByteDfa::kDead || (quiet[state] != 0 && (tree.kinds_below(at) & ~quiet[state]) == 0)) {
      at = node.end;
      continue;
    }
    const int border = dfa_.border.empty() ? 0 : dfa_.border[state];
    levels[node.depth] = {state, static_cast<std::uint16_t>(above.n_characters + border)};
    ++at;
  }
  auto out = std::make_unique<Exits>();
  out->begin.assign(257, 0);
  for (const Found& one : found) ++out->begin[one.byte + 1u];
  for (std::size_t byte = 0; byte < 256; ++byte) out->begin[byte + 1] += out->begin[byte];
  out->all.resize(found.size());
  std::vector<std::uint32_t> next(out->begin.begin(), out->begin.end() - 1);
  for (const Found& one : found) out->all[next[one.byte]++] = one.exit;
  exits_ = std::move(out);
  exits_ready_.store(exits_.get(), std::memory_order_release);
  return *exits_;
}

std::span<const TokenTable::Exit> TokenTable::exits(std::uint8_t byte) const {
  const Exits& exits = find_exits();
  return {exits.all.data() + exits.begin[byte], exits.begin[byte + 1u] - exits.begin[byte]};
}

const TokenTree& TokenTable::exit_tree(std::uint8_t byte) const {
  if (const TokenTree* tree = trees_[byte].load(std::memory_order_acquire)) return *tree;  // pairs with the store below
  const std::span<const Exit> all = exits(byte);
  const std::lock_guard lock(mutex_);
  if (const TokenTree* tree = trees_[byte].load(std::memory_order_relaxed)) return *tree;
  std::vector<TokenTree::Entry> entries;
  for (const Exit& exit : all) {
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
  return inside_.size() * 16 + cost_.size() * 2 + (std::size_t{64} << 10) + dfa_.bytes();
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

std::shared_ptr<const TokenTable> TokenTables::table(const std::shared_ptr<const ByteDfa>& dfa, ByteDfa::State state) {
  const Key key{dfa.get(), state};
  {
    const std::lock_guard lock(mutex_);
    const auto at = tables_.find(key);
    if (at != tables_.end()) return at->second.table;
  }
  std::shared_ptr<const TokenTable> made = make(rest_of(*dfa, state));
  const std::lock_guard lock(mutex_);
  if (tables_.size() > 200'000) tables_.clear();
  tables_.try_emplace(key, Entry{dfa, made});
  return made;
}

std::shared_ptr<const TokenTable> TokenTables::make(ByteDfa rest) {
  const Hash128 hash = hash_of(rest);
  {
    const std::lock_guard lock(mutex_);
    const auto at = by_rest_.find(hash);
    if (at != by_rest_.end()) return at->second;
  }
  std::shared_ptr<const TokenTable> base;
  const ByteDfa::State usual = rest.border.empty() ? usual_next(rest, rest.start) : ByteDfa::kDead;
  if (usual != ByteDfa::kDead && usual != rest.start && n_next_bytes(rest, usual) >= kHeavy &&
      usual_next(rest, usual) == usual) {
    base = make(rest_of(rest, usual));
  }
  // Two may make the same one: the work is the same for both, and nobody waits.
  auto fresh = std::make_shared<const TokenTable>(index_, std::move(rest), base.get(), usual);
  const std::lock_guard lock(mutex_);
  if (bytes_ + fresh->bytes() > max_bytes_) {
    tables_.clear();
    by_rest_.clear();
    bytes_ = 0;
  }
  const auto [at, added] = by_rest_.try_emplace(hash, fresh);
  if (added) bytes_ += fresh->bytes();
  return at->second;
}

}  // namespace quern::engine::grammar
