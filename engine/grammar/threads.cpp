#include "engine/grammar/threads.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace quern::engine::grammar {

using Kind = Node::Kind;

State Machine::start() {
  State out;
  FramePtr root(new Frame);
  root->root = true;
  complete(*root);
  open(std::move(root), program_.start, 0);
  close(out);
  out.may_end |= program_.matches_empty;
  return out;
}

bool Machine::survives(Thread& thread, ByteDfa::State next) const {
  const Node& node = program_.nodes[thread.node];
  thread.state = next;
  if (node.kind == Kind::key) return sets_.viable(program_.members[node.c], thread.extra, next);
  if (node.kind != Kind::counted) return true;
  const CountedText& counted = program_.counted[node.c];
  const ByteDfa& dfa = *program_.automata[node.a];
  if (!dfa.border.empty() && dfa.border[next] != 0 && thread.extra < kNoEnd) ++thread.extra;
  return counted.max == kNoEnd || thread.extra + counted.needed[next] <= counted.max;
}

bool Machine::completes(const Thread& thread) const {
  const Node& node = program_.nodes[thread.node];
  const ByteDfa& dfa = *program_.automata[node.a];
  if (!dfa.accepts(thread.state)) return false;
  if (node.kind == Kind::counted) return thread.extra >= program_.counted[node.c].min;
  if (node.kind == Kind::key) return sets_.allows(program_.members[node.c], thread.extra, dfa.label[thread.state]);
  return true;
}

void Machine::complete_thread(const Thread& thread) {
  const Node& node = program_.nodes[thread.node];
  if (node.kind == Kind::key) {
    const MemberTable& table = program_.members[node.c];
    const std::uint32_t label = program_.automata[node.a]->label[thread.state];
    const std::uint64_t seen = sets_.add(table, thread.extra, label);
    call(table.rest_rules[label], thread.frame, node.b, seen);
    if (table.rest_empty[label] != 0) open(thread.frame, node.b, seen);
  } else {
    open(thread.frame, node.b, node.kind == Kind::terminal ? thread.extra : 0);
  }
}

void Machine::step(const std::vector<Thread>& threads, std::uint8_t byte, State& out) {
  out.threads.clear();
  out.may_end = false;
  for (const Thread& thread : threads) {
    const Node& node = program_.nodes[thread.node];
    const ByteDfa::State next = program_.automata[node.a]->step(thread.state, byte);
    if (next == ByteDfa::kDead) continue;
    Thread moved = thread;
    if (!survives(moved, next)) continue;
    if (completes(moved)) complete_thread(moved);
    if (program_.automata[node.a]->over[next] == 0) out.threads.push_back(std::move(moved));
  }
  if (!open_.empty()) close(out);
  if (out.threads.size() > 1) drop_doubles(out);
}

void Machine::behind(const Thread& thread, State& out) {
  out.threads.clear();
  out.may_end = false;
  complete_thread(thread);
  close(out);
  if (out.threads.size() > 1) drop_doubles(out);
}

void Machine::open(FramePtr frame, std::uint32_t node, std::uint64_t extra) {
  open_.push_back({std::move(frame), node, extra});
}

void Machine::call(std::uint32_t rule, const FramePtr& caller, std::uint32_t node, std::uint64_t extra) {
  const auto [known, fresh] = called_at_.try_emplace(rule, called_.size());
  if (fresh) {
    called_.push_back({rule, FramePtr(new Frame)});
    open(called_.back().frame, rule, 0);
  }
  const Called* const at = &called_[known->second];
  // A caller with nothing left to do is not needed: its own callers go on. They are known once it is complete.
  const bool tail = program_.nodes[node].kind == Kind::end && caller->complete && !caller->root;
  if (tail) {
    at->frame->returns.insert(at->frame->returns.end(), caller->returns.begin(), caller->returns.end());
  } else {
    at->frame->returns.push_back({caller, node, extra, extra_hash(node, extra)});
  }
}

void Machine::close(State& out) {
  while (!open_.empty()) {
    Open at = std::move(open_.back());
    open_.pop_back();
    if (out.threads.size() > kMaxThreads) continue;
    if (is_first(at)) visit(std::move(at), out);
  }
  for (const Called& one : called_) complete(*one.frame);
  called_.clear();
  called_at_.clear();
  seen_.clear();
  seen_keys_.clear();
  if (out.threads.size() > kMaxThreads) out.threads.clear();
}

// A few are compared one by one; more are looked up.
bool Machine::is_first(const Open& at) {
  constexpr std::size_t kFew = 12;
  const auto key = [](const Open& one) { return std::tuple(one.frame.get(), one.node, one.extra); };
  if (seen_.size() >= kFew) {
    if (seen_keys_.empty()) {
      for (const Open& one : seen_) seen_keys_.insert(key(one));
    }
    if (!seen_keys_.insert(key(at)).second) return false;
  } else if (std::any_of(seen_.begin(), seen_.end(), [&](const Open& one) { return key(one) == key(at); })) {
    return false;
  }
  seen_.push_back(at);  // keeps the frame, so that no other one gets its address
  return true;
}

