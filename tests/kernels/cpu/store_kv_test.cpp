// What the cache keeps of keys and values, for every tier: exact bits where the format has them.
#include "kernels/kernel_table.hpp"
#include "kernels/quant/fp16.hpp"
#include "tests/support/guarded_buffer.hpp"
#include "tests/support/kernel_data.hpp"
#include "tests/support/test_tiers.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using kernels::KvType;

class StoreKv : public testing::TestWithParam<TierUnderTest> {
 protected:
  // In guarded memory of exactly the row's size.
  std::vector<std::byte> stored(KvType type, const std::vector<float>& values) const {
    const GuardedBuffer<float> x(values);
    const GuardedBuffer<std::byte> row(kernels::kv_row_bytes(type, values.size()));
    GetParam().table->store_kv[static_cast<std::size_t>(type)](x.data(), values.size(), row.data());
    return row.copy();
  }
  std::vector<std::uint16_t> halves(KvType type, const std::vector<float>& values) const {
    const std::vector<std::byte> bytes = stored(type, values);
    std::vector<std::uint16_t> out(values.size());
    std::memcpy(out.data(), bytes.data(), bytes.size());
    return out;
  }
};

std::vector<float> all_halves(float (*to_float)(std::uint16_t)) {
  std::vector<float> out(65536);
  for (std::size_t i = 0; i < out.size(); ++i) out[i] = to_float(static_cast<std::uint16_t>(i));
  return out;
}

TEST_P(StoreKv, EveryHalfComesBack) {
  const std::vector<std::uint16_t> back = halves(KvType::f16, all_halves(&kernels::f16_to_f32));
  for (std::size_t i = 0; i < back.size(); ++i) {
    const bool nan = (i & 0x7c00) == 0x7c00 && (i & 0x3ff) != 0;
    ASSERT_EQ(back[i], nan ? (i | 0x200) : i) << "a NaN becomes quiet, anything else is unchanged";
  }
}

TEST_P(StoreKv, EveryBf16ComesBack) {
  const std::vector<std::uint16_t> back = halves(KvType::bf16, all_halves(&kernels::bf16_to_f32));
  for (std::size_t i = 0; i < back.size(); ++i) {
    const bool nan = (i & 0x7f80) == 0x7f80 && (i & 0x7f) != 0;
    ASSERT_EQ(back[i], nan ? (i | 0x40) : i) << "a NaN becomes quiet, anything else is unchanged";
  }
}

// The middle between two neighbours of magnitude up to `last`, and one ulp beside it: the tie goes to the even one.
void expect_nearest_even(std::uint32_t last, float infinity, float (*to_float)(std::uint16_t), const auto& store) {
  std::vector<float> floats;
  for (std::uint32_t h = 0; h <= last; ++h) {
    const float low = to_float(static_cast<std::uint16_t>(h));
    const float high = h == last ? infinity : to_float(static_cast<std::uint16_t>(h + 1));
    const float middle = low + (high - low) / 2;
    for (const float value : {std::nextafter(middle, 0.0f), middle, std::nextafter(middle, HUGE_VALF)}) {
      floats.push_back(value);
      floats.push_back(-value);
    }
  }
  const std::vector<std::uint16_t> got = store(floats);
  for (std::size_t i = 0; i < floats.size(); ++i) {
    const auto h = static_cast<std::uint32_t>(i / 6), which = static_cast<std::uint32_t>(i % 6 / 2);
    const std::uint32_t magnitude = which == 0 ? h : which == 2 ? h + 1 : h + h % 2;
    ASSERT_EQ(got[i], magnitude | (i % 2 != 0 ? 0x8000u : 0u)) << floats[i];
  }
}

TEST_P(StoreKv, HalvesRoundToNearestEven) {
  expect_nearest_even(0x7bff, 65536.0f, &kernels::f16_to_f32,
                      [this](const std::vector<float>& x) { return halves(KvType::f16, x); });
}

TEST_P(StoreKv, Bf16RoundsToNearestEven) {
  expect_nearest_even(0x7f7e, kernels::bf16_to_f32(0x7f7f), &kernels::bf16_to_f32,
                      [this](const std::vector<float>& x) { return halves(KvType::bf16, x); });
}

TEST_P(StoreKv, F32IsACopy) {
  const std::vector<float> values = random_floats(36, 1);
  EXPECT_EQ(std::memcmp(stored(KvType::f32, values).data(), values.data(), 36 * sizeof(float)), 0);
}

float value_at(const std::vector<std::byte>& row, std::size_t i) {
  const std::byte* block = row.data() + i / 32 * 34;
  std::uint16_t scale;
  std::memcpy(&scale, block, 2);
  return kernels::f16_to_f32(scale) * static_cast<float>(static_cast<std::int8_t>(block[2 + i % 32]));
}

TEST_P(StoreKv, Q8IsWithinHalfAStep) {
  for (const std::size_t n : {4u, 32u, 36u, 64u, 100u, 128u, 576u}) {
    const std::vector<float> values = random_floats(n, n);
    const std::vector<std::byte> row = stored(KvType::q8_0, values);
    for (std::size_t first = 0; first < n; first += 32) {
      float largest = 0;
      for (std::size_t i = first; i < std::min(n, first + 32); ++i) largest = std::max(largest, std::abs(values[i]));
      for (std::size_t i = first; i < std::min(n, first + 32); ++i) {
        // Half a step, and the rounding of the scale to 11 bits, which may cut off the largest value.
        ASSERT_NEAR(value_at(row, i), values[i], largest / 127 / 2 + largest * 0x1p-11f) << n << " " << i;
      }
    }
    for (std::size_t i = n; i < (n + 31) / 32 * 32; ++i) EXPECT_EQ(value_at(row, i), 0) << n << " " << i;
  }
}

TEST_P(StoreKv, Q8KeepsZerosAndShowsWhatIsNotFinite) {
  const std::vector<std::byte> zeros = stored(KvType::q8_0, std::vector<float>(32, 0.0f));
  for (std::size_t i = 0; i < 32; ++i) EXPECT_EQ(value_at(zeros, i), 0);
  for (const float bad : {std::nanf(""), HUGE_VALF, -HUGE_VALF}) {
    std::vector<float> values = random_floats(64, 3);
    values[40] = bad;
    const std::vector<std::byte> row = stored(KvType::q8_0, values);
    EXPECT_TRUE(std::isfinite(value_at(row, 31)));
    EXPECT_TRUE(std::isnan(value_at(row, 40)));
  }
}

std::string tier_name(const testing::TestParamInfo<TierUnderTest>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Tiers, StoreKv, testing::ValuesIn(tiers_under_test()), tier_name);

}  // namespace
}  // namespace quern::test
