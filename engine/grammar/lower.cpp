#include "engine/grammar/lower.hpp"

#include "engine/grammar/counted_text.hpp"
#include "engine/grammar/regular.hpp"

#include <algorithm>
#include <map>
#include <span>

namespace quern::engine::grammar {
namespace {

using Kind = Node::Kind;

// Makes nodes from the end to the beginning: every function gets the node that follows and gives the one that begins.
// Terminals read at least one byte and rules never match the empty text: where an expression may be empty, the way
// around it is a split. `empty` says whether that way is wanted.
class Lowering {
 public:
  Lowering(const Grammar& grammar, Budget& budget, RegularParts parts)
      : grammar_(grammar), budget_(budget), parts_(std::move(parts)) {
    end_ = add({Kind::end});
  }

  Result<Program> run() {
    const Expr root = grammar_.root();
    if (!parts_.productive(root)) return fail(Errc::bad_input, "no text matches the grammar");
    out_.matches_empty = parts_.nullable(root);
    QUERN_TRY(out_.start, lower(root, end_, false));
    // Rules that were called and not yet made: in a list instead of a recursion.
    while (!waiting_.empty()) {
      const Waiting next = waiting_.back();
      waiting_.pop_back();
      QUERN_TRY(const std::uint32_t body, lower(next.expr, end_, false));
      out_.nodes[next.entry] = {Kind::split, static_cast<std::uint32_t>(out_.targets.size()), 1};
      out_.targets.push_back(body);
    }
    QUERN_CHECK(check_recursion());
    return std::move(out_);
  }

 private:
  struct Waiting {
    std::uint32_t entry;
    Expr expr;
  };

  std::uint32_t add(Node node) {
    out_.nodes.push_back(node);
    return static_cast<std::uint32_t>(out_.nodes.size() - 1);
  }

  std::uint32_t split(const std::vector<std::uint32_t>& targets) {
    if (targets.size() == 1) return targets.front();
    const auto first = static_cast<std::uint32_t>(out_.targets.size());
    out_.targets.insert(out_.targets.end(), targets.begin(), targets.end());
    return add({Kind::split, first, static_cast<std::uint32_t>(targets.size())});
  }

  // The entry of what an expression matches, as a rule of its own.
  std::uint32_t rule(Expr expr) {
    const auto [at, fresh] = entries_.try_emplace(expr.index, 0);
    if (fresh) {
      at->second = add({Kind::split});
      waiting_.push_back({at->second, expr});
    }
    return at->second;
  }

  Result<std::uint32_t> automaton(std::shared_ptr<const ByteDfa> dfa) {
    const auto [at, fresh] = automata_.try_emplace(dfa.get(), static_cast<std::uint32_t>(out_.automata.size()));
    if (fresh) {
      dfa_bytes_ += dfa->bytes();
      if (dfa_bytes_ > budget_.limits.max_dfa_bytes) {
        return fail(Errc::bad_input, "the grammar's automata take more than {} bytes", budget_.limits.max_dfa_bytes);
      }
      out_.automata.push_back(std::move(dfa));
    }
    return at->second;
  }

  Result<std::uint32_t> terminal(const std::vector<Expr>& parts, std::uint32_t next, bool empty) {
    QUERN_TRY(std::shared_ptr<const ByteDfa> dfa, parts_.automaton(parts));
    const bool skip = empty && dfa->matches_empty();
    if (dfa->start == ByteDfa::kDead) return nothing_node();
    QUERN_TRY(const std::uint32_t index, automaton(std::move(dfa)));
    const std::uint32_t node = add({Kind::terminal, index, next});
    return skip ? split({node, next}) : node;
  }

  std::uint32_t nothing_node() { return add({Kind::split, 0, 0}); }

