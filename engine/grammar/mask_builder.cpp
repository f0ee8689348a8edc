#include "engine/grammar/mask_builder.hpp"

#include <algorithm>
#include <bit>

namespace quern::engine::grammar {
namespace {

using Kind = Node::Kind;

// A state that takes fewer bytes than this is walked through directly: few tokens begin with them.
constexpr std::size_t kManyBytes = 12;

}  // namespace

MaskBuilder::MaskBuilder(const CompiledGrammar& grammar, Machine& machine)
    : grammar_(grammar), index_(grammar.vocabulary().index), machine_(machine) {}

TokenMask MaskBuilder::build(const State& state) {
  TokenMask out;
  const std::size_t n_words = (index_.n_vocab() + 63) / 64;
  bits_.assign(n_words, 0);
  for (const Thread& thread : state.threads) {
    if (&thread == &state.threads.front()) {
      add(thread);
      continue;
    }
    // Each in a mask of its own: what one corrects is not the others'.
    std::vector<std::uint64_t> all(n_words, 0);
    all.swap(bits_);
    add(thread);
    for (std::size_t i = 0; i < n_words; ++i) bits_[i] |= all[i];
  }
  if (state.may_end) set(index_.ends());
  for (const std::uint64_t word : bits_) out.n_allowed += static_cast<std::uint32_t>(std::popcount(word));
  if (out.n_allowed <= TokenMask::kFew) {
    for (std::size_t i = 0; i < n_words; ++i) {
      for (std::uint64_t word = bits_[i]; word != 0; word &= word - 1) {
        out.few.push_back(static_cast<TokenId>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
      }
    }
  }
  out.bits = std::move(bits_);
  return out;
}

void MaskBuilder::add(const Thread& thread) {
  const Node& node = machine_.program().nodes[thread.node];
  const ByteDfa& dfa = *machine_.program().automata[node.a];
  if (n_next_bytes(dfa, thread.state) >= kManyBytes) {
    if (node.kind == Kind::terminal) return add_terminal(thread);
    if (node.kind == Kind::counted) return add_counted(thread);
    if (add_key(thread)) return;
  }
  walk(index_.tree(), 1, index_.tree().size(), {thread});
}

void MaskBuilder::add_exits(const TokenTable& table, const Thread& completed) {
  State after;
  machine_.behind(completed, after);
  if (after.threads.empty()) return;
  const std::bitset<256> next = machine_.next_bytes(after.threads);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (!next[byte] || table.exits(static_cast<std::uint8_t>(byte)).empty()) continue;
    const TokenTree& tree = table.exit_tree(static_cast<std::uint8_t>(byte));
    walk(tree, 1, tree.size(), after.threads);
  }
}

void MaskBuilder::add_terminal(const Thread& thread) {
  const Node& node = machine_.program().nodes[thread.node];
  const auto table = grammar_.vocabulary().tables.table(machine_.program().automata[node.a], thread.state);
  for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= table->inside()[i];
  add_exits(*table, thread);
}

void MaskBuilder::add_counted(const Thread& thread) {
  const Node& node = machine_.program().nodes[thread.node];
  const CountedText& counted = machine_.program().counted[node.c];
  const auto table = grammar_.vocabulary().tables.table(machine_.program().automata[node.a], thread.state);
  const std::uint64_t left = counted.max == kNoEnd ? kNoEnd : counted.max - thread.extra;
  const std::uint64_t missing = thread.extra < counted.min ? counted.min - thread.extra : 0;
  if (left >= table->max_cost()) {
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= table->inside()[i];
  } else {
    const auto inside = table->inside_up_to(left);
    for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= (*inside)[i];
  }
  if (missing == 0 && left >= table->max_cost()) return add_exits(*table, thread);
  // Only places where enough characters have been read, and not too many.
  State after;
  machine_.behind(thread, after);
  const std::bitset<256> next = machine_.next_bytes(after.threads);
  for (std::size_t byte = 0; byte < 256; ++byte) {
    if (!next[byte]) continue;
    for (const TokenTable::Exit& exit : table->exits(static_cast<std::uint8_t>(byte))) {
      if (exit.n_characters < missing || exit.n_characters > left) continue;
      walk(index_.tree(), exit.node, index_.tree()[exit.node].end, after.threads);
    }
  }
}

// Where further keys are allowed, most texts are one of them: the tokens for that are known, and only along the names
// of the members themselves it is looked closer.
bool MaskBuilder::add_key(const Thread& thread) {
  const Program& program = machine_.program();
  const Node& node = program.nodes[thread.node];
  const MemberTable& members = program.members[node.c];
  const std::shared_ptr<const ByteDfa>& dfa = program.automata[node.a];
  const ByteDfa::State base = usual_next(*dfa, thread.state);
  // All that the usual state leads to has to be one kind of further keys.
  const std::uint32_t first = members.labels_begin[base], end = members.labels_begin[base + 1u];
  if (end - first != 1 || members.labels[first] < members.n_members) return false;
  if (!machine_.sets().allows(members, thread.extra, members.labels[first])) return false;
  const auto table = grammar_.vocabulary().tables.table(dfa, base);
  for (std::size_t i = 0; i < bits_.size(); ++i) bits_[i] |= table->inside()[i];
  Thread completed = thread;
  for (std::size_t s = 1; s < dfa->n_states(); ++s) {
    if (dfa->label[s] == members.labels[first]) completed.state = static_cast<ByteDfa::State>(s);
  }
  add_exits(*table, completed);
  if (base != thread.state) correct_key(thread, base);
  return true;
}

// Walks where the thread's way and the usual one differ, and sets right what hangs on that.
void MaskBuilder::correct_key(const Thread& thread, ByteDfa::State base) {
  const Program& program = machine_.program();
  const Node& node = program.nodes[thread.node];
  const MemberTable& members = program.members[node.c];
  const ByteDfa& dfa = *program.automata[node.a];
  const TokenTree& tree = index_.tree();
  struct Pair {
    ByteDfa::State own, usual;
  };
  std::vector<Pair> levels(std::size_t{tree.max_depth()} + 1);
  levels[0] = {thread.state, base};
  State after;
  for (std::uint32_t at = 1; at < tree.size();) {
    const TokenTree::Node& here = tree[at];
    const Pair above = levels[here.depth - 1u];
    const Pair pair{above.own == ByteDfa::kDead ? ByteDfa::kDead : dfa.step(above.own, here.byte),
                    above.usual == ByteDfa::kDead ? ByteDfa::kDead : dfa.step(above.usual, here.byte)};
    if (pair.own == pair.usual) {
      at = here.end;
      continue;
    }
    levels[here.depth] = pair;
    Thread moved = thread;
    moved.state = pair.own;
    const bool alive = pair.own != ByteDfa::kDead && machine_.sets().viable(members, thread.extra, pair.own);
    if (alive) {
      set(tree.tokens(at));
    } else {
      clear(tree.tokens(at));
    }
    const bool completed = alive && machine_.completes(moved);
    if (completed || (pair.usual != ByteDfa::kDead && dfa.accepts(pair.usual)) || !alive) {
      // No key is the beginning of another: below, all depends on what follows this one.
      for (std::uint32_t below = at + 1; below < here.end; below = tree[below].end) clear(tree.tokens_below(below));
      if (completed) {
        machine_.behind(moved, after);
        walk(tree, at + 1, here.end, after.threads);
      }
      at = here.end;
      continue;
    }
    ++at;
  }
}

void MaskBuilder::walk(const TokenTree& tree, std::uint32_t first, std::uint32_t end,
                       const std::vector<Thread>& threads) {
  if (first >= end || threads.empty()) return;
  const std::uint16_t base = static_cast<std::uint16_t>(tree[first].depth - 1);
  std::vector<State> levels(1);
  levels[0].threads = threads;
  for (std::uint32_t at = first; at < end;) {
    const TokenTree::Node& node = tree[at];
    const std::size_t level = node.depth - base;
    if (levels.size() <= level) levels.resize(level + 1);
    machine_.step(levels[level - 1].threads, node.byte, levels[level]);
    if (levels[level].dead()) {
      at = node.end;
      continue;
    }
    set(tree.tokens(at));
    if (levels[level].threads.empty()) {
      at = node.end;
      continue;
    }
    ++at;
  }
}

}  // namespace quern::engine::grammar
