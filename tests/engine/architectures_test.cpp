// Every architecture computes a sequence the same way, bit for bit, in one piece, in chunks with odd borders, and among
// others of different lengths; with pages of 16 and 64 tokens the same up to rounding; and embeds a text alone as it
// does in a batch. Recurrent states follow their sequence.
#include "engine/forward.hpp"
#include "kernels/cpu/isa.hpp"
#include "tests/support/arch_models.hpp"
#include "tests/support/model_runner.hpp"

#include <atomic>
#include <cmath>
#include <cstring>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using Row = std::vector<float>;
using engine::Pooling;

std::vector<std::int32_t> prompt(std::uint32_t n, std::uint32_t seed) {
  std::vector<std::int32_t> tokens;
  for (std::uint32_t i = 0; i < n; ++i)
    tokens.push_back(static_cast<std::int32_t>(3 + (seed * 7919u + i * 104729u) % 500));
  return tokens;
}

bool same_bits(const Row& a, const Row& b) {
  return !a.empty() && a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

double nmse(const Row& got, const Row& want) {
  double error = 0, power = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    error += std::pow(static_cast<double>(got[i]) - static_cast<double>(want[i]), 2);
    power += std::pow(static_cast<double>(want[i]), 2);
  }
  return error / power;
}

Row last_row(ModelRunner& runner, const std::vector<std::int32_t>& tokens, std::vector<std::uint32_t> chunks) {
  const auto last = static_cast<std::uint32_t>(tokens.size() - 1);
  auto rows = runner.prefill(tokens, {&last, 1}, chunks);
  return rows.empty() ? Row{} : rows.front();
}

class Architectures : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<ModelRunner> make(RunnerOptions options) const {
    options.max_context = 256;
    auto runner = ModelRunner::create(arch_model_path(GetParam()), options);
    EXPECT_TRUE(runner.has_value()) << runner.error().detail;
    return runner ? std::move(*runner) : nullptr;
  }
  // The best tier: the others are compared with the reference by the golden tests.
  static const kernels::KernelTable* best() { return *kernels::select_tier(""); }
};

TEST_P(Architectures, ChunkBordersDoNotChangeBits) {
  const auto runner = make({.kernels = best(), .n_state_pages = 16});
  ASSERT_NE(runner, nullptr);
  if (!runner->model().info().generates) GTEST_SKIP() << "an encoder";
  const auto tokens = prompt(53, 1);
  const Row whole = last_row(*runner, tokens, {53});
  for (const std::vector<std::uint32_t>& chunks :
       {std::vector<std::uint32_t>{1}, {7}, {16}, {17, 3, 1, 32}, {2, 51}, {52, 1}}) {
    runner->reset();
    EXPECT_TRUE(same_bits(last_row(*runner, tokens, chunks), whole)) << "first chunk " << chunks[0];
  }
}

TEST_P(Architectures, WorkersDoNotChangeBits) {
  Row want;
  for (const std::uint32_t n_workers : {1u, 3u}) {
    const auto runner = make({.kernels = best(), .page_tokens = 32, .n_workers = n_workers});
    ASSERT_NE(runner, nullptr);
    if (!runner->model().info().generates) GTEST_SKIP() << "an encoder";
    const Row got = last_row(*runner, prompt(41, 2), {13});
    if (want.empty()) want = got;
    EXPECT_TRUE(same_bits(got, want)) << n_workers << " workers";
  }
}

// Pages smaller than an attention block (32 keys) change the order of sums: equal up to rounding.
TEST_P(Architectures, PagesOf16And64GiveTheSameNumbers) {
  const auto narrow = make({.kernels = best(), .page_tokens = 16});
  const auto wide = make({.kernels = best(), .page_tokens = 64, .n_pages = 16});
  ASSERT_TRUE(narrow != nullptr && wide != nullptr);
  if (!narrow->model().info().generates) GTEST_SKIP() << "an encoder";
  const auto tokens = prompt(75, 3);
  const Row want = last_row(*wide, tokens, {75});
  EXPECT_LT(nmse(last_row(*narrow, tokens, {29}), want), 1e-10);
}

TEST_P(Architectures, NeighboursDoNotChangeBits) {
  const auto runner = make({.kernels = best(), .n_pages = 128, .n_state_pages = 16});
  ASSERT_NE(runner, nullptr);
  if (!runner->model().info().generates) GTEST_SKIP() << "an encoder";
  // Alone: a prompt of 19 tokens, then three generated ones.
  const auto tokens = prompt(19, 3);
  std::vector<Row> alone{last_row(*runner, tokens, {19})};
  for (const std::int32_t next : {5, 77, 301}) {
    const Chunk chunk{.seq = 0, .tokens = {next}, .logits_at = {0}, .decode = true};
    alone.push_back(runner->step({&chunk, 1}).front());
  }
  // Among others: of other lengths, in prompt and in generation; one leaves in the middle.
  runner->reset();
  const std::uint32_t a = runner->add_sequence(), b = runner->add_sequence(), c = runner->add_sequence();
  const std::uint32_t d = runner->add_sequence();
  std::atomic<bool> gone{false};
  std::vector<Chunk> step{{.seq = b, .tokens = prompt(33, 4)},
                          {.seq = a, .tokens = tokens, .logits_at = {18}},
                          {.seq = d, .tokens = prompt(3, 8), .cancelled = &gone}};
  EXPECT_TRUE(same_bits(runner->step(step).at(0), alone[0]));
  std::size_t i = 1;
  for (const std::int32_t next : {5, 77, 301}) {
    gone = i >= 2;
    step = {{.seq = b, .tokens = {9}, .logits_at = {0}, .decode = true},
            {.seq = a, .tokens = {next}, .logits_at = {0}, .decode = true},
            {.seq = d, .tokens = {8}, .logits_at = {0}, .decode = true, .cancelled = &gone},
            {.seq = c, .tokens = prompt(11, static_cast<std::uint32_t>(i))}};
    EXPECT_TRUE(same_bits(runner->step(step).at(1), alone[i])) << "generated token " << i;
    ++i;
  }
}

