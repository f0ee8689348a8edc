#include "engine/sampling/sampler.hpp"

#include "engine/sampling/breaker_finder.hpp"
#include "tests/engine/sampling/stage_support.hpp"
#include "tests/support/piece_tokenizer.hpp"

#include <array>
#include <functional>
#include <initializer_list>
#include <utility>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

SamplingParams seeded(SamplingParams params, std::uint64_t seed) {
  params.seed = seed;
  params.has_seed = true;
  return params;
}

std::vector<TokenId> generate(const SamplingParams& params, std::size_t n_vocab, std::size_t n_tokens) {
  Sampler sampler(params, static_cast<std::uint32_t>(n_vocab), nullptr);
  std::vector<TokenId> tokens;
  for (std::size_t i = 0; i < n_tokens; ++i) {
    tokens.push_back(sampler.sample(test::random_logits(n_vocab, i)).token);
    sampler.accept(tokens.back());
  }
  return tokens;
}

// Pearson's statistic against the bound that a chi-square variable with d degrees of freedom exceeds with probability
// below e^-14, one in a million: d + 2 sqrt(14 d) + 28 (Laurent and Massart 2000, lemma 1).
void expect_distribution(const SamplingParams& params, const std::vector<float>& logits, const std::vector<double>& p) {
  Sampler sampler(seeded(params, 20), static_cast<std::uint32_t>(logits.size()), nullptr);
  constexpr int kDraws = 40000;
  std::vector<int> drawn(logits.size());
  for (int i = 0; i < kDraws; ++i) ++drawn[static_cast<std::size_t>(sampler.sample(logits).token)];
  double statistic = 0.0, degrees = -1.0;
  for (std::size_t i = 0; i < p.size(); ++i) {
    if (p[i] == 0.0) {
      EXPECT_EQ(drawn[i], 0) << "token " << i << " was dropped";
      continue;
    }
    const double expected = p[i] * kDraws;
    ASSERT_GT(expected, 5.0) << "too rare for this test: token " << i;
    statistic += (drawn[i] - expected) * (drawn[i] - expected) / expected;
    ++degrees;
  }
  EXPECT_LT(statistic, degrees + 2.0 * std::sqrt(14.0 * degrees) + 28.0);
}

TEST(Sampler, DrawsByProbability) {
  const std::vector<float> logits{1.0f, 0.0f, -1.0f, 2.5f, 2.5f, -3.0f, 0.3f};
  expect_distribution(test::stages_off(), logits, test::softmax(logits));
}

TEST(Sampler, DrawsByProbabilityAfterEachKindOfStage) {
  const std::vector<float> logits{1.0f, 0.0f, -1.0f, 2.5f, 2.0f, -3.0f, 0.3f, kNan, -kInfinity};
  SamplingParams params = test::stages_off();
  params.temperature = 2.0f;
  std::vector<float> half;
  for (const float logit : logits) half.push_back(logit > -kInfinity ? logit / 2.0f : -kInfinity);
  expect_distribution(params, logits, test::softmax(half));
  params.top_k = 3;
  params.logit_bias = {{5, 4.0f}, {3, -kInfinity}};
  expect_distribution(params, logits,
                      test::softmax(std::vector{0.5f, -kInfinity, -kInfinity, -kInfinity, 1.0f, 0.5f, -kInfinity}));
}

TEST(Sampler, SameSeedSameTokens) {
  SamplingParams params;
  params.xtc_probability = 0.5f;
  params.repeat_penalty = 1.1f;
  params.temperature = 1.5f;
  EXPECT_EQ(generate(seeded(params, 7), 500, 100), generate(seeded(params, 7), 500, 100));
  EXPECT_NE(generate(seeded(params, 7), 500, 100), generate(seeded(params, 8), 500, 100));
}

// A change of these numbers changes what users get for a seed: only on purpose, and with a line in the release notes.
TEST(Sampler, TokensOfASeedAreFixed) {
  EXPECT_EQ(generate(seeded({}, 1), 1000, 8), (std::vector<TokenId>{937, 788, 196, 475, 404, 488, 874, 512}));
}

