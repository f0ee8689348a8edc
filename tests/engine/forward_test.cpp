// The forward pass computes a row the same way whatever shares its step: chunk borders, other sequences, page size, KV
// layout, workers, NUMA nodes, sequences cancelled inside the step. "The same" means bit for bit.
#include "engine/forward.hpp"

#include "tests/support/model_runner.hpp"
#include "tests/support/test_tiers.hpp"

#include <atomic>
#include <cmath>
#include <cstring>
#include <numeric>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using Row = std::vector<float>;

std::string data(const char* name) {
  return std::string(QUERN_TEST_DATA_DIR) + "/" + name + ".gguf";
}

std::unique_ptr<ModelRunner> make(const char* model, const RunnerOptions& options) {
  auto runner = ModelRunner::create(data(model), options);
  EXPECT_TRUE(runner.has_value()) << runner.error().detail;
  return runner ? std::move(*runner) : nullptr;
}

std::vector<std::int32_t> prompt(std::uint32_t n, std::uint32_t seed) {
  std::vector<std::int32_t> tokens;
  for (std::uint32_t i = 0; i < n; ++i)
    tokens.push_back(static_cast<std::int32_t>(3 + (seed * 7919u + i * 104729u) % 500));
  return tokens;
}

bool same_bits(const Row& a, const Row& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

Row last_row(ModelRunner& runner, const std::vector<std::int32_t>& tokens, std::vector<std::uint32_t> chunks) {
  const auto last = static_cast<std::uint32_t>(tokens.size() - 1);
  auto rows = runner.prefill(tokens, {&last, 1}, chunks);
  return rows.empty() ? Row{} : rows.front();
}

class Forward : public testing::TestWithParam<const char*> {};

TEST_P(Forward, ChunkBordersDoNotChangeBits) {
  for (const TierUnderTest& tier : tiers_under_test()) {
    const auto runner = make(GetParam(), {.kernels = tier.table});
    ASSERT_NE(runner, nullptr);
    const auto tokens = prompt(53, 1);
    const Row whole = last_row(*runner, tokens, {53});
    ASSERT_EQ(whole.size(), runner->model().params().n_vocab);
    for (const std::vector<std::uint32_t>& chunks :
         {std::vector<std::uint32_t>{1}, {7}, {16}, {17, 3, 1, 32}, {52, 1}}) {
      runner->reset();
      EXPECT_TRUE(same_bits(last_row(*runner, tokens, chunks), whole)) << tier.name << ", first chunk " << chunks[0];
    }
  }
}

TEST_P(Forward, PagesAndWorkersAndNodesDoNotChangeBits) {
  const auto tokens = prompt(41, 2);
  for (const TierUnderTest& tier : tiers_under_test()) {
    Row want;
    for (const std::uint32_t page_tokens : {32u, 64u}) {
      for (const std::uint32_t n_workers : {1u, 2u, 5u}) {
        for (const char* topology : {"", "numa:2 core:2 pu:1", "numa:4 core:1 pu:1"}) {
          const auto runner = make(GetParam(), {.kernels = tier.table,
                                                .page_tokens = page_tokens,
                                                .n_workers = n_workers,
                                                .n_pages = 8,
                                                .synthetic_topology = topology});
          ASSERT_NE(runner, nullptr);
          const Row got = last_row(*runner, tokens, {13});
          if (want.empty()) want = got;
          EXPECT_TRUE(same_bits(got, want))
              << tier.name << ", page " << page_tokens << ", workers " << n_workers << ", " << topology;
        }
      }
    }
  }
}

// Pages smaller than an attention block (32 keys) change the order of sums: equal up to rounding.
TEST_P(Forward, SmallPagesGiveTheSameNumbers) {
  const auto tokens = prompt(41, 2);
  for (const TierUnderTest& tier : tiers_under_test()) {
    const auto wide = make(GetParam(), {.kernels = tier.table, .page_tokens = 64, .n_pages = 8});
    const auto narrow = make(GetParam(), {.kernels = tier.table, .page_tokens = 16, .n_pages = 8});
    ASSERT_TRUE(wide != nullptr && narrow != nullptr);
    const Row want = last_row(*wide, tokens, {41}), got = last_row(*narrow, tokens, {41});
    double error = 0, power = 0;
    for (std::size_t i = 0; i < want.size(); ++i) {
      error += std::pow(static_cast<double>(got[i]) - want[i], 2);
      power += std::pow(static_cast<double>(want[i]), 2);
    }
    // A few F32 roundings (2^-24 each, squared 4e-15) per layer, amplified by two or three layers.
    EXPECT_LT(error / power, 1e-11) << tier.name;
  }
}

TEST_P(Forward, NeighboursInTheStepDoNotChangeBits) {
  for (const TierUnderTest& tier : tiers_under_test()) {
    const auto runner = make(GetParam(), {.kernels = tier.table, .n_pages = 128});
    ASSERT_NE(runner, nullptr);
    // Alone: a prompt of 19 tokens, then three generated ones.
    const auto tokens = prompt(19, 3);
    std::vector<Row> alone{last_row(*runner, tokens, {19})};
    for (const std::int32_t next : {5, 77, 301}) {
      const Chunk chunk{.seq = 0, .tokens = {next}, .logits_at = {0}, .decode = true};
      alone.push_back(runner->step({&chunk, 1}).front());
    }
    // In company: two sequences that decode, prefill chunks of others in every step.
    runner->reset();
    const std::uint32_t a = runner->add_sequence(), b = runner->add_sequence(), c = runner->add_sequence();
    std::vector<Chunk> step{{.seq = b, .tokens = prompt(33, 4)}, {.seq = a, .tokens = tokens, .logits_at = {18}}};
    EXPECT_TRUE(same_bits(runner->step(step).at(0), alone[0])) << tier.name;
    std::size_t i = 1;
    for (const std::int32_t next : {5, 77, 301}) {
      step = {{.seq = b, .tokens = {9}, .logits_at = {0}, .decode = true},
              {.seq = a, .tokens = {next}, .logits_at = {0}, .decode = true},
              {.seq = c, .tokens = prompt(11, static_cast<std::uint32_t>(i))}};
      EXPECT_TRUE(same_bits(runner->step(step).at(1), alone[i])) << tier.name << ", generated token " << i;
      ++i;
    }
  }
}

TEST_P(Forward, SequencesCancelledInsideTheStepDoNotDisturbOthers) {
  const auto runner = make(GetParam(), {.kernels = tiers_under_test().front().table, .n_pages = 128});
  ASSERT_NE(runner, nullptr);
  const auto tokens = prompt(24, 5);
  const Row alone = last_row(*runner, tokens, {24});
  runner->reset();
  const std::uint32_t a = runner->add_sequence(), b = runner->add_sequence(), c = runner->add_sequence();
  const std::atomic<bool> gone{true}, wanted{false};
  const std::vector<Chunk> step{
      {.seq = b, .tokens = {4}, .logits_at = {0}, .decode = true, .cancelled = &gone},
      {.seq = a, .tokens = tokens, .logits_at = {23}, .cancelled = &wanted},
      {.seq = c, .tokens = prompt(40, 6), .logits_at = {39}, .cancelled = &gone},
  };
  const auto rows = runner->step(step);
  ASSERT_EQ(rows.size(), 3u);
  EXPECT_TRUE(same_bits(rows[1], alone));
  // All cancelled: the step ends early and nothing is read or written out of place.
  const std::vector<Chunk> dead{{.seq = c, .tokens = prompt(5, 7), .logits_at = {4}, .cancelled = &gone}};
  EXPECT_EQ(runner->step(dead).size(), 1u);
}

INSTANTIATE_TEST_SUITE_P(Models, Forward,
                         testing::Values("arch/llama", "arch/llama-moe", "arch/llama-tied", "arch/llama-yarn",
                                         "quant/Q4_K_M", "quant/Q8_0"),
                         [](const auto& param) {
                           std::string name = param.param;
                           for (char& c : name) c = std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
                           return name;
                         });

}  // namespace
}  // namespace quern::test
