#include "engine/grammar/byte_dfa.hpp"

#include <algorithm>
#include <map>
#include <numeric>

namespace quern::engine::grammar {
namespace {

using DfaState = ByteDfa::State;

// Edges in the other direction: for each class, who leads to a state.
struct Reversed {
  explicit Reversed(const ByteDfa& dfa) : n_states(dfa.n_states()), n_classes(dfa.n_classes) {
    begin.assign(n_states * n_classes + 1, 0);
    for (std::size_t s = 0; s < n_states; ++s) {
      for (std::size_t c = 0; c < n_classes; ++c) ++begin[slot(dfa.next[s * n_classes + c], c) + 1];
    }
    std::partial_sum(begin.begin(), begin.end(), begin.begin());
    from.resize(n_states * n_classes);
    std::vector<std::uint32_t> at(begin.begin(), begin.end() - 1);
    for (std::size_t s = 0; s < n_states; ++s) {
      for (std::size_t c = 0; c < n_classes; ++c) {
        from[at[slot(dfa.next[s * n_classes + c], c)]++] = static_cast<DfaState>(s);
      }
    }
  }
  std::size_t slot(std::size_t state, std::size_t column) const { return state * n_classes + column; }

  std::size_t n_states, n_classes;
  std::vector<std::uint32_t> begin;
  std::vector<DfaState> from;
};

std::vector<bool> find_live(const ByteDfa& dfa, const Reversed& reversed) {
  std::vector<bool> live(dfa.n_states(), false);
  std::vector<DfaState> open;
  for (std::size_t s = 1; s < dfa.n_states(); ++s) {
    if (!dfa.accepts(static_cast<DfaState>(s))) continue;
    live[s] = true;
    open.push_back(static_cast<DfaState>(s));
  }
  while (!open.empty()) {
    const DfaState state = open.back();
    open.pop_back();
    for (std::size_t c = 0; c < dfa.n_classes; ++c) {
      const std::size_t slot = reversed.slot(state, c);
      for (std::uint32_t i = reversed.begin[slot]; i < reversed.begin[slot + 1]; ++i) {
        const DfaState from = reversed.from[i];
        if (from == ByteDfa::kDead || live[from]) continue;
        live[from] = true;
        open.push_back(from);
      }
    }
  }
  return live;
}

// Partition refinement. Source: Hopcroft, "An n log n algorithm for minimizing states in a finite automaton", 1971.
class Partition {
 public:
  Partition(const ByteDfa& dfa, const Reversed& reversed, const std::vector<bool>& live)
      : dfa_(dfa), reversed_(reversed), block_of(dfa.n_states()) {
    std::map<std::pair<std::uint32_t, int>, std::vector<DfaState>> groups;  // by label and border; the dead ones apart
    for (std::size_t s = 0; s < dfa.n_states(); ++s) {
      const int kind = !live[s] ? -1 : dfa.border.empty() ? 0 : dfa.border[s];
      groups[{live[s] ? dfa.label[s] : 0, kind}].push_back(static_cast<DfaState>(s));
    }
    for (auto& [key, states] : groups) add_block(std::move(states));
    refine();
  }

  std::size_t size() const { return blocks.size(); }

 private:
  void add_block(std::vector<DfaState> states) {
    for (const DfaState s : states) block_of[s] = static_cast<std::uint32_t>(blocks.size());
    blocks.push_back(std::move(states));
  }

  void refine() {
    std::vector<std::pair<std::uint32_t, std::uint32_t>> open;  // block, class
    for (std::uint32_t b = 0; b < blocks.size(); ++b) {
      for (std::uint32_t c = 0; c < dfa_.n_classes; ++c) open.emplace_back(b, c);
    }
    std::vector<DfaState> reached;
    std::vector<std::uint32_t> touched;
    std::vector<std::uint32_t> n_in(dfa_.n_states(), 0);
    std::vector<bool> in(dfa_.n_states(), false);
    while (!open.empty()) {
      const auto [splitter, column] = open.back();
      open.pop_back();
      reached.clear();
      touched.clear();
      for (const DfaState s : blocks[splitter]) {
        const std::size_t slot = reversed_.slot(s, column);
        for (std::uint32_t i = reversed_.begin[slot]; i < reversed_.begin[slot + 1]; ++i) {
          const DfaState from = reversed_.from[i];
          reached.push_back(from);
          in[from] = true;
          if (n_in[block_of[from]]++ == 0) touched.push_back(block_of[from]);
        }
      }
      for (const std::uint32_t block : touched) {
        if (n_in[block] < blocks[block].size()) split(block, in, open);
        n_in[block] = 0;
      }
      for (const DfaState s : reached) in[s] = false;
    }
  }

  void split(std::uint32_t block, const std::vector<bool>& in,
             std::vector<std::pair<std::uint32_t, std::uint32_t>>& open) {
    std::vector<DfaState>& states = blocks[block];
    const auto middle = std::partition(states.begin(), states.end(), [&](DfaState s) { return in[s]; });
    std::vector<DfaState> moved(middle, states.end());
    states.erase(middle, states.end());
    if (moved.size() > states.size()) std::swap(moved, states);
    const auto fresh = static_cast<std::uint32_t>(blocks.size());
    add_block(std::move(moved));  // the smaller part: what waits for the old block waits for both
    for (const DfaState s : blocks[block]) block_of[s] = block;
    for (std::uint32_t c = 0; c < dfa_.n_classes; ++c) open.emplace_back(fresh, c);
  }

  const ByteDfa& dfa_;
  const Reversed& reversed_;

