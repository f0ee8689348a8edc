#include "engine/grammar/schema/patterns.hpp"

#include "engine/grammar/regex.hpp"
#include "engine/grammar/regular.hpp"
#include "engine/grammar/schema/formats.hpp"

#include <map>
#include <mutex>
#include <string>

namespace quern::engine::grammar {
namespace {

Result<std::shared_ptr<const ByteDfa>> make(std::string_view pattern, Match match) {
  Grammar grammar;
  QUERN_TRY(const Expr expr, add_regex(grammar, pattern, match, Writing::json));
  const GrammarLimits limits;
  Budget budget(limits);
  QUERN_TRY(RegularParts parts, RegularParts::analyse(grammar, budget));
  return parts.automaton({expr});
}

}  // namespace

Result<std::shared_ptr<const ByteDfa>> pattern_automaton(std::string_view pattern) {
  return make(pattern, Match::search);
}

Result<std::shared_ptr<const ByteDfa>> format_automaton(std::string_view format) {
  static std::mutex mutex;
  static std::map<std::string, std::shared_ptr<const ByteDfa>, std::less<>> known;
  const std::lock_guard lock(mutex);
  const auto at = known.find(format);
  if (at != known.end()) return at->second;
  QUERN_TRY(std::shared_ptr<const ByteDfa> fresh, make(format_pattern(format), Match::whole));
  known.emplace(std::string(format), fresh);
  return fresh;
}

bool matches(const ByteDfa& automaton, std::string_view text) {
  ByteDfa::State state = automaton.start;
  for (const char c : written(text, Writing::json)) state = automaton.step(state, static_cast<std::uint8_t>(c));
  return state != ByteDfa::kDead && automaton.accepts(state);
}

}  // namespace quern::engine::grammar
