#include "tests/engine/sampling/stage_support.hpp"

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

using Tokens = std::vector<TokenId>;
using Breakers = std::vector<BreakerTable::Breaker>;

constexpr std::uint32_t kVocab = 8;

SamplingParams dry_params() {
  SamplingParams params = test::stages_off();
  params.dry_multiplier = 1.0f;
  params.dry_base = 2.0f;
  params.dry_allowed_length = 2;
  return params;
}

test::Left penalties(Sequence& sequence) {
  const std::vector<float> zeros(kVocab, 0.0f);
  Candidates c;
  c.assign(zeros);
  apply_stage(Stage::dry, c, sequence);
  test::Left left = test::left_of(c);
  std::erase_if(left, [](const auto& entry) { return entry.second == 0.0f; });
  return left;
}

test::Left penalties(const SamplingParams& params, const Tokens& history, const Breakers& breakers = {}) {
  Sequence sequence(params, 0, std::make_shared<BreakerTable>(breakers, kVocab));
  for (const TokenId token : history) sequence.history.accept(token);
  return penalties(sequence);
}

// The definition, token by token: how far does the end of the window agree with what stands before each place?
test::Left naive(const SamplingParams& params, Tokens history, const Breakers& breakers) {
  if (params.dry_penalty_last_n >= 0 && history.size() > static_cast<std::size_t>(params.dry_penalty_last_n))
    history.erase(history.begin(), history.end() - params.dry_penalty_last_n);
  const std::size_t n = history.size(), allowed = static_cast<std::size_t>(params.dry_allowed_length);
  std::size_t run_max = n;
  for (std::size_t head = n; head-- > 0 && run_max == n;) {
    std::size_t longest = 0;
    bool found = false;
    for (const BreakerTable::Breaker& b : breakers) {
      if (b.head != history[head] || b.tail.size() > n - 1 - head) continue;
      if (!std::equal(b.tail.begin(), b.tail.end(), history.begin() + static_cast<std::ptrdiff_t>(head) + 1)) continue;
      found = true;
      longest = std::max(longest, b.tail.size());
    }
    if (found) run_max = n - 1 - head - longest;
  }
  test::Left left;
  if (n <= allowed || run_max < allowed) return left;
  for (std::size_t at = 1; at < n; ++at) {
    std::size_t run = 0;
    while (run < at && history[at - 1 - run] == history[n - 1 - run]) ++run;
    run = std::min(run, run_max);
    if (run < allowed) continue;
    const auto alone = [&](const auto& b) { return b.head == history[at] && b.tail.empty(); };
    if (std::any_of(breakers.begin(), breakers.end(), alone)) continue;
    const float penalty = static_cast<float>(std::pow(2.0, static_cast<double>(run - allowed)));
    float& entry = left[history[at]];
    entry = std::min(entry, -penalty);
  }
  return left;
}

TEST(Dry, PenaltyGrowsWithTheRun) {
  EXPECT_TRUE(penalties(dry_params(), {1, 2, 3, 4}).empty());
  EXPECT_EQ(penalties(dry_params(), {1, 2, 3, 4, 1, 2}), (test::Left{{3, -1.0f}}));
  EXPECT_EQ(penalties(dry_params(), {1, 2, 3, 4, 1, 2, 3}), (test::Left{{4, -2.0f}}));
  EXPECT_EQ(penalties(dry_params(), {5, 1, 2, 3, 4, 5, 1, 2, 3}), (test::Left{{4, -4.0f}}));
}

TEST(Dry, BreakerEndsARunAndIsNotPenalized) {
  EXPECT_TRUE(penalties(dry_params(), {1, 2, 3, 4, 1, 2}, {{1, {}}}).empty()) << "only one token after the breaker";
  EXPECT_TRUE(penalties(dry_params(), {1, 2, 3, 4, 1, 2}, {{3, {}}}).empty()) << "3 itself would have been next";
  EXPECT_EQ(penalties(dry_params(), {7, 1, 2, 3, 4, 7, 1, 2}, {{6, {7}}, {7, {}}}), (test::Left{{3, -1.0f}}));
}

TEST(Dry, EqualsItsDefinitionOnRandomHistories) {
  Rng rng(11);
  const std::vector<Breakers> breaker_sets{
      {}, {{0, {}}}, {{0, {1}}, {0, {1, 2}}, {1, {}}}, {{2, {2, 2}}, {3, {0}}, {0, {}}}};
  for (int round = 0; round < 3000; ++round) {
    SamplingParams params = dry_params();
    params.dry_allowed_length = static_cast<std::int32_t>(rng.next() % 4);
    params.dry_penalty_last_n = round % 3 == 0 ? -1 : static_cast<std::int32_t>(1 + rng.next() % 40);
    const Breakers& breakers = breaker_sets[rng.next() % breaker_sets.size()];
    const std::uint64_t n_symbols = 1 + rng.next() % 5;
    Sequence sequence(params, 0, std::make_shared<BreakerTable>(breakers, kVocab));
    Tokens history;
    // Growing one sequence step by step is what tests the memory of breakers seen before.
    for (std::size_t step = 0; step < 60; ++step) {
      history.push_back(static_cast<TokenId>(rng.next() % n_symbols));
      sequence.history.accept(history.back());
      if (rng.next() % 4 == 0) continue;  // a step that did not ask
      ASSERT_EQ(penalties(sequence), naive(params, history, breakers)) << "round " << round << ", step " << step;
    }
  }
}

TEST(Dry, HugePenaltiesStayFinite) {
  SamplingParams params = dry_params();
  params.dry_multiplier = 100.0f;
  params.dry_base = 100.0f;
  const test::Left left = penalties(params, Tokens(5000, 3));
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left.at(3), -kLogitMax);
}

TEST(Dry, WindowIsBounded) {  // the repetition lies further back than any window reaches
  Tokens history{1, 2, 3};
  history.resize(kDryWindowMax + 10, 4);
  history.insert(history.end(), {1, 2});
  EXPECT_TRUE(penalties(dry_params(), history).empty());
  EXPECT_EQ(penalties(dry_params(), {history.begin(), history.begin() + 3}).size(), 0u);
}

TEST(BreakerTable, PrefersTheLongestTailAndIgnoresStrayHeads) {
  const BreakerTable table({{1, {}}, {1, {2, 3}}, {1, {2}}, {900, {}}, {-4, {}}, {5, Tokens(30, 5)}}, kVocab);
  EXPECT_EQ(table.match(Tokens{1, 2, 3, 4}), std::optional<std::size_t>(2));
  EXPECT_EQ(table.match(Tokens{1, 2, 4}), std::optional<std::size_t>(1));
  EXPECT_EQ(table.match(Tokens{1}), std::optional<std::size_t>(0));
  EXPECT_EQ(table.match(Tokens{2, 3}), std::nullopt);
  EXPECT_EQ(table.match(Tokens{}), std::nullopt);
  EXPECT_EQ(table.match(Tokens(kBreakerTailMax + 1, 5)), std::optional<std::size_t>(kBreakerTailMax));
  EXPECT_TRUE(table.breaks_alone(1));
  EXPECT_FALSE(table.breaks_alone(5));
  EXPECT_FALSE(table.breaks_alone(900));
  EXPECT_FALSE(table.breaks_alone(-4));
}

}  // namespace
}  // namespace quern::engine::sampling
