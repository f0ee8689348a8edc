#include "engine/grammar/regular.hpp"

#include <algorithm>
#include <deque>
#include <span>

namespace quern::engine::grammar {
namespace {

std::uint64_t saturating_add(std::uint64_t a, std::uint64_t b) {
  return a > kUnlimited - b ? kUnlimited : a + b;
}

std::uint64_t saturating_mul(std::uint64_t a, std::uint64_t b) {
  return b != 0 && a > kUnlimited / b ? kUnlimited : a * b;
}

constexpr std::uint64_t kTooLarge = kUnlimited - 1;

// What an expression is made of.
void each_child(const Grammar& grammar, std::uint32_t index, const auto& visit) {
  const Grammar::Node& node = grammar.nodes()[index];
  const auto all = [&](const std::vector<Expr>& parts) {
    for (const Expr part : parts) visit(part.index);
  };
  if (const auto* sequence = std::get_if<Grammar::Sequence>(&node)) all(sequence->parts);
  if (const auto* choice = std::get_if<Grammar::Choice>(&node)) all(choice->parts);
  if (const auto* repeat = std::get_if<Grammar::Repeat>(&node)) visit(repeat->body.index);
  if (const auto* counted = std::get_if<Grammar::Counted>(&node)) visit(counted->body.index);
  if (const auto* atom = std::get_if<Grammar::Atom>(&node)) visit(atom->body.index);
  if (const auto* reference = std::get_if<Grammar::Reference>(&node)) {
    visit(grammar.rules()[reference->rule.index].expr.index);
  }
  if (const auto* both = std::get_if<Grammar::Both>(&node)) {
    visit(both->a.index);
    visit(both->b.index);
  }
  if (const auto* members = std::get_if<Members>(&node)) {
    for (const Member& member : members->members) visit(member.rest.index);
    for (const Members::Others& others : members->others) {
      visit(others.key.index);
      visit(others.rest.index);
    }
    visit(members->separator.index);
  }
}

}  // namespace

Result<RegularParts> RegularParts::analyse(const Grammar& grammar, Budget& budget) {
  for (const Grammar::RuleEntry& rule : grammar.rules()) {
    if (!rule.defined) return fail(Errc::bad_input, "rule \"{}\" is used and not defined", rule.name);
  }
  RegularParts out(grammar, budget);
  QUERN_CHECK(out.find_sizes());
  out.known_.resize(grammar.nodes().size());
  QUERN_CHECK(out.find_empty());
  QUERN_CHECK(out.find_facts());
  return out;
}

// From the leaves up; what is never reached stands on a cycle or above one.
Status RegularParts::find_sizes() {
  const std::size_t n = grammar_->nodes().size();
  size_.assign(n, kRecursive);
  std::vector<std::uint32_t> n_open(n, 0);
  std::vector<std::vector<std::uint32_t>> parents(n);
  std::deque<std::uint32_t> ready;
  for (std::uint32_t i = 0; i < n; ++i) {
    each_child(*grammar_, i, [&](std::uint32_t child) {
      parents[child].push_back(i);
      ++n_open[i];
    });
    if (n_open[i] == 0) ready.push_back(i);
  }
  while (!ready.empty()) {
    const std::uint32_t at = ready.front();
    ready.pop_front();
    size_[at] = size_of(at);
    for (const std::uint32_t parent : parents[at]) {
      if (--n_open[parent] == 0) ready.push_back(parent);
    }
  }
  if (!budget_->spend(n)) return budget_->exhausted();
  return {};
}

std::uint64_t RegularParts::size_of(std::uint32_t index) const {
  const Grammar::Node& node = grammar_->nodes()[index];
  const auto sum = [&](const std::vector<Expr>& parts) {
    std::uint64_t total = 1;
    for (const Expr part : parts) {
      if (size_[part.index] == kRecursive) return kRecursive;
      total = std::min(saturating_add(total, size_[part.index]), kTooLarge);
    }
    return total;
  };
  const auto text_sizes = [](const std::vector<std::string>& texts) {
    std::uint64_t total = 2;
    for (const std::string& text : texts) total += 2 * text.size();
    return total;
  };
  if (const auto* text = std::get_if<Grammar::Text>(&node)) return text->bytes.size();
  if (const auto* marker = std::get_if<Grammar::Marker>(&node)) return 2 * marker->text.size() + 2;
  if (const auto* chars = std::get_if<Grammar::Chars>(&node)) return 2 + 2 * chars->set.ranges().size();
  if (const auto* sequence = std::get_if<Grammar::Sequence>(&node)) return sum(sequence->parts);
  if (const auto* choice = std::get_if<Grammar::Choice>(&node)) return sum(choice->parts);
  if (const auto* without = std::get_if<Grammar::Without>(&node)) return text_sizes(without->stops);
  if (const auto* through = std::get_if<Grammar::Through>(&node)) return text_sizes(through->stops);
  if (const auto* both = std::get_if<Grammar::Both>(&node)) return sum({both->a, both->b});
  if (const auto* automaton_of = std::get_if<Grammar::Automaton>(&node)) return automaton_of->dfa->n_states();
  if (const auto* reference = std::get_if<Grammar::Reference>(&node)) {
    return size_[grammar_->rules()[reference->rule.index].expr.index];
  }
  if (const auto* repeat = std::get_if<Grammar::Repeat>(&node)) {
    const std::uint64_t body = size_[repeat->body.index];
    if (body == kRecursive) return kRecursive;
    const std::uint64_t times = repeat->max == kUnlimited ? saturating_add(repeat->min, 1) : repeat->max;
    return std::min(saturating_mul(saturating_add(body, 1), times), kTooLarge);
  }
  return kRecursive;  // counted() and members() count as they go, atoms stay alone
}

bool RegularParts::nullable_now(std::uint32_t index) const {
  const Grammar::Node& node = grammar_->nodes()[index];
  const auto at = [&](Expr expr) { return nullable_[expr.index] != 0; };
  if (const auto* sequence = std::get_if<Grammar::Sequence>(&node)) {
    return std::all_of(sequence->parts.begin(), sequence->parts.end(), at);
  }
  if (const auto* choice = std::get_if<Grammar::Choice>(&node)) {
    return std::any_of(choice->parts.begin(), choice->parts.end(), at);
  }
  if (const auto* repeat = std::get_if<Grammar::Repeat>(&node)) return repeat->min == 0 || at(repeat->body);
  if (const auto* counted = std::get_if<Grammar::Counted>(&node)) return counted->min == 0 && at(counted->body);
  if (const auto* reference = std::get_if<Grammar::Reference>(&node)) {
    return at(grammar_->rules()[reference->rule.index].expr);
  }
  if (const auto* both = std::get_if<Grammar::Both>(&node)) return at(both->a) && at(both->b) != both->negated;
  if (const auto* atom = std::get_if<Grammar::Atom>(&node)) return at(atom->body);
  if (const auto* automaton_of = std::get_if<Grammar::Automaton>(&node)) return automaton_of->dfa->matches_empty();
  if (const auto* members = std::get_if<Members>(&node)) {
    return members->min_count == 0 && std::none_of(members->members.begin(), members->members.end(),
                                                   [](const Member& member) { return member.required; });
  }
  return std::holds_alternative<Grammar::Without>(node);
}

bool RegularParts::productive_now(std::uint32_t index) const {
  const Grammar::Node& node = grammar_->nodes()[index];
  const auto at = [&](Expr expr) { return productive_[expr.index] != 0; };
  if (const auto* sequence = std::get_if<Grammar::Sequence>(&node)) {
    return std::all_of(sequence->parts.begin(), sequence->parts.end(), at);
  }
  if (const auto* choice = std::get_if<Grammar::Choice>(&node)) {
    return std::any_of(choice->parts.begin(), choice->parts.end(), at);
  }
  if (const auto* repeat = std::get_if<Grammar::Repeat>(&node)) return repeat->min == 0 || at(repeat->body);
  if (const auto* counted = std::get_if<Grammar::Counted>(&node)) return at(counted->body) && empty_[index] == 0;
  if (const auto* atom = std::get_if<Grammar::Atom>(&node)) return at(atom->body);
  if (const auto* automaton_of = std::get_if<Grammar::Automaton>(&node))
    return automaton_of->dfa->start != ByteDfa::kDead;
  if (const auto* reference = std::get_if<Grammar::Reference>(&node)) {
    return at(grammar_->rules()[reference->rule.index].expr);
  }
  if (const auto* members = std::get_if<Members>(&node)) {
    return std::all_of(members->members.begin(), members->members.end(),
                       [&](const Member& member) { return !member.required || at(member.rest); });
  }
  return empty_[index] == 0;
}

// Whether texts are left is seen in the automaton, which is made here once.
Status RegularParts::find_empty() {
  const auto n = static_cast<std::uint32_t>(grammar_->nodes().size());
  empty_.assign(n, 0);
  for (std::uint32_t i = 0; i < n; ++i) {
    const Grammar::Node& node = grammar_->nodes()[i];
    if (std::holds_alternative<Grammar::Both>(node) && wholly_regular({i})) {
      QUERN_TRY(const std::shared_ptr<const ByteDfa> dfa, automaton({Expr{i}}));
      empty_[i] = dfa->start == ByteDfa::kDead ? 1 : 0;
    } else if (const auto* of = std::get_if<Grammar::Counted>(&node); of != nullptr && wholly_regular(of->body)) {
      QUERN_TRY(const CountedAutomaton automaton_of, counted({i}));
      empty_[i] = automaton_of.dfa->start == ByteDfa::kDead ? 1 : 0;
    }
  }
  return {};
}

Result<CountedAutomaton> RegularParts::counted(Expr expr) {
  const auto known = counted_.find(expr.index);
  if (known != counted_.end()) return known->second;
  const auto& of = std::get<Grammar::Counted>(grammar_->node(expr));
  if (!wholly_regular(of.body)) return fail(Errc::bad_input, "what is counted must be regular");
  QUERN_TRY(const std::shared_ptr<const ByteDfa> body, automaton({of.body}));
  QUERN_TRY(CountedAutomaton made, count_characters(*body, of.min, of.max, *budget_));
  return counted_.emplace(expr.index, std::move(made)).first->second;
}

// Least fixed points.
Status RegularParts::find_facts() {
  const auto n = static_cast<std::uint32_t>(grammar_->nodes().size());
  nullable_.assign(n, 0);
  productive_.assign(n, 0);
  for (bool changed = true; changed;) {
    changed = false;
    if (!budget_->spend(n)) return budget_->exhausted();
    for (std::uint32_t i = 0; i < n; ++i) {
      // A difference may lose its empty text again while the other side grows: the other side is regular, and known
      // by the time a whole pass changes nothing.
      const bool empty = nullable_now(i);
      const bool some = productive_[i] != 0 || productive_now(i);
      changed |= empty != (nullable_[i] != 0) || some != (productive_[i] != 0);
      nullable_[i] = empty;
      productive_[i] = some;
    }
  }
  return {};
}

Result<std::uint32_t> RegularParts::add_dfa(const ByteDfa& dfa, std::uint32_t from, Nfa& nfa) {
  const std::uint32_t to = nfa.add_state();
  nfa.add_dfa(from, dfa, to);
  return to;
}

Result<std::uint32_t> RegularParts::add_repeat(const Grammar::Repeat& repeat, std::uint32_t from, Nfa& nfa) {
  const auto grow = [&]() -> Status {
    if (nfa.states().size() <= budget_->limits.max_nfa_states) return {};
    return fail(Errc::bad_input, "a repetition makes the grammar larger than {} states",
                budget_->limits.max_nfa_states);
  };
  for (std::uint64_t i = 0; i < repeat.min; ++i) {
    QUERN_TRY(from, add(repeat.body, from, nfa));
    QUERN_CHECK(grow());
  }
  const std::uint32_t end = nfa.add_state();
  if (repeat.max == kUnlimited) {
    const std::uint32_t loop = nfa.add_state();  // of its own: nothing else enters it
    nfa.link(from, loop);
    QUERN_TRY(const std::uint32_t back, add(repeat.body, loop, nfa));
    nfa.link(back, loop);
    nfa.link(loop, end);
    return end;
  }
  nfa.link(from, end);
  for (std::uint64_t i = repeat.min; i < repeat.max; ++i) {
    QUERN_TRY(from, add(repeat.body, from, nfa));
    nfa.link(from, end);
    QUERN_CHECK(grow());
  }
  return end;
}

Result<std::uint32_t> RegularParts::add(Expr expr, std::uint32_t from, Nfa& nfa) {
  if (!budget_->spend(1)) return budget_->exhausted();
  const Grammar::Node& node = grammar_->node(expr);
  if (const auto* sequence = std::get_if<Grammar::Sequence>(&node)) {
    for (const Expr part : sequence->parts) {
      QUERN_TRY(from, add(part, from, nfa));
    }
    return from;
  }
  if (const auto* repeat = std::get_if<Grammar::Repeat>(&node)) return add_repeat(*repeat, from, nfa);
  if (const auto* reference = std::get_if<Grammar::Reference>(&node)) {
    return add(grammar_->rules()[reference->rule.index].expr, from, nfa);
  }
  if (const auto* both_of = std::get_if<Grammar::Both>(&node)) {
    QUERN_TRY(const std::shared_ptr<const ByteDfa> dfa, both(*both_of));
    return add_dfa(*dfa, from, nfa);
  }
  if (const auto* automaton_of = std::get_if<Grammar::Automaton>(&node)) return add_dfa(*automaton_of->dfa, from, nfa);
  if (const auto* without = std::get_if<Grammar::Without>(&node)) {
    QUERN_TRY(const ByteDfa dfa, text_without(without->stops, *budget_));
    return add_dfa(dfa, from, nfa);
  }
  if (const auto* through = std::get_if<Grammar::Through>(&node)) {
    QUERN_TRY(const ByteDfa dfa, text_through(through->stops, through->control_tokens, *budget_));
    return add_dfa(dfa, from, nfa);
  }
  const std::uint32_t to = nfa.add_state();
  if (const auto* text = std::get_if<Grammar::Text>(&node)) nfa.add_text(from, text->bytes, to);
  if (const auto* chars = std::get_if<Grammar::Chars>(&node)) nfa.add_chars(from, chars->set, to);
  if (const auto* marker = std::get_if<Grammar::Marker>(&node)) {
    nfa.add_text(from, marker->text, to);
    const std::uint32_t inside = nfa.add_state(), behind = nfa.add_state();
    nfa.add_edge(from, kControlBegin, kControlBegin, inside);
    nfa.add_text(inside, marker->text, behind);
    nfa.add_edge(behind, kControlEnd, kControlEnd, to);
  }
  if (const auto* choice = std::get_if<Grammar::Choice>(&node)) {
    for (const Expr part : choice->parts) {
      QUERN_TRY(const std::uint32_t end, add(part, from, nfa));
      nfa.link(end, to);
    }
  }
  return to;
}

Result<std::shared_ptr<const ByteDfa>> RegularParts::automaton(const std::vector<Expr>& parts) {
  if (parts.size() == 1 && known_[parts.front().index] != nullptr) return known_[parts.front().index];
  Nfa nfa;
  const std::uint32_t start = nfa.add_state();
  std::uint32_t at = start;
  for (const Expr part : parts) {
    QUERN_TRY(at, add(part, at, nfa));
  }
  nfa.set_label(at, 0);
  QUERN_TRY(ByteDfa dfa, nfa.determinize(start, *budget_));
  auto out = std::make_shared<const ByteDfa>(std::move(dfa));
  if (parts.size() == 1) known_[parts.front().index] = out;
  return out;
}

Result<std::shared_ptr<const ByteDfa>> RegularParts::both(const Grammar::Both& both) {
  QUERN_TRY(const std::shared_ptr<const ByteDfa> a, automaton({both.a}));
  QUERN_TRY(const std::shared_ptr<const ByteDfa> b, automaton({both.b}));
  QUERN_TRY(ByteDfa dfa, product(*a, *b, both.negated, false, *budget_));
  return std::make_shared<const ByteDfa>(std::move(dfa));
}

Result<std::shared_ptr<const ByteDfa>> RegularParts::keys(const Members& members) {
  Nfa nfa;
  const std::uint32_t start = nfa.add_state();
  std::uint32_t label = 0;
  for (const Member& member : members.members) {
    const std::uint32_t end = nfa.add_state();
    nfa.add_text(start, member.key, end);
    // A member that no text fits is not there; its key is still none of the others'.
    nfa.set_label(end, label++);
  }
  for (const Members::Others& others : members.others) {
    if (!wholly_regular(others.key)) return fail(Errc::bad_input, "the keys of an object must be regular");
    QUERN_TRY(const std::shared_ptr<const ByteDfa> key, automaton({others.key}));
    const std::uint32_t end = nfa.add_state();
    nfa.add_dfa(start, *key, end);
    nfa.set_label(end, label++);
  }
  QUERN_TRY(ByteDfa dfa, nfa.determinize(start, *budget_));
  return std::make_shared<const ByteDfa>(std::move(dfa));
}

namespace {

// The first of the stops ends in the state behind them. Source: Aho and Corasick, "Efficient string matching", 1975;
// here as the subset construction makes it from "any bytes, then a stop".
Result<ByteDfa> find_first(const std::vector<std::string>& stops, bool control_tokens, Budget& budget) {
  Nfa nfa;
  const std::uint32_t start = nfa.add_state(), control = nfa.add_state(), end = nfa.add_state();
  nfa.add_edge(start, 0, kControlEnd - 1, start);
  if (control_tokens) nfa.add_edge(start, kControlBegin, kControlBegin, control);
  nfa.add_edge(control, 0, kControlEnd - 1, control);
  nfa.add_edge(control, kControlEnd, kControlEnd, start);
  nfa.set_label(start, 1);
  nfa.set_label(control, 2);
  nfa.set_label(end, 0);
  for (const std::string& stop : stops) {
    nfa.add_text(start, stop, end);
    const std::uint32_t inside = nfa.add_state(), behind = nfa.add_state();
    nfa.add_edge(start, kControlBegin, kControlBegin, inside);
    nfa.add_text(inside, stop, behind);
    nfa.add_edge(behind, kControlEnd, kControlEnd, end);
  }
  return nfa.determinize(start, budget);
}

// Leaves only the labels that are wanted; a found stop ends the text.
ByteDfa keep(ByteDfa dfa, std::uint32_t wanted) {
  for (std::size_t s = 1; s < dfa.n_states(); ++s) {
    const bool found = dfa.label[s] == 0;
    if (found)
      std::fill_n(dfa.next.begin() + static_cast<std::ptrdiff_t>(s * dfa.n_classes), dfa.n_classes, ByteDfa::kDead);
    dfa.label[s] = dfa.label[s] == wanted ? 0 : ByteDfa::kNoLabel;
  }
  return minimize(dfa);
}

}  // namespace

Result<ByteDfa> text_without(const std::vector<std::string>& stops, Budget& budget) {
  QUERN_TRY(ByteDfa dfa, find_first(stops, true, budget));
  return keep(std::move(dfa), 1);
}

Result<ByteDfa> text_through(const std::vector<std::string>& stops, bool control_tokens, Budget& budget) {
  QUERN_TRY(ByteDfa dfa, find_first(stops, control_tokens, budget));
  return keep(std::move(dfa), 0);
}

}  // namespace quern::engine::grammar
