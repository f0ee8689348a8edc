#include "engine/grammar/nfa.hpp"

#include "engine/grammar/utf8_ranges.hpp"

#include <algorithm>
#include <bitset>
#include <map>
#include <unordered_map>

namespace quern::engine::grammar {
namespace {

using Set = std::vector<std::uint32_t>;

struct HashOfSet {
  std::size_t operator()(const Set& set) const noexcept {
    std::uint64_t hash = set.size();
    for (const std::uint32_t value : set) hash = (hash ^ value) * 0x9E3779B97F4A7C15ull, hash ^= hash >> 31;
    return static_cast<std::size_t>(hash);
  }
};

Error too_many_states(std::size_t limit) {
  return fail(Errc::bad_input, "the grammar has a part that needs more than {} states", limit);
}

// Subset construction.
class Subsets {
 public:
  Subsets(const std::vector<Nfa::State>& nfa, Budget& budget) : nfa_(nfa), budget_(budget), mark_(nfa.size(), 0) {
    find_classes();
  }

  Result<ByteDfa> run(std::uint32_t start) {
    out_.n_classes = n_classes_;
    out_.next.assign(n_classes_, ByteDfa::kDead);
    out_.label.assign(1, ByteDfa::kNoLabel);
    Set first{start};
    out_.start = number(close(first));
    std::vector<Set> targets(n_classes_);
    for (std::size_t at = 0; at < sets_.size(); ++at) {
      if (out_.n_states() > budget_.limits.max_dfa_states) return too_many_states(budget_.limits.max_dfa_states);
      const Set set = *sets_[at];
      for (Set& target : targets) target.clear();
      std::size_t n_steps = set.size();
      for (const std::uint32_t s : set) {
        for (const Nfa::Edge& edge : nfa_[s].edges) {
          const std::uint32_t last = out_.class_of[edge.last];
          for (std::uint32_t c = out_.class_of[edge.first]; c <= last; ++c) targets[c].push_back(edge.to);
          n_steps += last + 1 - out_.class_of[edge.first];
        }
      }
      for (std::uint32_t c = 0; c < n_classes_; ++c) {
        if (targets[c].empty()) continue;
        n_steps += targets[c].size();
        const ByteDfa::State to = number(close(targets[c]));
        out_.next[(at + 1) * n_classes_ + c] = to;
      }
      if (!budget_.spend(n_steps)) return budget_.exhausted();
    }
    return minimize(out_);
  }

 private:
  // Bytes that no edge tells apart, numbered in order: an edge covers a run of classes.
  void find_classes() {
    std::bitset<257> begins;
    begins.set(0);
    for (const Nfa::State& state : nfa_) {
      for (const Nfa::Edge& edge : state.edges) {
        begins.set(edge.first);
        begins.set(std::size_t{edge.last} + 1);
      }
    }
    std::uint32_t n = 0;
    for (std::size_t byte = 0; byte < 256; ++byte) {
      if (begins[byte]) ++n;
      out_.class_of[byte] = static_cast<std::uint8_t>(n - 1);
    }
    n_classes_ = n;
  }

  // All that can be reached without a byte; only states that have edges or a label matter.
  Set close(const Set& from) {
    ++round_;
    open_.assign(from.begin(), from.end());
    Set out;
    while (!open_.empty()) {
      const std::uint32_t s = open_.back();
      open_.pop_back();
      if (mark_[s] == round_) continue;
      mark_[s] = round_;
      if (!nfa_[s].edges.empty() || nfa_[s].label != ByteDfa::kNoLabel) out.push_back(s);
      for (const std::uint32_t to : nfa_[s].empty) open_.push_back(to);
    }
    std::sort(out.begin(), out.end());
    return out;
  }

  ByteDfa::State number(Set set) {
    if (set.empty()) return ByteDfa::kDead;
    const auto [at, fresh] = numbers_.try_emplace(std::move(set), static_cast<std::uint32_t>(sets_.size() + 1));
    if (fresh) {
      sets_.push_back(&at->first);
      std::uint32_t label = ByteDfa::kNoLabel;
      for (const std::uint32_t s : at->first) label = std::min(label, nfa_[s].label);
      out_.label.push_back(label);
      out_.next.resize(out_.next.size() + n_classes_, ByteDfa::kDead);
    }
    return static_cast<ByteDfa::State>(std::min<std::uint32_t>(at->second, 0xFFFF));
  }

  const std::vector<Nfa::State>& nfa_;
  Budget& budget_;
  ByteDfa out_;
  std::uint32_t n_classes_ = 0, round_ = 0;
  std::vector<std::uint32_t> mark_, open_;
  std::unordered_map<Set, std::uint32_t, HashOfSet> numbers_;
  std::vector<const Set*> sets_;
};

}  // namespace

Error Budget::exhausted() const {
  return fail(Errc::bad_input, "the grammar takes more than {} steps to compile", limits.max_work);
}

void Nfa::add_text(std::uint32_t from, std::string_view bytes, std::uint32_t to) {
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    const auto byte = static_cast<std::uint8_t>(bytes[i]);
    const std::uint32_t next = i + 1 == bytes.size() ? to : add_state();
    add_edge(from, byte, byte, next);
    from = next;
  }
  if (bytes.empty()) link(from, to);
}