TEST(Sampler, WithoutASeedEachRequestGetsItsOwn) {
  const SamplingParams params;
  const Sampler a(params, 10, nullptr), b(params, 10, nullptr);
  EXPECT_NE(a.seed(), b.seed());
  EXPECT_EQ(Sampler(seeded(params, 99), 10, nullptr).seed(), 99u);
}

TEST(Sampler, GreedyIsTheBestWhateverTheOtherStages) {
  SamplingParams params;
  params.temperature = 0.0f;
  params.top_n_sigma = 1.0f;
  params.dynatemp_range = 0.5f;
  for (std::uint64_t i = 0; i < 50; ++i) {
    const std::vector<float> logits = test::random_logits(3000, i, /*grain=*/1.0f);
    Sampler sampler(params, 3000, nullptr);
    EXPECT_EQ(sampler.sample(logits).token, test::ranking(logits)[0]);
  }
  params.order = {};
  Sampler sampler(params, 3, nullptr);
  EXPECT_EQ(sampler.sample(std::vector{1.0f, 3.0f, 3.0f}).token, 1) << "also when `order` has no temperature";
}

TEST(Sampler, GreedySeesPenaltiesAndBans) {
  SamplingParams params;
  params.temperature = 0.0f;
  params.logit_bias = {{1, -kInfinity}};
  params.presence_penalty = 1.5f;
  Sampler sampler(params, 4, nullptr);
  const std::vector<float> logits{2.0f, 9.0f, 3.0f, 2.5f};
  EXPECT_EQ(sampler.sample(logits).token, 2);
  sampler.accept(2);
  EXPECT_EQ(sampler.sample(logits).token, 3);
}

TEST(Sampler, APromptIsNoPartOfTheCompletion) {
  SamplingParams params;
  params.temperature = 0.0f;
  params.frequency_penalty = 2.0f;
  const std::vector<float> logits{2.0f, 3.0f, 2.5f};
  Sampler sampler(params, 3, nullptr);
  sampler.accept_prompt(std::vector<TokenId>(100, 1));
  EXPECT_EQ(sampler.sample(logits).token, 1);
  sampler.accept(1);
  EXPECT_EQ(sampler.sample(logits).token, 2);
  sampler.accept(2);
  EXPECT_EQ(sampler.sample(logits).token, 0);
  params.frequency_penalty = 0.0f;
  params.repeat_penalty = 2.0f;
  Sampler repeats(params, 3, nullptr);
  repeats.accept_prompt(std::vector<TokenId>{1});
  EXPECT_EQ(repeats.sample(logits).token, 2);
}

TEST(Sampler, FollowsTheOrderOfTheRequest) {
  SamplingParams params = test::stages_off();
  params.temperature = 0.0f;
  params.top_k = 1;
  params.logit_bias = {{2, 100.0f}};
  const std::vector<float> logits{0.0f, 1.0f, 0.5f};
  EXPECT_EQ(Sampler(params, 3, nullptr).sample(logits).token, 2);
  params.order = {Stage::top_k, Stage::logit_bias};
  EXPECT_EQ(Sampler(params, 3, nullptr).sample(logits).token, 1) << "2 was gone before its bias came";
}

TEST(Sampler, NothingFiniteGivesTheLowestToken) {
  for (const float value : {kNan, -kInfinity})
    for (const float temperature : {0.0f, 1.0f}) {
      SamplingParams params;
      params.temperature = temperature;
      params.typical_p = 0.5f;
      Sampler sampler(params, 50, nullptr);
      const Drawn drawn = sampler.sample(std::vector<float>(50, value), /*want_logprob=*/true);
      EXPECT_EQ(drawn.token, 0);
      EXPECT_EQ(drawn.logprob, -kInfinity);
    }
}

