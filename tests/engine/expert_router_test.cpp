// Which experts a row gets and with what weight, for every way of scoring; slots in order of expert and row.
#include "engine/expert_router.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace quern::engine {
namespace {

// The (expert, weight) pairs of a row by rank.
std::vector<std::pair<std::uint32_t, float>> choices(const ExpertRouter& router, const MoeParams& params,
                                                     std::uint32_t row) {
  std::vector<std::pair<std::uint32_t, float>> out;
  for (std::uint32_t rank = 0; rank < params.n_used; ++rank) {
    const std::uint32_t slot = router.slot_of(std::size_t{row} * params.n_used + rank);
    std::uint32_t expert = 0;
    while (slot >= router.begin(expert + 1)) ++expert;
    EXPECT_EQ(router.slot(slot).row, row);
    out.emplace_back(expert, router.slot(slot).weight);
  }
  return out;
}

std::vector<std::pair<std::uint32_t, float>> choose(const MoeParams& params, std::vector<float> logits,
                                                    const std::vector<float>& bias = {}) {
  ExpertRouter router(params, 1);
  router.route(logits.data(), 1, bias);
  return choices(router, params, 0);
}

float sigmoid(float x) {
  return 1.0f / (1.0f + std::exp(-x));
}

TEST(ExpertRouter, SoftmaxOverAllOrOverTheChosen) {
  MoeParams params{.n_experts = 4, .n_used = 2};
  const std::vector<float> logits{0.0f, 2.0f, 1.0f, -1.0f};
  const float all = 1.0f + std::exp(2.0f) + std::exp(1.0f) + std::exp(-1.0f);
  params.normalize = false;
  auto got = choose(params, logits);
  EXPECT_EQ(got[0].first, 1u);
  EXPECT_EQ(got[1].first, 2u);
  EXPECT_NEAR(got[0].second, std::exp(2.0f) / all, 1e-6);
  EXPECT_NEAR(got[1].second, std::exp(1.0f) / all, 1e-6);
  const float first = std::exp(2.0f) / (std::exp(2.0f) + std::exp(1.0f));
  params.normalize = true;
  EXPECT_NEAR(choose(params, logits)[0].second, first, 1e-6);
  params.normalize = false;
  params.gating = Gating::softmax_of_chosen;
  params.scale = 2.5f;
  got = choose(params, logits);
  EXPECT_NEAR(got[0].second, 2.5f * first, 1e-6);
  EXPECT_NEAR(got[0].second + got[1].second, 2.5f, 1e-6);
}

TEST(ExpertRouter, ABiasChangesTheChoiceAndNotTheWeight) {
  const MoeParams params{.n_experts = 3, .n_used = 1, .gating = Gating::sigmoid, .normalize = false};
  const std::vector<float> logits{1.0f, 0.5f, -3.0f};
  EXPECT_EQ(choose(params, logits)[0].first, 0u);
  const auto got = choose(params, logits, {0.0f, 0.0f, 2.0f});
  EXPECT_EQ(got[0].first, 2u);
  EXPECT_NEAR(got[0].second, sigmoid(-3.0f), 1e-7);
}

// Experts 0-1, 2-3, 4-5: the group of the best expert is not the best group.
TEST(ExpertRouter, GroupsAreChosenByTheirBestTwo) {
  const MoeParams params{
      .n_experts = 6, .n_used = 2, .gating = Gating::sigmoid, .normalize = false, .n_groups = 3, .n_groups_used = 1};
  const auto got = choose(params, {3.0f, -9.0f, 2.0f, 1.9f, 1.0f, 1.5f});
  EXPECT_EQ(got[0].first, 2u);
  EXPECT_EQ(got[1].first, 3u);
}

TEST(ExpertRouter, SlotsAreOrderedByExpertThenRow) {
  const MoeParams params{.n_experts = 3, .n_used = 2};
  ExpertRouter router(params, 4);
  std::vector<float> logits{5, 4, 0, /**/ 0, 4, 5, /**/ 5, 0, 4, /**/ 4, 5, 0};
  router.route(logits.data(), 4, {});
  EXPECT_EQ(router.n_slots(), 8u);
  for (std::uint32_t e = 0; e < 3; ++e) {
    for (std::uint32_t slot = router.begin(e) + 1; slot < router.begin(e + 1); ++slot) {
      EXPECT_LT(router.slot(slot - 1).row, router.slot(slot).row);
    }
  }
  EXPECT_EQ(router.begin(1) - router.begin(0), 3u);  // rows 0, 2, 3
  EXPECT_EQ(choices(router, params, 1)[0].first, 2u);
}

TEST(ExpertRouter, BrokenLogitsStillNameExperts) {
  for (const Gating gating : {Gating::softmax, Gating::sigmoid, Gating::softmax_of_chosen}) {
    const MoeParams params{.n_experts = 4, .n_used = 3, .gating = gating, .n_groups = 2, .n_groups_used = 2};
    for (const float broken : {NAN, INFINITY, -INFINITY}) {
      for (const auto& [expert, weight] : choose(params, std::vector<float>(4, broken))) EXPECT_LT(expert, 4u);
    }
  }
}

TEST(ExpertRouter, RootOfSoftplus) {
  const MoeParams params{.n_experts = 3, .n_used = 2, .gating = Gating::sqrt_softplus, .normalize = false};
  const auto got = choose(params, {1.0f, -2.0f, 40.0f});
  EXPECT_EQ(got[0].first, 2u);
  EXPECT_NEAR(got[0].second, std::sqrt(40.0), 1e-6);
  EXPECT_EQ(got[1].first, 0u);
  EXPECT_NEAR(got[1].second, std::sqrt(std::log1p(std::exp(1.0))), 1e-6);
}

// Where logits are so large that the scores are all 1 in F32, the first experts are chosen, as by a model's maker.
TEST(ExpertRouter, ScoresThatF32CannotTellApart) {
  const MoeParams params{.n_experts = 4, .n_used = 2, .gating = Gating::sigmoid};
  const auto got = choose(params, {16.9f, 19.4f, 27.0f, 23.7f});
  EXPECT_EQ(got[0].first, 0u);
  EXPECT_EQ(got[1].first, 1u);
}

}  // namespace
}  // namespace quern::engine
