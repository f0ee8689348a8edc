// Stages that only drop candidates, against naive implementations on vocabularies larger than any fast path.
#include "engine/sampling/mass_cutoff.hpp"
#include "tests/engine/sampling/stage_support.hpp"

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

using test::Left;
using test::run_stage;
using test::stages_off;

Left keep(std::span<const float> logits, std::span<const TokenId> ids) {
  Left left;
  for (const TokenId id : ids) left.emplace(id, logits[static_cast<std::size_t>(id)]);
  return left;
}

class Truncation : public testing::TestWithParam<std::size_t> {
 protected:
  std::vector<float> logits_ = test::random_logits(GetParam(), GetParam(), /*grain=*/0.01f);
  std::vector<TokenId> ranking_ = test::ranking(logits_);
  std::vector<double> p_ = test::softmax(logits_);
  SamplingParams params_ = stages_off();
  double p_of(TokenId id) const { return p_[static_cast<std::size_t>(id)]; }
};

TEST_P(Truncation, TopKKeepsTheKBest) {
  for (const std::int32_t k : {1, 3, 40, 1000}) {
    params_.top_k = k;
    const std::size_t n = std::min(ranking_.size(), static_cast<std::size_t>(k));
    EXPECT_EQ(run_stage(Stage::top_k, params_, logits_), keep(logits_, std::span(ranking_).first(n)));
  }
}

TEST_P(Truncation, TopPKeepsTheShortestBeginning) {
  for (const float top_p : {0.0f, 0.1f, 0.5f, 0.9f, 0.99f, 0.9999f})
    for (const std::uint32_t min_keep : {0u, 1u, 3u}) {
      params_.top_p = top_p;
      params_.min_keep = min_keep;
      const Left left = run_stage(Stage::top_p, params_, logits_);
      const std::size_t n = left.size();
      ASSERT_EQ(left, keep(logits_, std::span(ranking_).first(n))) << "the best, whatever their number";
      double mass = 0.0;
      for (std::size_t i = 0; i < n; ++i) mass += p_of(ranking_[i]);
      // Weights are floats, 2.4e-7 off at most; so is the sum, relative to 1.
      EXPECT_GE(mass, static_cast<double>(top_p) - 5e-7);
      const bool needs_last = mass - p_of(ranking_[n - 1]) < static_cast<double>(top_p) + 5e-7;
      EXPECT_TRUE(needs_last || n == std::min<std::size_t>(min_keep, logits_.size()))
          << "top_p " << top_p << " keeps " << n;
      EXPECT_GE(n, std::min<std::size_t>(min_keep, logits_.size()));
    }
}

TEST_P(Truncation, MinPIsRelativeToTheBest) {
  for (const float min_p : {1e-6f, 0.05f, 0.5f, 1.0f})
    for (const std::uint32_t min_keep : {0u, 1u, 50u}) {
      params_.min_p = min_p;
      params_.min_keep = min_keep;
      const Left left = run_stage(Stage::min_p, params_, logits_);
      ASSERT_EQ(left, keep(logits_, std::span(ranking_).first(left.size())));
      std::size_t n = 0;
      for (const TokenId id : ranking_) n += p_of(id) >= static_cast<double>(min_p) * p_of(ranking_[0]) ? 1 : 0;
      EXPECT_EQ(left.size(), std::min(logits_.size(), std::max<std::size_t>(n, min_keep))) << min_p;
    }
}

TEST_P(Truncation, TypicalKeepsWhatIsNearestToTheEntropy) {
  double entropy = 0.0;
  for (const double p : p_) entropy -= p * std::log(p);
  const auto distance = [&](TokenId id) { return std::fabs(-std::log(p_of(id)) - entropy); };
  for (const float typical_p : {0.05f, 0.5f, 0.95f}) {
    params_.typical_p = typical_p;
    const Left left = run_stage(Stage::typical, params_, logits_);
    double mass = 0.0, furthest = -1.0, furthest_p = 0.0, nearest_out = 1e9;
    for (const TokenId id : ranking_) {
      if (!left.contains(id)) {
        nearest_out = std::min(nearest_out, distance(id));
        continue;
      }
      mass += p_of(id);
      if (distance(id) > furthest) furthest = distance(id), furthest_p = p_of(id);
    }
    EXPECT_LE(furthest, nearest_out + 1e-5) << "keys are floats of up to 36: half an ulp is 2e-6";
    EXPECT_GT(mass, static_cast<double>(typical_p) - 5e-7);
    // Several may be equally far within rounding, each about as likely as the furthest.
    EXPECT_LT(mass - furthest_p, static_cast<double>(typical_p) + 5e-7 + furthest_p);
  }
}