// Prompts of different lengths side by side, each cut at odd places of its own, then all generating: as each alone in
// one piece.
TEST_P(Architectures, BatchesOfOddChunksEqualOneShot) {
  struct Prompt {
    std::uint32_t length;
    std::vector<std::uint32_t> chunks;
  };
  const std::vector<Prompt> prompts{
      {47, {5, 1, 16, 25}}, {19, {17, 1, 1}}, {64, {7, 33, 3, 21}}, {1, {1}}, {31, {15, 16}}};
  for (const std::uint32_t page_tokens : {16u, 64u}) {
    const auto runner = make({.kernels = best(), .page_tokens = page_tokens, .n_pages = 32, .n_state_pages = 16});
    ASSERT_NE(runner, nullptr);
    if (!runner->model().info().generates) GTEST_SKIP() << "an encoder";
    std::vector<Row> alone, alone_next;
    for (std::uint32_t i = 0; i < prompts.size(); ++i) {
      runner->reset();
      alone.push_back(last_row(*runner, prompt(prompts[i].length, i), {prompts[i].length}));
      const Chunk next{.seq = 0, .tokens = {static_cast<std::int32_t>(40 + i)}, .logits_at = {0}, .decode = true};
      alone_next.push_back(runner->step({&next, 1}).at(0));
    }
    runner->reset();
    for (std::size_t i = 0; i < prompts.size(); ++i) runner->add_sequence();
    std::vector<std::uint32_t> done(prompts.size());
    for (std::size_t round = 0; round < 4; ++round) {
      std::vector<Chunk> step;
      std::vector<std::size_t> finished;
      for (std::size_t i = prompts.size(); i-- > 0;) {  // not in the order of the pages
        if (round >= prompts[i].chunks.size()) continue;
        const std::uint32_t n = prompts[i].chunks[round];
        const auto tokens = prompt(prompts[i].length, static_cast<std::uint32_t>(i));
        Chunk chunk{.seq = static_cast<std::uint32_t>(i)};
        chunk.tokens.assign(tokens.begin() + done[i], tokens.begin() + done[i] + n);
        done[i] += n;
        if (done[i] == prompts[i].length) {
          chunk.logits_at = {n - 1};
          finished.push_back(i);
        }
        step.push_back(std::move(chunk));
      }
      const std::vector<Row> rows = runner->step(step);
      for (std::size_t k = 0; k < finished.size(); ++k)
        EXPECT_TRUE(same_bits(rows.at(k), alone[finished[k]]))
            << "sequence " << finished[k] << ", pages of " << page_tokens;
    }
    std::vector<Chunk> step;
    for (std::uint32_t i = 0; i < prompts.size(); ++i)
      step.push_back({.seq = i, .tokens = {static_cast<std::int32_t>(40 + i)}, .logits_at = {0}, .decode = true});
    const std::vector<Row> rows = runner->step(step);
    for (std::size_t i = 0; i < prompts.size(); ++i)
      EXPECT_TRUE(same_bits(rows.at(i), alone_next[i])) << "after sequence " << i << ", pages of " << page_tokens;
  }
}

TEST_P(Architectures, EmbeddingsDoNotDependOnTheBatch) {
  const auto runner = make({.kernels = best()});
  ASSERT_NE(runner, nullptr);
  if (!runner->executor().can_embed()) GTEST_SKIP() << "not made to embed";
  const std::vector<std::vector<std::int32_t>> texts{prompt(40, 1), prompt(1, 2), prompt(33, 3), prompt(64, 4)};
  std::vector<Pooling> poolings{Pooling::none, Pooling::mean, Pooling::cls, Pooling::last};
  if (runner->model().info().pooling == Pooling::rank) poolings = {Pooling::rank};
  for (const Pooling pooling : poolings) {
    const std::vector<Row> together = runner->embed(texts, pooling);
    std::size_t row = 0;
    for (const auto& text : texts) {
      for (const Row& alone : runner->embed({&text, 1}, pooling)) {
        EXPECT_TRUE(same_bits(together.at(row), alone)) << "pooling " << static_cast<int>(pooling) << ", row " << row;
        ++row;
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Architectures, testing::ValuesIn(arch_models()),
                         [](const auto& param) { return test_name_of(param.param); });

}  // namespace
}  // namespace quern::test
