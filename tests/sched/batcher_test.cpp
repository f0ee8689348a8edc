#include "sched/batcher.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {

bool operator==(const BatchShare& a, const BatchShare& b) {
  return a.index == b.index && a.n_tokens == b.n_tokens && a.logits == b.logits;
}
void PrintTo(const BatchShare& s, std::ostream* out) {
  *out << '#' << s.index << ": " << s.n_tokens << (s.logits ? " with logits" : "");
}

namespace {

constexpr std::uint32_t kDecode = 0;

struct Case {
  std::string name;
  BatchLimits limits;
  std::vector<BatchInput> inputs;  // {n_prompt_left, last_turn, tenant}
  std::vector<BatchShare> want;    // {index, n_tokens, logits}
  std::uint32_t prefill_tokens = 256;
};

class BatcherTable : public testing::TestWithParam<Case> {};

TEST_P(BatcherTable, Chooses) {
  Batcher batcher(GetParam().limits, 16);
  const auto got = batcher.choose(GetParam().inputs, GetParam().prefill_tokens);
  EXPECT_EQ(std::vector<BatchShare>(got.begin(), got.end()), GetParam().want);
}

const Case kCases[] = {
    {"nothing", {}, {}, {}},
    {"one_decode", {}, {{kDecode}}, {{0, 1, true}}},
    {"prompt_alone_takes_the_whole_step", {.max_tokens = 100}, {{300}}, {{0, 100, false}}},
    {"prompt_alone_gets_what_the_caller_says", {.max_tokens = 100}, {{300}}, {{0, 10, false}}, 10},
    {"prompt_next_to_a_decode_is_held_back",
     {.max_tokens = 100},
     {{300}, {kDecode}},
     {{1, 1, true}, {0, 10, false}},
     10},
    {"prompt_next_to_a_decode_may_have_to_wait", {.max_tokens = 100}, {{300}, {kDecode}}, {{1, 1, true}}, 0},
    {"prompt_gets_what_the_step_has_left",
     {.max_tokens = 4},
     {{kDecode}, {300}, {kDecode}},
     {{0, 1, true}, {2, 1, true}, {1, 2, false}},
     10},
    {"where_all_tokens_need_logits_their_rows_are_the_limit",
     {.max_tokens = 100, .max_logits = 8},
     {{.n_prompt_left = 30, .all_logits = true}},
     {{0, 8, false}}},
    {"decodes_have_their_rows_first",
     {.max_tokens = 100, .max_logits = 8},
     {{kDecode}, {.n_prompt_left = 30, .all_logits = true}, {kDecode}},
     {{0, 1, true}, {2, 1, true}, {1, 6, false}}},
    {"one_that_ends_takes_no_more_rows_than_tokens",
     {.max_tokens = 100, .max_logits = 8},
     {{.n_prompt_left = 3, .all_logits = true}, {20}},
     {{0, 3, true}, {1, 20, true}}},
    {"chunk_ends_exactly_at_the_prompts_end", {.max_tokens = 8}, {{8}}, {{0, 8, true}}},
    {"one_token_short_of_the_end", {.max_tokens = 8}, {{9}}, {{0, 8, false}}},
    {"last_prompt_token", {.max_tokens = 8}, {{1}}, {{0, 1, true}}},
    {"prompts_share_evenly",
     {.max_tokens = 30},
     {{100}, {100}, {100}},
     {{0, 10, false}, {1, 10, false}, {2, 10, false}}},
    {"short_prompt_leaves_its_rest_to_long_ones",
     {.max_tokens = 30},
     {{100}, {4}, {100}},
     {{1, 4, true}, {0, 13, false}, {2, 13, false}}},
    {"odd_token_goes_to_the_longest", {.max_tokens = 7}, {{100}, {200}}, {{0, 3, false}, {1, 4, false}}},
    {"tenants_share_evenly_whatever_the_number_of_their_prompts",
     {.max_tokens = 40},
     {{100, 0, 0}, {100, 0, 0}, {100, 0, 1}, {100, 0, 0}, {100, 0, 0}},
     {{2, 20, false}, {0, 5, false}, {1, 5, false}, {3, 5, false}, {4, 5, false}}},
    {"what_one_tenant_leaves_goes_to_the_others",
     {.max_tokens = 40},
     {{100, 0, 0}, {100, 0, 0}, {4, 0, 1}},
     {{2, 4, true}, {0, 18, false}, {1, 18, false}}},
    {"a_chunk_may_be_limited", {.max_tokens = 40}, {{100, 0, 0, 8}, {100}}, {{0, 8, false}, {1, 32, false}}},
    {"more_prompts_than_tokens_the_longest_waiting_go",
     {.max_tokens = 2},
     {{9, 5}, {9, 3}, {9, 4}},
     {{1, 1, false}, {2, 1, false}}},
    {"more_decodes_than_places_the_longest_waiting_go",
     {.max_seqs = 2},
     {{kDecode, 7}, {kDecode, 5}, {kDecode, 6}},
     {{1, 1, true}, {2, 1, true}}},
    {"equals_go_in_order_of_admission",
     {.max_seqs = 2},
     {{kDecode}, {kDecode}, {kDecode}},
     {{0, 1, true}, {1, 1, true}}},
    {"tokens_limit_decodes", {.max_tokens = 1}, {{kDecode, 2}, {kDecode, 1}}, {{1, 1, true}}},
    {"logits_limit_decodes", {.max_logits = 1}, {{kDecode, 2}, {kDecode, 1}}, {{1, 1, true}}},
    {"a_place_is_kept_for_a_waiting_prompt",
     {.max_seqs = 2},
     {{kDecode, 1}, {kDecode, 2}, {50, 0}},
     {{0, 1, true}, {2, 50, true}}},
    {"a_single_place_goes_to_decodes", {.max_seqs = 1}, {{50, 0}, {kDecode, 9}}, {{1, 1, true}}},
    {"seats_limit_prompts", {.max_seqs = 2}, {{kDecode, 3}, {50, 2}, {50, 1}}, {{0, 1, true}, {2, 50, true}}},
    {"prompt_without_a_row_of_logits_stops_before_its_end",
     {.max_tokens = 30, .max_logits = 1},
     {{5}, {6}},
     {{0, 5, true}, {1, 5, false}}},
    {"prompt_that_needs_only_the_row_waits", {.max_logits = 1}, {{1, 1}, {1, 2}}, {{0, 1, true}}},
    {"unused_tokens_of_a_waiting_prompt_are_not_lost",
     {.max_tokens = 10, .max_logits = 1},
     {{1}, {1}, {100}},
     {{0, 1, true}, {2, 9, false}}},
};
INSTANTIATE_TEST_SUITE_P(All, BatcherTable, testing::ValuesIn(kCases),
                         [](const auto& param_info) { return param_info.param.name; });

// Everybody decodes for ever: over time all get the same number of turns.
TEST(Batcher, TakesTurnsAmongDecodes) {
  Batcher batcher({.max_seqs = 3}, 7);
  std::vector<BatchInput> inputs(7);
  std::vector<int> turns(7, 0);
  std::uint64_t turn = 0;
  for (int step = 1; step <= 70; ++step) {
    for (const BatchShare& share : batcher.choose(inputs, 256)) {
      ++turns[share.index];
      inputs[share.index].last_turn = ++turn;
    }
    const auto [least, most] = std::minmax_element(turns.begin(), turns.end());
    ASSERT_LE(*most - *least, 1) << "after step " << step;
  }
  EXPECT_EQ(turns, std::vector<int>(7, 30));
}

TEST(Batcher, ShortPromptIsNotStuckBehindALongOne) {
  Batcher batcher({.max_tokens = 64}, 3);
  std::vector<BatchInput> inputs{{100'000, 0}, {20, 0}, {kDecode, 0}};
  int steps = 0;
  for (; inputs[1].n_prompt_left > 0; ++steps) {
    for (const BatchShare& share : batcher.choose(inputs, 16)) {
      if (inputs[share.index].n_prompt_left > 0) inputs[share.index].n_prompt_left -= share.n_tokens;
    }
  }
  EXPECT_EQ(steps, 3);  // 8 of the 16 tokens each: 8 + 8 + 4
}

// Random inputs: the limits hold, decodes come first, nobody has two shares, and nothing is left idle without a reason.
TEST(Batcher, KeepsItsLimitsOnRandomInputs) {
  std::mt19937 random(7);
  const auto upto = [&random](std::uint32_t n) { return static_cast<std::uint32_t>(random() % n + 1); };
  for (int round = 0; round < 20'000; ++round) {
    const BatchLimits limits{.max_tokens = upto(24), .max_seqs = upto(8), .max_logits = upto(8)};
    std::vector<BatchInput> inputs(upto(12));
    for (BatchInput& input : inputs) input = {random() % 2 ? upto(30) : kDecode, random() % 9, upto(4), upto(40)};
    const bool any_decodes =
        std::ranges::any_of(inputs, [](const auto& input) { return input.n_prompt_left == kDecode; });
    const std::uint32_t prefill_tokens = upto(17) - (any_decodes ? 1 : 0);
    Batcher batcher(limits, 12);
    std::uint32_t tokens = 0, logits = 0, decodes = 0, prefill = 0, seqs = 0;
    std::vector<bool> seen(inputs.size(), false);
    for (const BatchShare& share : batcher.choose(inputs, prefill_tokens)) {
      const std::uint32_t left = inputs[share.index].n_prompt_left;
      ASSERT_FALSE(seen[share.index]);
      seen[share.index] = true;
      ASSERT_GE(share.n_tokens, 1u);
      ++seqs, tokens += share.n_tokens, logits += share.logits;
      if (left == kDecode) {
        ASSERT_EQ(prefill, 0u) << "decodes come first";
        ASSERT_TRUE(share.logits && share.n_tokens == 1);
        ++decodes;
      } else {
        ASSERT_LE(share.n_tokens, std::min(left, inputs[share.index].max_chunk));
        ASSERT_EQ(share.logits, share.n_tokens == left);
        prefill += share.n_tokens;
      }
    }
    ASSERT_GE(seqs, 1u) << "somebody always moves";
    ASSERT_LE(tokens, limits.max_tokens);
    ASSERT_LE(seqs, limits.max_seqs);
    ASSERT_LE(logits, limits.max_logits);
    ASSERT_LE(prefill, prefill_tokens);
  }
}

}  // namespace
}  // namespace quern::sched