TEST(Sampler, AllBannedGivesTheBestRawLogit) {
  SamplingParams params;
  params.logit_bias = {{0, -kInfinity}, {1, -kInfinity}};
  EXPECT_EQ(Sampler(params, 2, nullptr).sample(std::vector{0.0f, 1.0f}).token, 1);
}

TEST(Sampler, InfinityWins) {
  const std::vector<float> logits{1.0f, kNan, kInfinity, 3.0f};
  for (const float temperature : {0.0f, 0.01f, 1.0f, 100.0f}) {
    SamplingParams params = test::stages_off();
    params.temperature = temperature;
    const Drawn drawn = Sampler(params, 4, nullptr).sample(logits, true);
    EXPECT_EQ(drawn.token, 2);
    EXPECT_EQ(drawn.logprob, 0.0f);
  }
}

TEST(Sampler, LogprobIsThatOfTheUntouchedLogits) {
  SamplingParams params;
  params.logit_bias = {{4, 50.0f}};
  params.temperature = 0.3f;
  const std::vector<float> logits = test::random_logits(5000, 2);
  Sampler sampler(params, 5000, nullptr);
  const Drawn drawn = sampler.sample(logits, true);
  EXPECT_EQ(drawn.token, 4);
  // See the bound in scan_test; the result itself is a float of about 20.
  EXPECT_NEAR(static_cast<double>(drawn.logprob), std::log(test::softmax(logits)[4]), 5e-6);
  EXPECT_EQ(sampler.sample(logits).logprob, 0.0f);
}

TEST(Sampler, DryBreakersComeFromTheTokenizerOrItsFinder) {
  const test::PieceTokenizer tokenizer({"a", "b", "c", "\n"});
  const BreakerFinder finder(tokenizer);
  SamplingParams params = test::stages_off();
  params.temperature = 0.0f;
  params.dry_multiplier = 10.0f;
  const auto next = [&](Sampler sampler, const std::vector<TokenId>& history) {
    for (const TokenId token : history) sampler.accept(token);
    return sampler.sample(std::vector{1.0f, 2.0f, 3.0f, 0.0f}).token;
  };
  for (const std::vector<TokenId>& history : {std::vector<TokenId>{0, 1, 2, 0, 1}, {0, 1, 2, 0, 3, 1}}) {
    const TokenId want = history.size() == 5 ? 1 : 2;
    EXPECT_EQ(next(Sampler(params, 4, &tokenizer), history), want);
    EXPECT_EQ(next(Sampler(params, 4, finder), history), want);
  }
  EXPECT_EQ(next(Sampler(params, 4, nullptr), {3, 1, 2, 3, 1}), 1) << "no tokenizer: no breakers";
  EXPECT_EQ(next(Sampler(params, 4, finder), {3, 1, 2, 3, 1}), 2);
}

SamplingParams random_params(Rng& rng, std::size_t n_vocab) {
  const auto chance = [&rng](double p) { return rng.uniform() < p; };
  const auto between = [&rng](double low, double high) {
    return static_cast<float>(low + (high - low) * rng.uniform());
  };
  SamplingParams p;
  p.temperature = chance(0.2) ? 0.0f : between(0.0, chance(0.1) ? 100.0 : 2.0);
  p.dynatemp_range = chance(0.3) ? between(0.0, 3.0) : 0.0f;
  p.dynatemp_exponent = between(0.0, 4.0);
  p.top_k = chance(0.5) ? -1 : static_cast<std::int32_t>(rng.next() % (2 * n_vocab));
  p.top_p = chance(0.1) ? 0.0f : between(0.0, 1.0);
  p.min_p = chance(0.1) ? 1.0f : between(0.0, 1.0);
  p.typical_p = between(0.0, 1.2) > 1.0f ? 1.0f : between(0.0, 1.0);
  p.top_n_sigma = between(-1.0, 3.0);
  p.xtc_probability = between(0.0, 1.0);
  p.xtc_threshold = between(0.0, 1.0);
  p.repeat_last_n = static_cast<std::int32_t>(rng.next() % 100) - 1;
  p.repeat_penalty = between(0.01, 3.0);
  p.frequency_penalty = between(-2.0, 2.0);
  p.presence_penalty = between(-2.0, 2.0);
  p.dry_multiplier = between(0.0, 100.0);
  p.dry_base = between(1.0, 100.0);
  p.dry_allowed_length = static_cast<std::int32_t>(rng.next() % 5);
  p.dry_penalty_last_n = static_cast<std::int32_t>(rng.next() % 100) - 1;
  p.min_keep = static_cast<std::uint32_t>(rng.next() % 5);
  for (std::uint64_t i = rng.next() % 4; i > 0; --i)
    p.logit_bias.emplace_back(static_cast<TokenId>(rng.next() % n_vocab),
                              chance(0.3) ? -kInfinity : between(-100, 100));
  for (std::size_t i = p.order.size(); i > 1; --i) std::swap(p.order[i - 1], p.order[rng.next() % i]);
  p.order.resize(rng.next() % (p.order.size() + 1));
  return p;
}