  Result<std::uint32_t> lower(Expr expr, std::uint32_t next, bool empty) {
    if (!budget_.spend(4)) return budget_.exhausted();
    if (out_.nodes.size() > budget_.limits.max_nodes) {
      return fail(Errc::bad_input, "the grammar has more than {} parts", budget_.limits.max_nodes);
    }
    if (!parts_.productive(expr)) {
      return empty && parts_.nullable(expr) ? next : nothing_node();
    }
    if (parts_.regular(expr)) return terminal({expr}, next, empty);
    const Grammar::Node& node = grammar_.node(expr);
    if (const auto* sequence = std::get_if<Grammar::Sequence>(&node))
      return lower_sequence(sequence->parts, next, empty);
    if (const auto* choice = std::get_if<Grammar::Choice>(&node)) return lower_choice(choice->parts, next, empty);
    if (const auto* repeat = std::get_if<Grammar::Repeat>(&node)) return lower_repeat(*repeat, next, empty);
    if (std::holds_alternative<Grammar::Counted>(node)) {
      QUERN_TRY(CountedAutomaton automaton_of, parts_.counted(expr));
      return counted_node(std::move(automaton_of), next, empty);
    }
    if (const auto* atom = std::get_if<Grammar::Atom>(&node)) return terminal({atom->body}, next, empty);
    if (const auto* members = std::get_if<Members>(&node)) return lower_members(*members, expr, next, empty);
    if (const auto* reference = std::get_if<Grammar::Reference>(&node)) {
      const Expr target = grammar_.rules()[reference->rule.index].expr;
      const std::uint32_t call = add({Kind::call, rule(target), next});
      return empty && parts_.nullable(target) ? split({call, next}) : call;
    }
    return terminal({expr}, next, empty);  // large, and one automaton all the same: both() and the like
  }

  Result<std::uint32_t> lower_sequence(std::span<const Expr> parts, std::uint32_t next, bool empty) {
    // Neighbours that are regular become one automaton while they are small.
    std::vector<std::vector<Expr>> runs;
    std::uint64_t n_states = 0;
    for (const Expr part : parts) {
      const bool joins = parts_.regular(part) && !runs.empty() && parts_.regular(runs.back().front()) &&
                         n_states + parts_.n_states(part) <= RegularParts::kPartStates;
      if (joins) {
        runs.back().push_back(part);
        n_states += parts_.n_states(part);
      } else {
        runs.push_back({part});
        n_states = parts_.regular(part) ? parts_.n_states(part) : 0;
      }
    }
    // Not empty as a whole: the first run that is not empty may be any of those before which all can be.
    std::vector<std::uint32_t> begins;
    std::uint32_t behind = next;  // the entry of all that follows, empty or not
    for (std::size_t i = runs.size(); i-- > 0;) {
      const bool skippable =
          std::all_of(parts.begin(), first_part(parts, runs, i), [&](Expr part) { return parts_.nullable(part); });
      if (!empty && skippable) {
        QUERN_TRY(const std::uint32_t begin, lower_run(runs[i], behind, false));
        begins.push_back(begin);
      }
      if (empty || i > 0) {
        QUERN_TRY(behind, lower_run(runs[i], behind, true));
      }
    }
    return empty ? behind : split(begins);
  }

  static std::span<const Expr>::iterator first_part(std::span<const Expr> parts,
                                                    const std::vector<std::vector<Expr>>& runs, std::size_t run) {
    std::size_t n = 0;
    for (std::size_t i = 0; i < run; ++i) n += runs[i].size();
    return parts.begin() + static_cast<std::ptrdiff_t>(n);
  }

  Result<std::uint32_t> lower_run(const std::vector<Expr>& run, std::uint32_t next, bool empty) {
    return parts_.regular(run.front()) ? terminal(run, next, empty) : lower(run.front(), next, empty);
  }

  Result<std::uint32_t> lower_choice(std::span<const Expr> parts, std::uint32_t next, bool empty) {
    std::vector<std::uint32_t> targets;
    bool skip = false;
    for (const Expr part : parts) {
      skip |= parts_.nullable(part);
      if (!parts_.productive(part)) continue;
      QUERN_TRY(const std::uint32_t target, lower(part, next, false));
      targets.push_back(target);
    }
    if (empty && skip) targets.push_back(next);
    return split(targets);
  }

