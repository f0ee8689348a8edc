#include "engine/grammar/counted_text.hpp"

#include <algorithm>
#include <deque>

namespace quern::engine::grammar {
namespace {

using DfaState = ByteDfa::State;
constexpr std::uint32_t kNever = 0xFFFFFFFFu;

// Whether from every border one more character can be read without getting farther from the end: then every length
// from the shortest on can be reached. One character is a path whose last state only is a border.
bool can_be_lengthened(const ByteDfa& dfa, const std::vector<std::uint32_t>& needed) {
  std::vector<std::uint32_t> mark(dfa.n_states(), 0);
  std::vector<DfaState> open;
  for (std::size_t s = 1; s < dfa.n_states(); ++s) {
    if (dfa.border[s] == 0 && s != dfa.start) continue;
    bool found = false;
    open.assign(1, static_cast<DfaState>(s));
    while (!open.empty() && !found) {
      const DfaState at = open.back();
      open.pop_back();
      for (std::size_t c = 0; c < dfa.n_classes && !found; ++c) {
        const DfaState to = dfa.next[std::size_t{at} * dfa.n_classes + c];
        if (to == ByteDfa::kDead || mark[to] == s) continue;
        mark[to] = static_cast<std::uint32_t>(s);
        if (dfa.border[to] == 0) {
          open.push_back(to);
        } else {
          found = needed[to] <= needed[s];
        }
      }
    }
    if (!found) return false;
  }
  return true;
}

// A state per length; beyond the longest that matters they are alike.
Result<ByteDfa> unroll(const ByteDfa& dfa, std::uint64_t min, std::uint64_t max, Budget& budget) {
  const std::uint64_t limit = max == kNoEnd ? min : max;
  const std::uint64_t n = dfa.n_states() - 1;
  if (limit >= budget.limits.max_dfa_states || n * (limit + 1) > 60'000) {
    return fail(Errc::bad_input, "a pattern of {} states with a length of up to {} is too large", n, limit);
  }
  if (!budget.spend(n * (limit + 1) * dfa.n_classes)) return budget.exhausted();
  ByteDfa out;
  out.class_of = dfa.class_of;
  out.n_classes = dfa.n_classes;
  out.next.assign((n * (limit + 1) + 1) * dfa.n_classes, ByteDfa::kDead);
  out.label.assign(n * (limit + 1) + 1, ByteDfa::kNoLabel);
  const auto number = [&](std::uint64_t state, std::uint64_t count) { return 1 + count * n + (state - 1); };
  for (std::uint64_t count = 0; count <= limit; ++count) {
    for (std::uint64_t s = 1; s <= n; ++s) {
      const std::uint64_t at = number(s, count);
      if (count >= min) out.label[at] = dfa.label[s];
      for (std::size_t c = 0; c < dfa.n_classes; ++c) {
        const DfaState to = dfa.next[s * dfa.n_classes + c];
        if (to == ByteDfa::kDead) continue;
        std::uint64_t then = count + dfa.border[to];
        if (then > limit) {
          if (max != kNoEnd) continue;
          then = limit;
        }
        out.next[at * dfa.n_classes + c] = static_cast<DfaState>(number(to, then));
      }
    }
  }
  out.start = static_cast<DfaState>(number(dfa.start, 0));
  return minimize(out);
}

}  // namespace

// Shortest paths, where a step costs 1 or nothing.
std::vector<std::uint32_t> characters_needed(const ByteDfa& dfa) {
  std::vector<std::vector<DfaState>> from(dfa.n_states());
  for (std::size_t s = 1; s < dfa.n_states(); ++s) {
    for (std::size_t c = 0; c < dfa.n_classes; ++c) {
      const DfaState to = dfa.next[s * dfa.n_classes + c];
      if (to != ByteDfa::kDead) from[to].push_back(static_cast<DfaState>(s));
    }
  }
  std::vector<std::uint32_t> needed(dfa.n_states(), kNever);
  std::deque<DfaState> open;
  for (std::size_t s = 1; s < dfa.n_states(); ++s) {
    if (!dfa.accepts(static_cast<DfaState>(s))) continue;
    needed[s] = 0;
    open.push_back(static_cast<DfaState>(s));
  }
  while (!open.empty()) {
    const DfaState to = open.front();
    open.pop_front();
    const std::uint32_t cost = needed[to] + dfa.border[to];
    for (const DfaState s : from[to]) {
      if (needed[s] <= cost) continue;
      needed[s] = cost;
      if (dfa.border[to] != 0) {
        open.push_back(s);
      } else {
        open.push_front(s);
      }
    }
  }
  return needed;
}

Result<std::optional<CountedAutomaton>> count_repeats(const ByteDfa& one, std::uint64_t min, std::uint64_t max,
                                                      Budget& budget) {
  if (one.start == ByteDfa::kDead || one.accepts(one.start)) return std::optional<CountedAutomaton>();
  if (!budget.spend(one.next.size())) return budget.exhausted();
  const std::size_t n = one.n_states();
  for (std::size_t s = 1; s < n; ++s) {
    if (!one.accepts(static_cast<DfaState>(s))) continue;
    for (std::size_t c = 0; c < one.n_classes; ++c) {
      if (one.next[s * one.n_classes + c] != ByteDfa::kDead) return std::optional<CountedAutomaton>();
    }
  }
  ByteDfa loop = one;
  loop.border.assign(n, 0);
  for (std::size_t c = 0; c < one.n_classes; ++c) {
    loop.next.push_back(one.next[std::size_t{one.start} * one.n_classes + c]);
  }
  loop.start = static_cast<DfaState>(n);
  for (DfaState& to : loop.next) {
    if (one.label[to] != ByteDfa::kNoLabel) to = loop.start;
  }
  std::fill(loop.label.begin(), loop.label.end(), ByteDfa::kNoLabel);
  loop.label.push_back(0);
  loop.border.push_back(1);
  loop = minimize(loop);
  CountedAutomaton out;
  out.counts = {min, max, characters_needed(loop)};
  out.dfa = std::make_shared<const ByteDfa>(std::move(loop));
  return std::optional(std::move(out));
}

Result<ByteDfa> json_characters(Budget& budget) {
  Nfa nfa;
  const std::uint32_t start = nfa.add_state(), escape = nfa.add_state(), unit = nfa.add_state();
  CharSet plain = CharSet{{0x20, kMaxCodePoint}}.without({{'"', '"'}, {'\\', '\\'}});
  nfa.add_chars(start, plain, start);
  nfa.add_edge(start, '\\', '\\', escape);
  for (const char c : std::string_view("\"\\/bfnrt")) {
    nfa.add_edge(escape, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), start);
  }
  nfa.add_edge(escape, 'u', 'u', unit);
  const auto digits = [&](std::uint32_t from, std::string_view ranges, std::uint32_t to) {
    for (std::size_t i = 0; i < ranges.size(); i += 2) {
      nfa.add_edge(from, static_cast<std::uint8_t>(ranges[i]), static_cast<std::uint8_t>(ranges[i + 1]), to);
    }
  };
  constexpr std::string_view kAny = "09afAF";
  const std::uint32_t third = nfa.add_state(), fourth = nfa.add_state(), last = nfa.add_state();
  digits(unit, "09acefACEF", third);  // all but D
  digits(third, kAny, fourth);
  digits(fourth, kAny, last);
  digits(last, kAny, start);
  // Dxxx: a character of its own up to D7FF; from D8 on the first half of a pair.
  const std::uint32_t after_d = nfa.add_state();
  digits(unit, "ddDD", after_d);
  digits(after_d, "07", fourth);
  std::uint32_t at = nfa.add_state();
  digits(after_d, "89abAB", at);
  for (int i = 0; i < 2; ++i) {
    const std::uint32_t next = nfa.add_state();
    digits(at, kAny, next);
    at = next;
  }
  for (const char c : std::string_view("\\u")) {
    const std::uint32_t next = nfa.add_state();
    nfa.add_edge(at, static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c), next);
    at = next;
  }
  const std::uint32_t second_half = nfa.add_state();
  digits(at, "ddDD", second_half);
  digits(second_half, "cfCF", fourth);
  nfa.set_label(start, 0);
  QUERN_TRY(ByteDfa dfa, nfa.determinize(start, budget));
  dfa.border.assign(dfa.n_states(), 0);
  for (std::size_t s = 1; s < dfa.n_states(); ++s) dfa.border[s] = dfa.accepts(static_cast<DfaState>(s)) ? 1 : 0;
  return dfa;
}

Result<CountedAutomaton> count_characters(const ByteDfa& body, std::uint64_t min, std::uint64_t max, Budget& budget) {
  QUERN_TRY(const ByteDfa characters, json_characters(budget));
  QUERN_TRY(ByteDfa dfa, product(body, characters, false, true, budget));
  CountedAutomaton out;
  if (dfa.start == ByteDfa::kDead) {
    out.dfa = std::make_shared<const ByteDfa>(std::move(dfa));
    return out;
  }
  std::vector<std::uint32_t> needed = characters_needed(dfa);
  if (can_be_lengthened(dfa, needed)) {
    out.counts = {min, max, std::move(needed)};
    if (max != kNoEnd && out.counts.needed[dfa.start] > max) dfa.start = ByteDfa::kDead;
    out.dfa = std::make_shared<const ByteDfa>(std::move(dfa));
    return out;
  }
  QUERN_TRY(dfa, unroll(dfa, min, max, budget));
  out.counts.needed.assign(dfa.n_states(), 0);
  out.dfa = std::make_shared<const ByteDfa>(std::move(dfa));
  return out;
}

}  // namespace quern::engine::grammar
