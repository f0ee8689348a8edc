#include "engine/sampling/mirostat.hpp"

#include "engine/sampling/sampler.hpp"
#include "tests/engine/sampling/stage_support.hpp"

#include <array>
#include <set>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

SamplingParams mirostat(std::int32_t version, float tau, float eta = 0.1f) {
  SamplingParams params = test::stages_off();
  params.mirostat = version;
  params.mirostat_tau = tau;
  params.mirostat_eta = eta;
  return params;
}

std::vector<float> logs_of(std::span<const double> probabilities) {
  std::vector<float> logits;
  for (const double p : probabilities) logits.push_back(static_cast<float>(std::log(p)));
  return logits;
}

// Zipf's law: the probability of rank r is proportional to r ^ -exponent.
std::vector<float> zipf(std::size_t n, double exponent) {
  std::vector<float> logits;
  for (std::size_t rank = 1; rank <= n; ++rank)
    logits.push_back(static_cast<float>(-exponent * std::log(static_cast<double>(rank))));
  return logits;
}

TEST(Mirostat, Version2CutsBySurpriseAndFollowsWhatWasDrawn) {
  // Surprises of 1, 2, 3 and 3 bits; the first cut is at 2 * 1.25 bits, so two stay with 2/3 and 1/3.
  const std::vector<float> logits = logs_of(std::array{0.5, 0.25, 0.125, 0.125});
  std::set<TokenId> seen;
  for (std::uint64_t seed = 0; seed < 64; ++seed) {
    Sequence sequence(mirostat(2, 1.25f), seed);
    Candidates candidates;
    candidates.assign(logits);
    const TokenId token = draw_mirostat(candidates, sequence, 4);
    ASSERT_EQ(candidates.size(), 2u);
    ASSERT_LE(token, 1);
    const double surprise = token == 0 ? std::log2(1.5) : std::log2(3.0);
    EXPECT_NEAR(sequence.mirostat_mu, 2.5 - 0.1 * (surprise - 1.25), 1e-6) << "eta and the logits are floats";
    seen.insert(token);
  }
  EXPECT_EQ(seen.size(), 2u);
}

TEST(Mirostat, ACutBelowEverythingLeavesTheBest) {
  const std::vector<float> logits = logs_of(std::array{0.3, 0.4, 0.3});
  for (const std::int32_t version : {1, 2}) {
    Sequence sequence(mirostat(version, 0.0f), 1);
    Candidates candidates;
    candidates.assign(logits);
    EXPECT_EQ(draw_mirostat(candidates, sequence, 3), 1) << version;
    EXPECT_EQ(candidates.size(), 1u);
    EXPECT_EQ(sequence.mirostat_mu, 0.0) << "no surprise, as it should be";
  }
}

TEST(Mirostat, Version1EstimatesTheLawAndChoosesK) {
  // Exponent 1.1, mu 10: k = (0.1 * 2^10 / (1 - 1000^-0.1)) ^ (1 / 1.1) = 205.287 ^ 0.90909 = 126.5.
  const std::vector<float> logits = zipf(1000, 1.1);
  Sequence sequence(mirostat(1, 5.0f), 3);
  Candidates candidates;
  candidates.assign(logits);
  const TokenId token = draw_mirostat(candidates, sequence, 1000);
  EXPECT_EQ(candidates.size(), 126u);
  double total = 0;
  for (int rank = 1; rank <= 126; ++rank) total += std::pow(rank, -1.1);
  const double surprise = std::log2(total * std::pow(token + 1, 1.1));
  EXPECT_NEAR(sequence.mirostat_mu, 10.0 - 0.1 * (surprise - 5.0), 1e-5);
}

TEST(Mirostat, Version1AgreesWithTheFormulaOnAnyLogits) {
  int n_compared = 0;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    const std::vector<float> logits = test::random_logits(500, seed);
    const std::vector<TokenId> ids = test::ranking(logits);
    double products = 0, squares = 0;
    for (std::size_t i = 0; i < 99; ++i) {
      const double t = std::log((static_cast<double>(i) + 2) / (static_cast<double>(i) + 1));
      const double b = static_cast<double>(logits[static_cast<std::size_t>(ids[i])]) -
                       static_cast<double>(logits[static_cast<std::size_t>(ids[i + 1])]);
      products += t * b;
      squares += t * t;
    }
    const double s = products / squares;
    const double k = std::pow((s - 1) * std::exp2(8.0) / (1 - std::pow(500.0, 1 - s)), 1 / s);
    if (std::abs(k - std::round(k)) < 1e-6) continue;  // which side of it is a matter of rounding
    Sequence sequence(mirostat(1, 4.0f), seed);
    Candidates candidates;
    candidates.assign(logits);
    draw_mirostat(candidates, sequence, 500);
    EXPECT_EQ(candidates.size(), static_cast<std::size_t>(std::clamp(k, 1.0, 500.0))) << seed;
    ++n_compared;
  }
  EXPECT_GT(n_compared, 30);
}