  Result<std::uint32_t> lower_repeat(const Grammar::Repeat& repeat, std::uint32_t next, bool empty) {
    const bool skip = empty && (repeat.min == 0 || parts_.nullable(repeat.body));
    const std::uint64_t min = parts_.nullable(repeat.body) ? 0 : repeat.min;
    if (!parts_.productive(repeat.body)) return skip ? next : nothing_node();
    std::uint32_t out = 0;
    if (min <= 1 && repeat.max == kUnlimited) {
      const std::uint32_t loop = add({Kind::split});
      QUERN_TRY(out, lower(repeat.body, loop, false));
      out_.nodes[loop] = {Kind::split, static_cast<std::uint32_t>(out_.targets.size()), 2};
      out_.targets.push_back(out);
      out_.targets.push_back(next);
    } else if (repeat.max == 1) {
      QUERN_TRY(out, lower(repeat.body, next, false));
    } else {
      QUERN_TRY(out, lower_counts(repeat.body, std::max<std::uint64_t>(min, 1), repeat.max, next));
    }
    return skip ? split({out, next}) : out;
  }

  // Between min and max of them, min >= 1. Characters of a regular body are counted in the automaton, others on the
  // stack.
  Result<std::uint32_t> lower_counts(Expr body, std::uint64_t min, std::uint64_t max, std::uint32_t next) {
    if (parts_.regular(body) && !parts_.nullable(body)) {
      QUERN_TRY(std::shared_ptr<const ByteDfa> one, parts_.automaton({body}));
      QUERN_TRY(std::optional<CountedAutomaton> loop, count_repeats(*one, min, max, budget_));
      if (loop.has_value()) return counted_node(std::move(*loop), next, false);
    }
    out_.repeats.push_back({min, max});
    return add({Kind::repeat, rule(body), next, static_cast<std::uint32_t>(out_.repeats.size() - 1)});
  }

  Result<std::uint32_t> counted_node(CountedAutomaton automaton_of, std::uint32_t next, bool empty) {
    const bool skip = empty && automaton_of.dfa->matches_empty() && automaton_of.counts.min == 0;
    if (automaton_of.dfa->start == ByteDfa::kDead) return nothing_node();
    QUERN_TRY(const std::uint32_t index, automaton(std::move(automaton_of.dfa)));
    out_.counted.push_back(std::move(automaton_of.counts));
    const std::uint32_t node = add({Kind::counted, index, next, static_cast<std::uint32_t>(out_.counted.size() - 1)});
    return skip ? split({node, next}) : node;
  }

  Result<std::uint32_t> lower_members(const Members& members, Expr expr, std::uint32_t next, bool empty) {
    const auto index = static_cast<std::uint32_t>(out_.members.size());
    out_.members.emplace_back();
    QUERN_TRY(std::shared_ptr<const ByteDfa> keys, parts_.keys(members));
    MemberTable table;
    table.n_members = static_cast<std::uint32_t>(members.members.size());
    table.n_others = static_cast<std::uint32_t>(members.others.size());
    table.ordered = members.ordered;
    table.min_count = std::max<std::uint64_t>(members.min_count, 1);
    table.max_count = members.max_count;
    for (const Member& member : members.members) {
      table.required.push_back(member.required ? 1 : 0);
      table.possible.push_back(parts_.productive(member.rest) ? 1 : 0);
      table.rest_rules.push_back(rule(member.rest));
      table.rest_empty.push_back(parts_.nullable(member.rest) ? 1 : 0);
    }
    std::uint32_t n_others_possible = 0;
    for (const Members::Others& others : members.others) {
      n_others_possible += parts_.productive(others.rest) ? 1 : 0;
      table.possible.push_back(parts_.productive(others.rest) ? 1 : 0);
      table.rest_rules.push_back(rule(others.rest));
      table.rest_empty.push_back(parts_.nullable(others.rest) ? 1 : 0);
    }
    table.n_required_after.assign(table.n_members + 1, 0);
    for (std::uint32_t i = table.n_members; i-- > 0;) {
      table.n_required_after[i] = table.n_required_after[i + 1] + table.required[i];
    }
    std::uint64_t most = n_others_possible > 0 ? kNoEnd : 0;
    for (std::uint32_t i = 0; i < table.n_members && most != kNoEnd; ++i) most += table.possible[i];
    if (table.max_count >= most) table.max_count = kNoEnd;  // there are no more anyway
    table.next = next;
    find_labels(*keys, table);
    const bool skip = empty && parts_.nullable(expr);
    bool possible =
        std::min(table.max_count, most) >= std::max<std::uint64_t>(table.min_count, table.n_required_after[0]);
    for (std::uint32_t i = 0; i < table.n_members; ++i) possible &= table.required[i] <= table.possible[i];
    if (!possible) {
      return skip ? next : nothing_node();
    }
    const std::uint32_t behind = add({Kind::members, 0, 0, index});
    (void)behind;
    QUERN_TRY(const std::uint32_t key_automaton, automaton(std::move(keys)));
    table.key_node = add({Kind::key, key_automaton, behind, index});
    QUERN_TRY(table.separator_node, terminal({members.separator}, table.key_node, true));
    const std::uint32_t key_node = table.key_node;
    out_.members[index] = std::move(table);
    return skip ? split({key_node, next}) : key_node;
  }

