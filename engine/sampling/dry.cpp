// DRY, "don't repeat yourself": a token that would continue a repetition is penalized, the more the longer the run of
// tokens that the end of the history already shares with an earlier place. Sequence breakers stop such runs.
// penalty = multiplier * base ^ (run length - allowed_length). Cost: linear in the window, kDryWindowMax at most.
// Source: text-generation-webui PR 5677 by p-e-w; runs by the Z algorithm on the reversed history (Gusfield 1997).
#include "engine/sampling/portable_math.hpp"
#include "engine/sampling/stage.hpp"

#include <algorithm>

namespace quern::engine::sampling {
namespace {

using Tokens = std::span<const TokenId>;

std::size_t window_of(const SamplingParams& p, std::size_t n_tokens) noexcept {
  const std::size_t wanted = p.dry_penalty_last_n < 0 ? kDryWindowMax : static_cast<std::size_t>(p.dry_penalty_last_n);
  return std::min({wanted, kDryWindowMax, n_tokens});
}

// How many tokens follow the last breaker inside the window: no run may be longer. The window's size if it has none.
std::size_t longest_run_allowed(Tokens tokens, std::size_t window, const BreakerTable* table, BreakerMemory& memory) {
  if (table == nullptr || table->empty()) return window;
  const std::size_t n = tokens.size();
  const std::size_t window_begin = n - window;
  const auto last_in = [&](std::size_t begin, std::size_t end) -> std::optional<BreakerMemory::Found> {
    for (std::size_t head = end; head-- > begin;)
      if (const auto tail_length = table->match(tokens.subspan(head))) return BreakerMemory::Found{head, *tail_length};
    return std::nullopt;
  };
  const std::size_t settled_end = n > kBreakerTailMax ? n - kBreakerTailMax : 0;
  if (settled_end > memory.settled) {
    if (const auto found = last_in(std::max(memory.settled, window_begin), settled_end)) memory.found = found;
    memory.settled = settled_end;
  }
  auto found = last_in(std::max(memory.settled, window_begin), n);
  if (!found && memory.found && memory.found->head >= window_begin) found = memory.found;
  return found ? n - 1 - found->head - found->tail_length : window;
}

// lengths[k], for k in [1, n): how many tokens before and including the one k places from the end equal those at the
// end. (The Z function of the reversed tokens.)
void shared_runs(Tokens tokens, std::span<std::uint32_t> lengths) noexcept {
  const std::size_t n = tokens.size();
  const TokenId* last = tokens.data() + n - 1;  // reversed: token i is last[-i]
  const auto at = [last](std::size_t i) { return *(last - i); };
  std::size_t begin = 0, end = 0;  // the known match that reaches furthest: [begin, end) equals [0, end - begin)
  for (std::size_t k = 1; k < n; ++k) {
    std::size_t length = k < end ? std::min<std::size_t>(lengths[k - begin], end - k) : 0;
    if (k + length >= end) {
      while (k + length < n && at(length) == at(k + length)) ++length;
      begin = k;
      end = k + length;
    }
    lengths[k] = static_cast<std::uint32_t>(length);
  }
}

}  // namespace

void apply_dry(Candidates& c, Sequence& s) {
  const SamplingParams& p = s.params;
  const std::size_t window = window_of(p, s.history.tokens().size());
  const auto allowed = static_cast<std::size_t>(p.dry_allowed_length);
  if (window <= allowed) return;
  const std::size_t run_max = longest_run_allowed(s.history.tokens(), window, s.breakers.get(), s.breaker_memory);
  if (run_max < allowed) return;

  const Tokens tokens = s.history.tokens().last(window);
  std::vector<std::uint32_t>& lengths = c.scratch().lengths;
  if (lengths.size() < window) lengths.resize(window);
  shared_runs(tokens, lengths);
  // A run that ends k places before the end was continued by the token k - 1 places before it.
  TokenTable& repeats = c.scratch().repeats;
  repeats.clear();
  for (std::size_t k = 1; k < window; ++k) {
    const std::size_t run = std::min<std::size_t>(lengths[k], run_max);
    if (run < allowed) continue;
    std::uint32_t& longest = repeats[tokens[window - k]];
    longest = std::max(longest, static_cast<std::uint32_t>(run) + 1);  // plus 1: the table takes 0 for absent
  }
  for (const TokenTable::Entry& repeat : repeats.entries()) {
    if (s.breakers && s.breakers->breaks_alone(repeat.token)) continue;
    const double exponent = static_cast<double>(repeat.value - 1 - allowed);
    const double penalty =
        static_cast<double>(p.dry_multiplier) * portable_pow(static_cast<double>(p.dry_base), exponent);
    const auto minus = static_cast<float>(std::min(penalty, static_cast<double>(kLogitMax)));
    c.adjust(repeat.token, [minus](float logit) { return std::max(logit - minus, -kLogitMax); });
  }
}

}  // namespace quern::engine::sampling