TEST(Mirostat, TheMeanSurpriseIsTheTarget) {
  const std::vector<float> logits = zipf(5000, 1.05);
  for (const std::int32_t version : {1, 2}) {
    Sampler sampler(
        [&] {
          SamplingParams params = mirostat(version, 4.0f);
          params.has_seed = true;
          params.seed = 11;
          return params;
        }(),
        5000, nullptr);
    double sum = 0;
    constexpr int kDraws = 4000;
    for (int i = 0; i < kDraws; ++i) {
      const Drawn drawn = sampler.sample(logits, LogprobWish{.wanted = true, .after_stages = true});
      sum -= static_cast<double>(drawn.logprob) / std::log(2.0);
    }
    // mu moves by eta times the sum of the errors and stays within some bits: 10 / (0.1 * 4000).
    EXPECT_NEAR(sum / kDraws, 4.0, 0.025) << version;
  }
}

TEST(Mirostat, NothingOverflows) {
  constexpr float kHuge = std::numeric_limits<float>::max();
  const std::vector<std::vector<float>> rows{
      {kHuge, -kHuge, 0.0f}, {0.0f, 0.0f, 0.0f}, {1.0f}, {-kHuge, -kHuge}, {500.0f, 0.0f, -500.0f}};
  for (const std::int32_t version : {1, 2})
    for (const float tau : {0.0f, 5.0f, 100.0f})
      for (const float eta : {0.0f, 0.1f, 10.0f})
        for (const std::vector<float>& logits : rows) {
          Sequence sequence(mirostat(version, tau, eta), 5);
          for (int i = 0; i < 300; ++i) {
            Candidates candidates;
            candidates.assign(logits);
            const TokenId token = draw_mirostat(candidates, sequence, static_cast<std::uint32_t>(logits.size()));
            ASSERT_GE(token, 0);
            ASSERT_LT(static_cast<std::size_t>(token), logits.size());
            ASSERT_TRUE(std::isfinite(sequence.mirostat_mu)) << version << " " << tau << " " << eta;
          }
        }
}

TEST(Mirostat, NoCandidatesIsNoTokenAndNoStep) {
  Sequence sequence(mirostat(2, 5.0f), 1);
  Candidates candidates;
  candidates.assign(std::vector<float>{});
  EXPECT_EQ(draw_mirostat(candidates, sequence, 1), kNoToken);
  EXPECT_EQ(sequence.mirostat_mu, 10.0);
}

TEST(Mirostat, ReplacesTheStagesThatChooseButNotTheOthers) {
  const std::vector<float> logits = logs_of(std::array{0.25, 0.25, 0.25, 0.25});
  SamplingParams params = mirostat(2, 5.0f);
  params.top_k = 1;
  params.top_p = 0.1f;
  params.min_p = 1.0f;
  params.logit_bias = {{2, -std::numeric_limits<float>::infinity()}};
  Sampler sampler(params, 4, nullptr);
  std::set<TokenId> seen;
  for (int i = 0; i < 300; ++i) seen.insert(sampler.sample(logits).token);
  EXPECT_EQ(seen, (std::set<TokenId>{0, 1, 3}));
  params.temperature = 0.0f;
  params.logit_bias = {{3, 1.0f}};
  EXPECT_EQ(Sampler(params, 4, nullptr).sample(logits).token, 3) << "greedy stays greedy";
}

TEST(Mirostat, SamplersDoNotShareTheirState) {
  const std::vector<float> logits = test::random_logits(300, 9);
  SamplingParams params = mirostat(2, 3.0f);
  params.has_seed = true;
  params.seed = 7;
  Sampler alone(params, 300, nullptr), beside(params, 300, nullptr), other(mirostat(1, 6.0f), 300, nullptr);
  for (int i = 0; i < 200; ++i) {
    const TokenId token = alone.sample(logits).token;
    other.sample(logits);
    ASSERT_EQ(beside.sample(logits).token, token) << i;
  }
}

}  // namespace
}  // namespace quern::engine::sampling