TEST(Sampler, AnyValidParametersAndAnyLogitsGiveAToken) {
  constexpr std::array kOdd{kNan, kInfinity, -kInfinity, 3.4e38f, -3.4e38f, 1e-45f, 0.0f, -0.0f};
  Rng rng(5);
  for (std::uint64_t round = 0; round < 3000; ++round) {
    const std::size_t n_vocab = 1 + rng.next() % (round % 10 == 0 ? 2000 : 40);
    const SamplingParams params = seeded(random_params(rng, n_vocab), round);
    ASSERT_TRUE(validate(params, static_cast<std::uint32_t>(n_vocab)));
    Sampler sampler(params, static_cast<std::uint32_t>(n_vocab), nullptr);
    for (std::uint64_t step = 0; step < 10; ++step) {
      std::vector<float> logits = test::random_logits(n_vocab, round + step, round % 2 == 0 ? 0.5f : 0.0f);
      if (round % 3 == 0)
        for (float& logit : logits)
          if (rng.next() % 3 == 0) logit = kOdd[rng.next() % kOdd.size()];
      const Drawn drawn = sampler.sample(logits, /*want_logprob=*/true);
      ASSERT_GE(drawn.token, 0);
      ASSERT_LT(static_cast<std::size_t>(drawn.token), n_vocab);
      ASSERT_LE(drawn.logprob, 1e-5f) << "NaN would fail too";
      sampler.accept(drawn.token);
    }
  }
}