void Nfa::add_chars(std::uint32_t from, const CharSet& set, std::uint32_t to) {
  // Sequences are sorted, so that those with the same beginning lie side by side and share their states.
  struct Level {
    ByteRange range{};
    std::uint32_t state = 0;
  };
  Level levels[4];
  std::uint32_t n_levels = 0;
  for (const ByteSequence& sequence : utf8_sequences(set)) {
    std::uint32_t at = from, depth = 0;
    while (depth + 1 < sequence.size && depth < n_levels && levels[depth].range.first == sequence.ranges[depth].first &&
           levels[depth].range.last == sequence.ranges[depth].last) {
      at = levels[depth].state;
      ++depth;
    }
    n_levels = depth;
    for (; depth < sequence.size; ++depth) {
      const ByteRange range = sequence.ranges[depth];
      const bool last = depth + 1 == sequence.size;
      const std::uint32_t next = last ? to : add_state();
      add_edge(at, range.first, range.last, next);
      if (!last) levels[n_levels++] = {range, next};
      at = next;
    }
  }
}

void Nfa::add_dfa(std::uint32_t from, const ByteDfa& dfa, std::uint32_t to) {
  if (dfa.start == ByteDfa::kDead) return;
  const auto base = static_cast<std::uint32_t>(states_.size());
  for (std::size_t i = 0; i < dfa.n_states(); ++i) add_state();
  for (std::size_t s = 1; s < dfa.n_states(); ++s) {
    const auto state = static_cast<ByteDfa::State>(s);
    for (std::uint32_t byte = 0; byte < 256;) {
      const ByteDfa::State next = dfa.step(state, static_cast<std::uint8_t>(byte));
      const std::uint32_t first = byte++;
      while (byte < 256 && dfa.step(state, static_cast<std::uint8_t>(byte)) == next) ++byte;
      if (next == ByteDfa::kDead) continue;
      add_edge(base + state, static_cast<std::uint8_t>(first), static_cast<std::uint8_t>(byte - 1), base + next);
    }
    if (dfa.accepts(state)) link(base + state, to);
  }
  link(from, base + dfa.start);
}

Result<ByteDfa> Nfa::determinize(std::uint32_t start, Budget& budget) const {
  if (states_.size() > budget.limits.max_nfa_states) return too_many_states(budget.limits.max_nfa_states);
  return Subsets(states_, budget).run(start);
}

Result<ByteDfa> product(const ByteDfa& a, const ByteDfa& b, bool negated, bool borders, Budget& budget) {
  using Pair = std::pair<ByteDfa::State, ByteDfa::State>;
  ByteDfa out;
  std::map<std::pair<std::uint8_t, std::uint8_t>, std::uint8_t> classes;
  std::vector<std::uint8_t> sample;  // a byte of each class
  for (std::size_t byte = 0; byte < 256; ++byte) {
    const auto [at, fresh] =
        classes.try_emplace({a.class_of[byte], b.class_of[byte]}, static_cast<std::uint8_t>(classes.size()));
    if (fresh) sample.push_back(static_cast<std::uint8_t>(byte));
    out.class_of[byte] = at->second;
  }
  out.n_classes = static_cast<std::uint32_t>(sample.size());
  std::map<Pair, std::uint32_t> numbers;
  std::vector<Pair> pairs{{ByteDfa::kDead, ByteDfa::kDead}};
  const auto number = [&](Pair pair) -> ByteDfa::State {
    if (pair.first == ByteDfa::kDead || (!negated && pair.second == ByteDfa::kDead)) return ByteDfa::kDead;
    const auto [at, fresh] = numbers.try_emplace(pair, static_cast<std::uint32_t>(pairs.size()));
    if (fresh) pairs.push_back(pair);
    return static_cast<ByteDfa::State>(std::min<std::uint32_t>(at->second, 0xFFFF));
  };
  out.next.assign(out.n_classes, ByteDfa::kDead);
  out.label.assign(1, ByteDfa::kNoLabel);
  if (borders) out.border.assign(1, 0);
  out.start = number({a.start, b.start});
  for (std::size_t i = 1; i < pairs.size(); ++i) {
    if (pairs.size() > budget.limits.max_dfa_states) return too_many_states(budget.limits.max_dfa_states);
    if (!budget.spend(out.n_classes * 4)) return budget.exhausted();
    const Pair pair = pairs[i];
    for (std::uint32_t c = 0; c < out.n_classes; ++c) {
      out.next.push_back(number({a.step(pair.first, sample[c]), b.step(pair.second, sample[c])}));
    }
    const bool in_b = pair.second != ByteDfa::kDead && b.accepts(pair.second);
    out.label.push_back(in_b != negated ? a.label[pair.first] : ByteDfa::kNoLabel);
    if (borders) out.border.push_back(b.border.empty() ? 0 : b.border[pair.second]);
  }
  return minimize(out);
}

}  // namespace quern::engine::grammar