 public:
  std::vector<std::vector<DfaState>> blocks;
  std::vector<std::uint32_t> block_of;
};

// Joins columns that no state tells apart.
void join_classes(ByteDfa& dfa) {
  const std::size_t n = dfa.n_states();
  std::map<std::vector<DfaState>, std::uint8_t> known;
  std::vector<std::uint8_t> renamed(dfa.n_classes, 0);
  std::vector<bool> seen(dfa.n_classes, false);
  std::vector<std::size_t> kept;
  for (int byte = 0; byte < 256; ++byte) {  // in the order of bytes, so that equal languages are numbered equally
    const std::uint8_t column = dfa.class_of[static_cast<std::size_t>(byte)];
    if (seen[column]) continue;
    seen[column] = true;
    std::vector<DfaState> states(n);
    for (std::size_t s = 0; s < n; ++s) states[s] = dfa.next[s * dfa.n_classes + column];
    const auto [at, fresh] = known.emplace(std::move(states), static_cast<std::uint8_t>(kept.size()));
    if (fresh) kept.push_back(column);
    renamed[column] = at->second;
  }
  std::vector<DfaState> next(n * kept.size());
  for (std::size_t s = 0; s < n; ++s) {
    for (std::size_t c = 0; c < kept.size(); ++c) next[s * kept.size() + c] = dfa.next[s * dfa.n_classes + kept[c]];
  }
  for (auto& column : dfa.class_of) column = renamed[column];
  dfa.next = std::move(next);
  dfa.n_classes = static_cast<std::uint32_t>(kept.size());
}

// One state per block, numbered as they are met from the start.
ByteDfa rebuild(const ByteDfa& dfa, const Partition& partition, const std::vector<bool>& live) {
  ByteDfa out;
  out.class_of = dfa.class_of;
  out.n_classes = dfa.n_classes;
  const std::uint32_t unset = 0xFFFFFFFFu;
  std::vector<std::uint32_t> number(partition.size(), unset);
  std::vector<std::uint32_t> order;  // blocks
  const auto meet = [&](DfaState state) -> DfaState {
    if (!live[state]) return ByteDfa::kDead;
    std::uint32_t& n = number[partition.block_of[state]];
    if (n == unset) {
      order.push_back(partition.block_of[state]);
      n = static_cast<std::uint32_t>(order.size());
    }
    return static_cast<DfaState>(n);
  };
  out.next.assign(out.n_classes, ByteDfa::kDead);
  out.label.assign(1, ByteDfa::kNoLabel);
  if (!dfa.border.empty()) out.border.assign(1, 0);
  out.start = meet(dfa.start);
  std::vector<std::uint8_t> class_order;
  std::vector<bool> seen(dfa.n_classes, false);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const std::uint8_t column = dfa.class_of[byte];
    if (!seen[column]) class_order.push_back(column);
    seen[column] = true;
  }
  for (std::size_t i = 0; i < order.size(); ++i) {
    const DfaState from = partition.blocks[order[i]].front();
    out.next.resize(out.next.size() + out.n_classes, ByteDfa::kDead);
    for (const std::uint8_t column : class_order) {
      out.next[(i + 1) * out.n_classes + column] = meet(dfa.next[std::size_t{from} * dfa.n_classes + column]);
    }
    out.label.push_back(dfa.label[from]);
    if (!dfa.border.empty()) out.border.push_back(dfa.border[from]);
  }
  return out;
}

}  // namespace

ByteDfa minimize(const ByteDfa& dfa) {
  const Reversed reversed(dfa);
  const std::vector<bool> live = find_live(dfa, reversed);
  const Partition partition(dfa, reversed, live);
  ByteDfa out = rebuild(dfa, partition, live);
  join_classes(out);
  for (std::size_t s = 0; s < out.n_states(); ++s) {
    const auto row = out.next.begin() + static_cast<std::ptrdiff_t>(s * out.n_classes);
    const bool over = std::all_of(row, row + out.n_classes, [](DfaState to) { return to == ByteDfa::kDead; });
    out.over.push_back(over ? 1 : 0);
  }
  return out;
}

ByteDfa rest_of(const ByteDfa& dfa, DfaState state) {
  ByteDfa out;
  out.class_of = dfa.class_of;
  out.n_classes = dfa.n_classes;
  std::vector<DfaState> number(dfa.n_states(), ByteDfa::kDead), order{ByteDfa::kDead};
  const auto meet = [&](DfaState at) {
    if (at != ByteDfa::kDead && number[at] == ByteDfa::kDead) {
      number[at] = static_cast<DfaState>(order.size());
      order.push_back(at);
    }
    return number[at];
  };
  out.start = meet(state);
  for (std::size_t i = 0; i < order.size(); ++i) {
    const DfaState at = order[i];
    for (std::size_t c = 0; c < dfa.n_classes; ++c) out.next.push_back(meet(dfa.next[at * dfa.n_classes + c]));
    out.label.push_back(dfa.accepts(at) ? 0 : ByteDfa::kNoLabel);
    if (!dfa.border.empty()) out.border.push_back(dfa.border[at]);
  }
  return minimize(out);
}

Hash128 hash_of(const ByteDfa& dfa) {
  Hash128 hash;
  hash.mix(dfa.n_states());
  hash.mix(dfa.n_classes);
  hash.mix(dfa.start);
  for (const std::uint8_t column : dfa.class_of) hash.mix(column);
  for (const DfaState state : dfa.next) hash.mix(state);
  for (const std::uint32_t label : dfa.label) hash.mix(label);
  for (const std::uint8_t border : dfa.border) hash.mix(border);
  return hash;
}

}  // namespace quern::engine::grammar
