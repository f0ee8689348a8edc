#include "engine/sampling/mirostat.hpp"

#include "engine/sampling/portable_math.hpp"

#include <algorithm>
#include <cmath>
#include <optional>

namespace quern::engine::sampling {
namespace {

constexpr double kLn2 = 0.69314718055994530942;
constexpr std::size_t kEstimatedFrom = 100;  // of the most likely tokens

// The exponent of Zipf's law that fits the most likely candidates best. REQUIRES: two of them at least.
double zipf_exponent(Candidates& c) {
  std::vector<Ranked>& best = c.scratch().ranked;
  select_best(c.logits(), kEstimatedFrom, best);
  std::sort(best.begin(), best.end(), better);
  double products = 0.0, squares = 0.0;
  for (std::size_t i = 0; i + 1 < best.size(); ++i) {
    const double rank = static_cast<double>(i);
    const double t = portable_log((rank + 2.0) / (rank + 1.0));
    const double b = static_cast<double>(best[i].logit) - static_cast<double>(best[i + 1].logit);
    products += t * b;
    squares += t * t;
  }
  return products / squares;
}

// How many of n candidates to keep so that the surprise of what is drawn from them is about mu bits. All in logarithms:
// nothing overflows, whatever mu has grown to.
std::size_t choose_k(double exponent, double mu, std::size_t n, std::uint32_t n_vocab) {
  constexpr double kNearOne = 1e-9;  // here the quotient below is 1 / log(n_vocab)
  const double log_vocab = portable_log(static_cast<double>(n_vocab));
  const double e = exponent - 1.0;
  const double log_quotient =
      std::abs(e) < kNearOne ? -portable_log(log_vocab)
                             : portable_log(std::abs(e)) - portable_log(std::abs(1.0 - portable_exp(-e * log_vocab)));
  const double log_power = log_quotient + mu * kLn2;
  if (!(exponent > 0.0)) return log_power > 0.0 ? n : 1;  // all alike
  const double log_k = log_power / exponent;
  if (log_k >= portable_log(static_cast<double>(n))) return n;
  return log_k > 0.0 ? static_cast<std::size_t>(portable_exp(log_k)) : 1;
}

// Those whose surprise is at most mu bits; at least the best one.
void keep_within(Candidates& c, double mu) {
  const Candidates::Weights w = c.weights();
  const double floor = static_cast<double>(w.max_logit) + portable_log(w.total) - mu * kLn2;
  if (!(floor <= static_cast<double>(w.max_logit))) return c.keep_best(1);
  const std::span<const float> logits = c.logits();
  c.keep_if([&](std::size_t i) { return static_cast<double>(logits[i]) >= floor; });
}

}  // namespace

TokenId draw_mirostat(Candidates& c, Sequence& s, std::uint32_t n_vocab) {
  const std::size_t n = c.size();
  if (n > 1 && s.params.mirostat == 1) {
    c.keep_best(choose_k(zipf_exponent(c), s.mirostat_mu, n, n_vocab));
  } else if (n > 1) {
    keep_within(c, s.mirostat_mu);
  }
  const std::optional<std::size_t> drawn = draw_index(c, s.rng);
  if (!drawn) return kNoToken;
  const Candidates::Weights w = c.weights();
  const double below_max = static_cast<double>(w.max_logit) - static_cast<double>(c.logits()[*drawn]);
  const double surprise = (portable_log(w.total) + below_max) / kLn2;
  s.mirostat_mu -= static_cast<double>(s.params.mirostat_eta) * (surprise - static_cast<double>(s.params.mirostat_tau));
  return c.id(*drawn);
}

}  // namespace quern::engine::sampling