void Machine::visit(Open at, State& out) {
  const Node& node = program_.nodes[at.node];
  switch (node.kind) {
    case Kind::terminal:
    case Kind::counted:
    case Kind::key: {
      const ByteDfa::State state = program_.automata[node.a]->start;
      if (node.kind == Kind::key && !sets_.viable(program_.members[node.c], at.extra, state)) return;
      if (node.kind == Kind::counted) at.extra = 0;
      out.threads.push_back({std::move(at.frame), at.node, state, at.extra});
      return;
    }
    case Kind::split:
      for (std::uint32_t i = node.b; i-- > 0;) open(at.frame, program_.targets[node.a + i], at.extra);
      return;
    case Kind::call:
      call(node.a, at.frame, node.b, at.extra);
      return;
    case Kind::repeat: {
      const RepeatCounts& counts = program_.repeats[node.c];
      if (at.extra >= counts.min) open(at.frame, node.b, 0);
      if (at.extra >= counts.max) return;
      const std::uint64_t next = at.extra + 1;
      call(node.a, at.frame, at.node, counts.max == kNoEnd ? std::min(next, counts.min) : next);
      return;
    }
    case Kind::members: {
      const MemberTable& table = program_.members[node.c];
      if (sets_.may_end(table, at.extra)) open(at.frame, table.next, 0);
      if (sets_.may_continue(table, at.extra)) open(at.frame, table.separator_node, at.extra);
      return;
    }
    case Kind::end:
      if (at.frame->root) out.may_end = true;
      for (const Return& back : at.frame->returns) open(back.frame, back.node, back.extra);
      return;
  }
}

Hash128 Machine::extra_hash(std::uint32_t index, std::uint64_t extra) const {
  // A separator carries what its object has seen to the key behind it.
  const Node* node = &program_.nodes[index];
  if (node->kind == Kind::terminal && extra != 0) node = &program_.nodes[node->b];
  if (node->kind == Kind::members || node->kind == Kind::key) return sets_.hash(program_.members[node->c], extra);
  Hash128 out;
  out.mix(extra);
  return out;
}

std::bitset<256> Machine::next_bytes(const std::vector<Thread>& threads) const {
  std::bitset<256> out;
  for (const Thread& thread : threads) {
    const Node& node = program_.nodes[thread.node];
    const ByteDfa& dfa = *program_.automata[node.a];
    for (std::uint32_t c = 0; c < dfa.n_classes; ++c) {
      const ByteDfa::State next = dfa.next[std::size_t{thread.state} * dfa.n_classes + c];
      Thread moved = thread;
      if (next == ByteDfa::kDead || !survives(moved, next)) continue;
      for (std::size_t byte = 0; byte < 256; ++byte) {
        if (dfa.class_of[byte] == c) out.set(byte);
      }
    }
  }
  return out;
}

Hash128 Machine::hash(const State& state) const {
  std::vector<Hash128> parts;
  parts.reserve(state.threads.size());
  for (const Thread& thread : state.threads) {
    Hash128 one = thread.frame->hash;
    one.mix(thread.node);
    one.mix(thread.state);
    const Node& node = program_.nodes[thread.node];
    if (node.kind == Kind::counted) {
      // Far from both ends all counts are alike; near them each is its own.
      const CountedText& counted = program_.counted[node.c];
      const std::uint64_t left = counted.max == kNoEnd ? kNoEnd : counted.max - thread.extra;
      one.mix(left > 4096 ? kNoEnd : left);
      one.mix(thread.extra < counted.min ? counted.min - thread.extra : 0);
    } else {
      one.mix(extra_hash(thread.node, thread.extra));
    }
    parts.push_back(one);
  }
  std::sort(parts.begin(), parts.end());
  Hash128 out;
  out.mix(state.may_end ? 1 : 0);
  for (const Hash128& part : parts) out.mix(part);
  return out;
}

// Threads that stand in the same place with the same future, reached in different ways.
void Machine::drop_doubles(State& state) {
  const auto key = [](const Thread& t) { return std::tie(t.frame->hash, t.node, t.state, t.extra); };
  std::vector<Thread>& threads = state.threads;
  if (threads.size() <= 8) {
    for (std::size_t i = 1; i < threads.size();) {
      const bool twice = std::any_of(threads.begin(), threads.begin() + static_cast<std::ptrdiff_t>(i),
                                     [&](const Thread& other) { return key(other) == key(threads[i]); });
      if (twice) {
        threads.erase(threads.begin() + static_cast<std::ptrdiff_t>(i));
      } else {
        ++i;
      }
    }
    return;
  }
  std::sort(threads.begin(), threads.end(), [&](const Thread& a, const Thread& b) { return key(a) < key(b); });
  threads.erase(
      std::unique(threads.begin(), threads.end(), [&](const Thread& a, const Thread& b) { return key(a) == key(b); }),
      threads.end());
}

}  // namespace quern::engine::grammar
