#include "app/synth/block_filler.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using kernels::QuantFormat;
using kernels::TensorType;

std::vector<float> decoded(const BlockFiller& filler, float scale, std::size_t n_values) {
  const QuantFormat& format = kernels::format_of(filler.type);
  std::vector<std::byte> blocks(format.row_bytes(n_values));
  RandomBytes random(7, 3);
  fill_blocks(filler, scale, random, blocks);
  std::vector<float> values(n_values);
  format.dequantize(blocks.data(), n_values, values.data());
  return values;
}

TEST(BlockFiller, EveryDecodableTypeHasARow) {
  for (const QuantFormat& format : kernels::formats()) {
    if (format.dequantize == nullptr) continue;
    EXPECT_NE(find_filler(format.type), nullptr) << format.name;
  }
}

class BlockFillerOfType : public testing::TestWithParam<BlockFiller> {
 protected:
  void SetUp() override {
    if (kernels::format_of(GetParam().type).dequantize == nullptr) GTEST_SKIP() << "no decoder yet";
  }
};

TEST_P(BlockFillerOfType, DecodedValuesHaveTheWantedDistribution) {
  constexpr std::size_t kValues = 1u << 18;
  const double unit = unit_stddev(GetParam());
  // 1 / sqrt(fan_in) from the smallest model to the widest layer in use.
  for (const double wanted : {1.0 / 16, 1.0 / 64, 1.0 / 170}) {
    double sum = 0, squares = 0, largest = 0;
    for (const float value : decoded(GetParam(), static_cast<float>(wanted / unit), kValues)) {
      ASSERT_TRUE(std::isfinite(value));
      const double v = static_cast<double>(value);
      sum += v;
      squares += v * v;
      largest = std::max(largest, std::abs(v));
    }
    const double n = static_cast<double>(kValues);
    // Values of a block share a scale and, in asymmetric codes, an offset of up to half a deviation with a random sign:
    // the mean over 1024 blocks of 256 then deviates by about 0.5 / sqrt(1024) = 0.016 deviations, here doubled twice.
    EXPECT_NEAR(sum / n, 0.0, 0.06 * wanted);
    // 16-bit scales near the subnormals cost up to 0.3%, 1024 jittered scales 0.2%; the measured unit has the same.
    EXPECT_NEAR(std::sqrt(squares / n), wanted, 0.02 * wanted);
    EXPECT_LT(largest, 12 * wanted);
  }
}

TEST_P(BlockFillerOfType, SameStreamSameBytes) {
  const std::size_t n_bytes = kernels::format_of(GetParam().type).block_bytes * 100u;
  const auto filled = [&](std::uint64_t seed, std::uint64_t stream) {
    std::vector<std::byte> blocks(n_bytes);
    RandomBytes random(seed, stream);
    fill_blocks(GetParam(), 1.0f, random, blocks);
    return blocks;
  };
  EXPECT_EQ(filled(1, 2), filled(1, 2));
  EXPECT_NE(filled(1, 2), filled(1, 3));
  EXPECT_NE(filled(1, 2), filled(2, 2));
}

INSTANTIATE_TEST_SUITE_P(Types, BlockFillerOfType, testing::ValuesIn(block_fillers().begin(), block_fillers().end()),
                         [](const auto& row) { return std::string(kernels::format_of(row.param.type).name); });

TEST(RandomBytes, EveryLengthIsFilledAndNoMore) {
  for (std::size_t n = 0; n < 40; ++n) {
    std::vector<std::byte> bytes(n + 1, std::byte{0x5A});
    RandomBytes(1, 1).fill(std::span(bytes).first(n));
    EXPECT_EQ(bytes[n], std::byte{0x5A}) << n;
    if (n < 8) continue;  // fewer bytes may be equal by chance
    EXPECT_NE(std::vector<std::byte>(n, std::byte{0x5A}), std::vector(bytes.begin(), bytes.end() - 1));
  }
}

}  // namespace
}  // namespace quern::app