// The corners of every parameter, each with all the others' defaults and with rows of every odd kind: what is left
// after each stage are tokens of the vocabulary, in order, with probabilities that add up to 1.
TEST(Sampler, CornersOfEveryParameterLeaveADistribution) {
  using Set = std::function<void(SamplingParams&)>;
  std::vector<Set> corners;
  const auto floats = [&](float SamplingParams::*field, std::initializer_list<float> values) {
    for (const float value : values) corners.push_back([=](SamplingParams& p) { p.*field = value; });
  };
  const auto ints = [&](std::int32_t SamplingParams::*field, std::initializer_list<std::int32_t> values) {
    for (const std::int32_t value : values) corners.push_back([=](SamplingParams& p) { p.*field = value; });
  };
  floats(&SamplingParams::temperature, {0.0f, -0.0f, 1e-45f, 1e-38f, 1e-30f, 1e-6f, 100.0f});
  floats(&SamplingParams::dynatemp_range, {1e-45f, 0.8f, 100.0f});
  floats(&SamplingParams::top_p, {0.0f, 1e-45f, 1e-30f, 0.5f, std::nextafter(1.0f, 0.0f), 1.0f});
  floats(&SamplingParams::min_p, {0.0f, 1e-45f, 1e-30f, std::nextafter(1.0f, 0.0f), 1.0f});
  floats(&SamplingParams::typical_p, {0.0f, 1e-45f, 0.5f, std::nextafter(1.0f, 0.0f), 1.0f});
  floats(&SamplingParams::top_n_sigma, {-1.0f, 0.0f, 1e-45f, 100.0f});
  floats(&SamplingParams::repeat_penalty, {0.01f, 100.0f});
  floats(&SamplingParams::frequency_penalty, {-2.0f, 2.0f});
  floats(&SamplingParams::presence_penalty, {-2.0f, 2.0f});
  floats(&SamplingParams::dry_multiplier, {1e-45f, 100.0f});
  ints(&SamplingParams::top_k, {-1, 0, 1, 2, INT32_MAX});
  ints(&SamplingParams::repeat_last_n, {-1, 0, 1, INT32_MAX});
  corners.push_back([](SamplingParams& p) { p.xtc_probability = 1.0f, p.xtc_threshold = 0.0f; });
  corners.push_back([](SamplingParams& p) { p.min_keep = UINT32_MAX; });
  corners.push_back([](SamplingParams& p) { p.dynatemp_range = 100.0f, p.dynatemp_exponent = 0.0f; });
  corners.push_back([](SamplingParams& p) { p.dynatemp_range = 100.0f, p.dynatemp_exponent = 100.0f; });

  std::vector<std::vector<float>> rows{
      {0.0f},
      std::vector<float>(300, 0.0f),
      std::vector<float>(300, 3.4e38f),
      std::vector<float>(300, -3.4e38f),
      std::vector<float>(300, 1e-45f),
      {3.4e38f, -3.4e38f, 0.0f, 1e-45f, -1e-45f},
      {-kInfinity, 1.0f, -kInfinity, 1.0f, -kInfinity},
      {kNan, kInfinity, -kInfinity, 1.0f, kInfinity},
      std::vector<float>(40, kNan),
      std::vector<float>(40, -kInfinity),
      test::random_logits(3000, 1),
      test::random_logits(3000, 2, /*grain=*/2.0f),
  };
  for (std::size_t c = 0; c < corners.size(); ++c) {
    for (std::size_t other = 0; other <= corners.size(); ++other) {
      SamplingParams params = seeded({}, c);
      if (other < corners.size()) corners[other](params);
      corners[c](params);
      for (std::size_t r = 0; r < rows.size(); ++r) {
        const std::vector<float>& row = rows[r];
        if (row.size() > 1000 && other < corners.size()) continue;  // long rows only beside the defaults
        const auto n_vocab = static_cast<std::uint32_t>(row.size());
        ASSERT_TRUE(validate(params, n_vocab));
        Sequence sequence(params, c);
        sequence.history.accept_prompt(std::vector<TokenId>{0, 0, 0, 0});
        for (int i = 0; i < 70; ++i) sequence.history.accept(0);
        Candidates candidates;
        candidates.assign(row);
        for (const Stage stage : params.order) {
          apply_stage(stage, candidates, sequence);
          const std::span<const TokenId> ids = candidates.ids();
          ASSERT_TRUE(std::ranges::is_sorted(ids));
          ASSERT_TRUE(ids.empty() || (ids.front() >= 0 && static_cast<std::uint32_t>(ids.back()) < n_vocab));
          const Candidates::Weights w = candidates.weights();
          double sum = 0.0;
          for (const float weight : w.weight) {
            ASSERT_GE(weight, 0.0f) << "NaN would fail too";
            sum += static_cast<double>(weight) / w.total;
          }
          // Each addition of at most 3000 doubles rounds by half a unit at most.
          ASSERT_NEAR(sum, ids.empty() ? 0.0 : 1.0, 3000 * 1.2e-16) << stage_row(stage).name << ", row " << r;
        }
        const Drawn drawn = Sampler(params, n_vocab, nullptr).sample(row, /*want_logprob=*/true);
        ASSERT_GE(drawn.token, 0);
        ASSERT_LT(static_cast<std::uint32_t>(drawn.token), n_vocab);
        ASSERT_LE(drawn.logprob, 1e-5f) << "NaN would fail too";
      }
    }
  }
}

}  // namespace
}  // namespace quern::engine::sampling
