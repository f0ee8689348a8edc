// Packed weights of a model: the same numbers as from the file's own order, in the memory budget, on every node.
#include "engine/weight_packer.hpp"

#include "engine/model.hpp"
#include "tests/support/model_runner.hpp"
#include "tests/support/test_tiers.hpp"

#include <cmath>
#include <string>

#include <gtest/gtest.h>

namespace quern::engine {
namespace {

const std::string kFile = std::string(QUERN_TEST_DATA_DIR) + "/quant/Q4_K_M.gguf";
constexpr auto kQ4K = static_cast<std::size_t>(kernels::TensorType::q4_k);

std::vector<float> logits_of(const kernels::KernelTable& kernels, WeightOptions weights, const char* topology = "") {
  auto runner = test::ModelRunner::create(
      kFile, {.kernels = &kernels, .n_workers = 2, .synthetic_topology = topology, .weights = weights});
  if (!runner) throw std::runtime_error(runner.error().detail);
  const std::int32_t tokens[] = {1, 5, 9, 13, 2, 7, 30, 4};
  const std::uint32_t last[] = {7}, all[] = {8};
  return (*runner)->prefill(tokens, last, all).front();
}

double difference(const std::vector<float>& a, const std::vector<float>& b) {
  double error = 0, norm = 0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    error += (static_cast<double>(a[i]) - b[i]) * (static_cast<double>(a[i]) - b[i]);
    norm += static_cast<double>(b[i]) * b[i];
  }
  return error / norm;
}

// Tiers that pack this file.
std::vector<test::TierUnderTest> packing_tiers() {
  std::vector<test::TierUnderTest> out;
  for (const test::TierUnderTest& tier : test::tiers_under_test()) {
    if (tier.table->layout[kQ4K].pack != nullptr) out.push_back(tier);
  }
  return out;
}

TEST(WeightPacker, ExactProductsGiveTheNumbersOfUnpackedOnes) {
  for (const test::TierUnderTest& tier : packing_tiers()) {
    const auto packed = logits_of(*tier.table, {.pack = Packing::on, .arithmetic = Arithmetic::exact});
    const auto plain = logits_of(*tier.table, {.pack = Packing::off, .arithmetic = Arithmetic::exact});
    EXPECT_LT(difference(packed, plain), 1e-6) << tier.name;
    EXPECT_NE(packed, plain) << tier.name << ": another order of sums";
  }
}

TEST(WeightPacker, FastProductsRoundMoreThanAutomaticOnes) {
  for (const test::TierUnderTest& tier : packing_tiers()) {
    const auto exact = logits_of(*tier.table, {.arithmetic = Arithmetic::exact});
    const double automatic = difference(logits_of(*tier.table, {}), exact);
    const double fast = difference(logits_of(*tier.table, {.arithmetic = Arithmetic::fast}), exact);
    EXPECT_GT(automatic, 1e-6) << tier.name;
    EXPECT_GT(fast, automatic) << tier.name;
    EXPECT_LT(fast, 1e-2) << tier.name;
  }
}

TEST(WeightPacker, NodesDoNotChangeBits) {
  for (const test::TierUnderTest& tier : packing_tiers()) {
    const auto one = logits_of(*tier.table, {}), two = logits_of(*tier.table, {}, "numa:2 core:1 pu:1");
    EXPECT_EQ(one, two) << tier.name;
  }
}

class Budget : public testing::Test {
 protected:
  // Loads within so many bytes; what the budget has given then, or the error.
  Result<std::uint64_t> load(std::uint64_t budget, Packing pack) {
    QUERN_TRY(auto file, gguf::GgufFile::open(kFile));
    ByteLedger ledger(budget);
    QUERN_TRY(const auto topology, kernels::read_topology({}));
    QUERN_TRY(const auto pool, kernels::CorePool::create(topology, {.n_workers = 1}));
    QUERN_TRY(const auto model, Model::load(std::move(file), topology, *pool, *kernels_, ledger, {.pack = pack}));
    EXPECT_EQ(model->weight_bytes(), ledger.used());
    return model->weight_bytes();
  }
  void SetUp() override {
    if (packing_tiers().empty()) GTEST_SKIP() << "no tier of this CPU packs";
    kernels_ = packing_tiers().front().table;
    auto file = gguf::GgufFile::open(kFile);
    ASSERT_TRUE(file);
    for (const gguf::Tensor& tensor : (*file)->tensors()) file_bytes_ += tensor.data.size();
    packed_bytes_ = packed_bytes(**file, *kernels_);
  }
  const kernels::KernelTable* kernels_ = nullptr;
  std::uint64_t file_bytes_ = 0, packed_bytes_ = 0;
};

TEST_F(Budget, CountsWhatIsPackedInsteadOfWhatItWasMadeFrom) {
  EXPECT_GT(packed_bytes_, file_bytes_);
  EXPECT_LT(static_cast<double>(packed_bytes_), 1.15 * static_cast<double>(file_bytes_));
  EXPECT_EQ(load(1 << 30, Packing::off).value(), file_bytes_);
  // The embedding is one of the file's tensors, but no product reads it: it is not packed.
  const std::uint64_t with = load(1 << 30, Packing::on).value();
  EXPECT_GT(with, file_bytes_);
  EXPECT_LE(with, packed_bytes_);
}

TEST_F(Budget, ModelsThatOnlyJustFitStayAsTheyAre) {
  EXPECT_EQ(load(file_bytes_, Packing::automatic).value(), file_bytes_);
  const auto forced = load(file_bytes_, Packing::on);
  ASSERT_FALSE(forced);
  EXPECT_EQ(forced.error().code, Errc::overloaded);
}

}  // namespace
}  // namespace quern::engine