  // Which labels each state of the key automaton can still reach. The keys are short texts and the paths to them
  // mostly their own, so that the lists are about as long as all keys together.
  static void find_labels(const ByteDfa& keys, MemberTable& table) {
    const std::size_t n = keys.n_states();
    std::vector<std::vector<std::uint32_t>> labels(n);
    std::vector<std::vector<ByteDfa::State>> from(n);
    for (std::size_t s = 1; s < n; ++s) {
      for (std::size_t c = 0; c < keys.n_classes; ++c) {
        const ByteDfa::State to = keys.next[s * keys.n_classes + c];
        if (to != ByteDfa::kDead && (from[to].empty() || from[to].back() != s)) {
          from[to].push_back(static_cast<ByteDfa::State>(s));
        }
      }
    }
    std::vector<std::uint32_t> mark(n, ByteDfa::kNoLabel);
    std::map<std::uint32_t, std::vector<ByteDfa::State>> ends;
    for (std::size_t s = 1; s < n; ++s) {
      if (keys.label[s] != ByteDfa::kNoLabel) ends[keys.label[s]].push_back(static_cast<ByteDfa::State>(s));
    }
    for (auto& [label, open] : ends) {
      for (const ByteDfa::State s : open) mark[s] = label;
      while (!open.empty()) {
        const ByteDfa::State s = open.back();
        open.pop_back();
        labels[s].push_back(label);
        for (const ByteDfa::State f : from[s]) {
          if (mark[f] == label) continue;
          mark[f] = label;
          open.push_back(f);
        }
      }
    }
    for (const auto& list : labels) {
      table.labels_begin.push_back(static_cast<std::uint32_t>(table.labels.size()));
      table.labels.insert(table.labels.end(), list.begin(), list.end());
    }
    table.labels_begin.push_back(static_cast<std::uint32_t>(table.labels.size()));
  }

  // A rule that calls itself before it has read anything would never begin.
  Status check_recursion() const {
    enum : char { fresh, open, done };
    std::vector<char> state(out_.nodes.size(), fresh);
    std::vector<std::pair<std::uint32_t, std::uint32_t>> stack;  // node, its next target
    for (std::uint32_t root = 0; root < out_.nodes.size(); ++root) {
      if (state[root] != fresh) continue;
      stack.emplace_back(root, 0);
      state[root] = open;
      while (!stack.empty()) {
        auto& [at, n] = stack.back();
        const Node& node = out_.nodes[at];
        std::uint32_t to = 0;
        bool more = false;
        if (node.kind == Kind::split && n < node.b) {
          to = out_.targets[node.a + n];
          more = true;
        } else if ((node.kind == Kind::call || node.kind == Kind::repeat) && n == 0) {
          to = node.a;
          more = true;
        }
        if (!more) {
          state[at] = done;
          stack.pop_back();
          continue;
        }
        ++n;
        if (state[to] == open) return fail(Errc::bad_input, "a rule begins with itself (left recursion)");
        if (state[to] == fresh) {
          state[to] = open;
          stack.emplace_back(to, 0);
        }
      }
    }
    return {};
  }

  const Grammar& grammar_;
  Budget& budget_;
  RegularParts parts_;
  Program out_;
  std::uint32_t end_ = 0;
  std::size_t dfa_bytes_ = 0;
  std::map<std::uint32_t, std::uint32_t> entries_;  // of expressions that are rules
  std::map<const ByteDfa*, std::uint32_t> automata_;
  std::vector<Waiting> waiting_;
};

}  // namespace

Result<Program> lower(const Grammar& grammar, const GrammarLimits& limits) {
  Budget budget(limits);
  QUERN_TRY(RegularParts parts, RegularParts::analyse(grammar, budget));
  return Lowering(grammar, budget, std::move(parts)).run();
}

}  // namespace quern::engine::grammar
