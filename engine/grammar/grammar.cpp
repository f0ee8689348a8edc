#include "engine/grammar/grammar.hpp"

#include "base/assert.hpp"

namespace quern::engine::grammar {

Grammar::Grammar() {
  nodes_.emplace_back(Sequence{});  // empty()
  nodes_.emplace_back(Choice{});    // nothing()
}

Expr Grammar::add(Node node) {
  nodes_.push_back(std::move(node));
  return {static_cast<std::uint32_t>(nodes_.size() - 1)};
}

Expr Grammar::text(std::string_view bytes) {
  return bytes.empty() ? empty() : add(Text{std::string(bytes)});
}

Expr Grammar::marker(std::string_view text) {
  return text.empty() ? empty() : add(Marker{std::string(text)});
}

Expr Grammar::chars(const CharSet& set) {
  return set.empty() ? nothing() : add(Chars{set});
}

Expr Grammar::sequence(std::vector<Expr> parts) {
  std::vector<Expr> kept;
  for (const Expr part : parts) {
    if (part == nothing()) return nothing();
    if (!(part == empty())) kept.push_back(part);
  }
  if (kept.empty()) return empty();
  return kept.size() == 1 ? kept.front() : add(Sequence{std::move(kept)});
}

Expr Grammar::choice(std::vector<Expr> alternatives) {
  std::vector<Expr> kept;
  for (const Expr part : alternatives) {
    if (!(part == nothing())) kept.push_back(part);
  }
  if (kept.empty()) return nothing();
  return kept.size() == 1 ? kept.front() : add(Choice{std::move(kept)});
}

Expr Grammar::repeat(Expr body, std::uint64_t min, std::uint64_t max) {
  if (max < min) return nothing();
  if (max == 0 || body == empty()) return empty();
  if (body == nothing()) return min == 0 ? empty() : nothing();
  return min == 1 && max == 1 ? body : add(Repeat{body, min, max});
}

Expr Grammar::without(std::vector<std::string> stops) {
  return add(Without{std::move(stops)});
}

Expr Grammar::through(std::vector<std::string> stops, bool control_tokens) {
  return stops.empty() ? nothing() : add(Through{std::move(stops), control_tokens});
}

Expr Grammar::members(Members members) {
  return add(std::move(members));
}

Expr Grammar::both(Expr a, Expr b) {
  return a == nothing() || b == nothing() ? nothing() : add(Both{a, b, false});
}

Expr Grammar::except(Expr a, Expr b) {
  return a == nothing() ? nothing() : add(Both{a, b, true});
}

Expr Grammar::counted(Expr body, std::uint64_t min, std::uint64_t max) {
  if (max < min) return nothing();
  return min == 0 && max == kUnlimited ? body : add(Counted{body, min, max});
}

Rule Grammar::add_rule(std::string name) {
  rules_.push_back({std::move(name), nothing(), false});
  return {static_cast<std::uint32_t>(rules_.size() - 1)};
}

void Grammar::define(Rule rule, Expr expr) {
  QUERN_ASSERT(!rules_[rule.index].defined);
  rules_[rule.index].expr = expr;
  rules_[rule.index].defined = true;
}

Expr Grammar::reference(Rule rule) {
  return add(Reference{rule});
}

}  // namespace quern::engine::grammar
