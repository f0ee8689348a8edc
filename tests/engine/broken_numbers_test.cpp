// A model whose embedding of one token is damaged: a sequence with that token gives rows that are known as broken, and
// nothing of it reaches the rows of others in the same steps, whatever the architecture: bit for bit what they are
// alone.
#include "engine/sampling/row_check.hpp"
#include "kernels/cpu/isa.hpp"
#include "tests/support/arch_models.hpp"
#include "tests/support/model_editor.hpp"
#include "tests/support/model_runner.hpp"
#include "tests/support/temp_dir.hpp"

#include <cstring>
#include <limits>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using Row = std::vector<float>;
using Tokens = std::vector<std::int32_t>;
using engine::Pooling;
using engine::sampling::find_fault;
using engine::sampling::RowFault;

constexpr std::int32_t kDamaged = 2;  // prompt() never has it

Tokens prompt(std::uint32_t n, std::uint32_t seed) {
  Tokens tokens;
  for (std::uint32_t i = 0; i < n; ++i)
    tokens.push_back(static_cast<std::int32_t>(3 + (seed * 7919u + i * 104729u) % 500));
  return tokens;
}
Tokens damaged_prompt(std::uint32_t n, std::uint32_t seed) {
  Tokens tokens = prompt(n, seed);
  tokens[n - 2] = kDamaged;
  return tokens;
}

bool same_bits(const Row& a, const Row& b) {
  return !a.empty() && a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

class BrokenNumbers : public testing::TestWithParam<std::string> {
 protected:
  std::unique_ptr<ModelRunner> make() {
    ModelEditor model = ModelEditor::read(arch_model_path(GetParam()));
    ModelEditor::Tensor& table = model.tensors.at("token_embd.weight");
    const std::uint64_t width = table.dims[0];
    tied_ = !model.tensors.contains("output.weight");
    for (std::uint64_t i = 0; i < width; ++i)
      table.values[kDamaged * width + i] = std::numeric_limits<float>::quiet_NaN();
    const std::filesystem::path path = dir_.path("model.gguf");
    model.save(path);
    auto runner = ModelRunner::create(path, {.kernels = *kernels::select_tier(""), .max_context = 256});
    EXPECT_TRUE(runner.has_value()) << runner.error().detail;
    return runner ? std::move(*runner) : nullptr;
  }
  // Where one table serves both ends, its damaged row shows in everybody's logits, and nowhere else.
  Row without_damaged(Row row) const {
    if (tied_) row.erase(row.begin() + kDamaged);
    return row;
  }
  TempDir dir_;
  bool tied_ = false;
};

std::vector<Row> steps_of(ModelRunner& runner, const std::vector<Tokens>& prompts) {
  std::vector<Chunk> prefill, decode;
  for (const Tokens& tokens : prompts) {
    const std::uint32_t seq = runner.add_sequence();
    prefill.push_back({.seq = seq, .tokens = tokens, .logits_at = {static_cast<std::uint32_t>(tokens.size() - 1)}});
    decode.push_back({.seq = seq, .tokens = {40}, .logits_at = {0}, .decode = true});
  }
  std::vector<Row> rows = runner.step(prefill);
  for (Row& row : runner.step(decode)) rows.push_back(std::move(row));
  return rows;
}

TEST_P(BrokenNumbers, StayWithTheirSequence) {
  const auto runner = make();
  ASSERT_NE(runner, nullptr);
  if (!runner->model().info().generates) GTEST_SKIP() << "an encoder";
  const Tokens first = prompt(20, 1), last = prompt(33, 3);
  const std::vector<Row> first_alone = steps_of(*runner, {first});
  const std::vector<Row> last_alone = steps_of(*runner, {last});
  runner->reset();
  const std::vector<Row> together = steps_of(*runner, {first, damaged_prompt(25, 2), last});
  ASSERT_EQ(together.size(), 6u);
  for (const std::size_t step : {0u, 1u}) {
    const Row first_row = without_damaged(together[3 * step]), last_row = without_damaged(together[3 * step + 2]);
    EXPECT_TRUE(same_bits(first_row, without_damaged(first_alone[step]))) << "step " << step;
    EXPECT_TRUE(same_bits(last_row, without_damaged(last_alone[step]))) << "step " << step;
    EXPECT_EQ(find_fault(first_row), RowFault::none);
    EXPECT_EQ(find_fault(last_row), RowFault::none);
    EXPECT_EQ(find_fault(without_damaged(together[3 * step + 1])), RowFault::not_a_number);
  }
}

TEST_P(BrokenNumbers, OfATextAreKnown) {
  const auto runner = make();
  ASSERT_NE(runner, nullptr);
  if (!runner->executor().can_embed()) GTEST_SKIP() << "not made to embed";
  const std::vector<Tokens> texts{prompt(20, 1), damaged_prompt(25, 2), prompt(33, 3), damaged_prompt(2, 4)};
  std::vector<Pooling> poolings{Pooling::none, Pooling::mean, Pooling::last};
  if (!runner->model().params().causal) poolings.push_back(Pooling::cls);  // else no token sees those behind it
  if (runner->model().info().pooling == Pooling::rank) poolings = {Pooling::rank};
  for (const Pooling pooling : poolings) {
    const Row alone = runner->embed({texts.data() + 2, 1}, pooling).front();
    EXPECT_TRUE(runner->broken().empty());
    const std::vector<Row> together = runner->embed(texts, pooling);
    EXPECT_EQ(runner->broken(), (std::vector<std::uint32_t>{1, 3})) << "pooling " << static_cast<int>(pooling);
    EXPECT_TRUE(same_bits(together[pooling == Pooling::none ? 45 : 2], alone));
  }
}

INSTANTIATE_TEST_SUITE_P(Models, BrokenNumbers, testing::ValuesIn(arch_models()),
                         [](const auto& param) { return test_name_of(param.param); });

}  // namespace
}  // namespace quern::test