TEST_P(Truncation, TopNSigmaMeasuresFromTheBest) {
  double mean = 0.0, squares = 0.0;
  for (const float v : logits_) mean += static_cast<double>(v) / static_cast<double>(logits_.size());
  for (const float v : logits_) squares += (static_cast<double>(v) - mean) * (static_cast<double>(v) - mean);
  const double sigma = std::sqrt(squares / static_cast<double>(logits_.size()));
  for (const float n_sigma : {0.123f, 1.0f, 2.5f}) {
    params_.top_n_sigma = n_sigma;
    const float floor = static_cast<float>(static_cast<double>(logits_[static_cast<std::size_t>(ranking_[0])]) -
                                           static_cast<double>(n_sigma) * sigma);
    Left want;
    for (std::size_t i = 0; i < logits_.size(); ++i)
      if (logits_[i] >= floor || logits_.size() == 1) want.emplace(static_cast<TokenId>(i), logits_[i]);
    EXPECT_EQ(run_stage(Stage::top_n_sigma, params_, logits_), want);
  }
}

TEST_P(Truncation, XtcDropsAllTopChoicesButTheLast) {
  params_.xtc_probability = 1.0f;
  for (const float threshold : {0.001f, 0.02f, 0.1f, 0.5f}) {
    params_.xtc_threshold = threshold;
    std::size_t n_above = 0;
    for (const double p : p_) n_above += p >= static_cast<double>(threshold) ? 1 : 0;
    const std::size_t n_dropped = n_above > 0 ? n_above - 1 : 0;
    EXPECT_EQ(run_stage(Stage::xtc, params_, logits_), keep(logits_, std::span(ranking_).subspan(n_dropped)));
  }
}

INSTANTIATE_TEST_SUITE_P(Sizes, Truncation, testing::Values(1, 2, 50, 600, 20000), testing::PrintToStringParamName());

TEST(TruncationEdges, EqualLogitsAreCutById) {
  const std::vector<float> flat(1000, 0.25f);
  SamplingParams params = stages_off();
  params.top_k = 3;
  EXPECT_EQ(run_stage(Stage::top_k, params, flat), (Left{{0, 0.25f}, {1, 0.25f}, {2, 0.25f}}));
  params.top_p = 0.0025f;
  EXPECT_EQ(run_stage(Stage::top_p, params, flat), (Left{{0, 0.25f}, {1, 0.25f}, {2, 0.25f}}));
}

TEST(TruncationEdges, XtcHonoursMinKeepAndItsProbability) {
  const std::vector<float> logits{3.0f, 3.0f, 3.0f, 0.0f};
  SamplingParams params = stages_off();
  params.xtc_probability = 1.0f;
  EXPECT_EQ(run_stage(Stage::xtc, params, logits), (Left{{2, 3.0f}, {3, 0.0f}})) << "of equal ones the last stays";
  params.min_keep = 3;
  EXPECT_EQ(run_stage(Stage::xtc, params, logits).size(), 4u);
  params.min_keep = 1;
  params.xtc_probability = 0.3f;
  Sequence sequence(params, /*seed=*/9);
  int n_applied = 0;
  for (int i = 0; i < 10000; ++i) {
    Candidates c;
    c.assign(logits);
    apply_stage(Stage::xtc, c, sequence);
    n_applied += c.size() == 2 ? 1 : 0;
  }
  EXPECT_NEAR(n_applied, 3000, 5 * 46) << "binomial: deviation sqrt(10000 * 0.3 * 0.7) = 46, five of them";
}

TEST(TruncationEdges, NothingLeftStaysNothing) {
  const std::vector<float> nothing(40, std::numeric_limits<float>::quiet_NaN());
  SamplingParams params;  // everything on
  params.typical_p = 0.5f;
  params.top_n_sigma = 1.0f;
  params.xtc_probability = 1.0f;
  params.dynatemp_range = 0.3f;
  params.repeat_penalty = 1.2f;
  params.dry_multiplier = 1.0f;
  params.logit_bias = {{3, 5.0f}};
  const std::vector<TokenId> history{1, 2, 3, 1, 2, 3, 1, 2};
  for (const StageRow& row : stage_rows()) {
    ASSERT_TRUE(row.active(params)) << row.name;
    EXPECT_TRUE(run_stage(row.stage, params, nothing, history).empty()) << row.name;
  }
  params.top_p = 0.0f;
  params.typical_p = 0.0f;
  params.min_keep = 0;
  EXPECT_TRUE(run_stage(Stage::top_p, params, nothing).empty());
  EXPECT_TRUE(run_stage(Stage::typical, params, nothing).empty());
}

}  // namespace
}  // namespace quern::engine::sampling
