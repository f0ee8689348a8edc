#include "engine/sampling/scan.hpp"

#include "tests/engine/sampling/stage_support.hpp"

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::vector<std::uint32_t> chosen(std::span<const float> logits, std::size_t k) {
  std::vector<Ranked> best;
  select_best(logits, k, best);
  std::vector<std::uint32_t> indexes;
  for (const Ranked& r : best) indexes.push_back(r.index);
  return indexes;
}

TEST(Scan, ArgmaxIsTheFirstOfTheBestAtEveryLength) {
  for (const std::size_t n : {1u, 2u, 15u, 16u, 17u, 63u, 1023u, 1024u, 1025u, 5000u}) {
    std::vector<float> x = test::random_logits(n, n, /*grain=*/0.5f);
    EXPECT_EQ(argmax(x), static_cast<std::uint32_t>(test::ranking(x)[0])) << n;
    x.back() = 100.0f;
    EXPECT_EQ(argmax(x), n - 1);
    x.front() = 100.0f;
    EXPECT_EQ(argmax(x), 0u);
  }
}

TEST(Scan, NotANumberNeverWins) {
  std::vector<float> x(100, kNan);
  EXPECT_EQ(argmax(x), 0u);
  EXPECT_EQ(max_of(x), -kInfinity);
  EXPECT_EQ(log_sum_exp(x), -static_cast<double>(kInfinity));
  EXPECT_TRUE(chosen(x, 5).empty());
  x[70] = -1e30f;
  EXPECT_EQ(argmax(x), 70u);
  EXPECT_EQ(chosen(x, 5), (std::vector<std::uint32_t>{70}));
  x[71] = kInfinity;
  x[99] = kInfinity;
  EXPECT_EQ(argmax(x), 71u);
  EXPECT_EQ(chosen(x, 2), (std::vector<std::uint32_t>{71, 99}));
}

TEST(Scan, SelectBestEqualsASort) {
  for (const std::size_t n : {1u, 64u, 65u, 3000u, 20000u})
    for (const std::size_t k : {std::size_t{1}, std::size_t{7}, std::size_t{1000}, n, SIZE_MAX}) {
      const std::vector<float> x = test::random_logits(n, n + 1, /*grain=*/0.25f);
      std::vector<std::uint32_t> want;
      for (const TokenId id : test::ranking(x)) want.push_back(static_cast<std::uint32_t>(id));
      want.resize(std::min(k, n));
      std::sort(want.begin(), want.end());
      EXPECT_EQ(chosen(x, k), want) << "n = " << n << ", k = " << k;
    }
}

TEST(Scan, SelectBestOfAscendingLogits) {  // each one is a new best: the buffer must not grow without bound
  std::vector<float> x(50000);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = static_cast<float>(i);
  std::vector<Ranked> best;
  select_best(x, 10, best);
  EXPECT_LE(best.capacity(), 2u * 10 + 128);
  EXPECT_EQ(best.front().index, 49990u);
}

TEST(Scan, LogSumExpAgreesWithTheTextbook) {
  for (const std::size_t n : {1u, 511u, 512u, 513u, 30000u}) {
    const std::vector<float> x = test::random_logits(n, n);
    double sum = 0.0;
    for (const float v : x) sum += std::exp(static_cast<double>(v));
    // exp in float is off by 2 ulp (2.4e-7), the difference to the maximum (up to 36) by half an ulp (2e-6)
    EXPECT_NEAR(log_sum_exp(x), std::log(sum), 3e-6) << n;
  }
  const std::vector<float> huge{kInfinity, 3.0f, kNan, -kInfinity};
  EXPECT_EQ(log_sum_exp(huge), static_cast<double>(std::numeric_limits<float>::max()));
}

}  // namespace
}  // namespace quern::engine::sampling
