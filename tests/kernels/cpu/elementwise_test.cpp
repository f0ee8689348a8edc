// Norm, rotation, activation, sums and conversions of every tier, against the scalar tier (double) or exact bits.
#include "kernels/kernel_table.hpp"
#include "tests/support/guarded_buffer.hpp"
#include "tests/support/kernel_data.hpp"
#include "tests/support/test_tiers.hpp"

#include <bit>
#include <limits>
#include <span>
#include <string>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using kernels::KernelTable;

constexpr float kUlp = std::numeric_limits<float>::epsilon();  // 2^-23, one ulp of 1
constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

std::string tier_name(const testing::TestParamInfo<TierUnderTest>& info) {
  std::string name = info.param.name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

class Elementwise : public testing::TestWithParam<TierUnderTest> {
 protected:
  const KernelTable& table() const { return *GetParam().table; }
  static const KernelTable& oracle() { return *tiers_under_test().front().table; }
};

void expect_close(std::span<const float> got, std::span<const float> want, float relative, float absolute,
                  const std::string& what) {
  ASSERT_EQ(got.size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(want[i])) {
      ASSERT_TRUE(std::isnan(got[i])) << what << ", value " << i;
    } else if (std::isinf(want[i])) {
      ASSERT_EQ(got[i], want[i]) << what << ", value " << i;
    } else {
      ASSERT_NEAR(got[i], want[i], relative * std::abs(want[i]) + absolute) << what << ", value " << i;
    }
  }
}

std::vector<std::size_t> lengths() {
  return lengths_around({1, 4, 8, 16, 32, 64, 128, 2048});
}

TEST_P(Elementwise, RmsNorm) {
  for (const std::size_t n : lengths()) {
    const GuardedBuffer<float> x(random_floats(n, n)), w(random_floats(n, n + 1));
    std::vector<float> want(n);
    oracle().rms_norm(x.data(), w.data(), 1e-6f, n, want.data());
    const GuardedBuffer<float> y(n);
    table().rms_norm(x.data(), w.data(), 1e-6f, n, y.data());
    // The sum of n squares is off by at most n / 2 ulp, the root halves that; three more roundings.
    const float relative = (static_cast<float>(n) / 4 + 4) * kUlp;
    expect_close({y.data(), n}, want, relative, 0, "n = " + std::to_string(n));
    table().rms_norm(x.data(), w.data(), 1e-6f, n, x.data());  // in place
    EXPECT_EQ(std::memcmp(x.data(), y.data(), n * sizeof(float)), 0);
  }
}

TEST_P(Elementwise, RmsNormOfZerosAndOfNan) {
  const std::vector<float> w(40, 1.0f);
  std::vector<float> x(40, 0.0f), y(40);
  table().rms_norm(x.data(), w.data(), 1e-5f, 40, y.data());
  for (const float value : y) EXPECT_EQ(value, 0.0f);
  x[39] = kNan;
  table().rms_norm(x.data(), w.data(), 1e-5f, 40, y.data());
  for (const float value : y) EXPECT_TRUE(std::isnan(value));
}

TEST_P(Elementwise, LayerNorm) {
  for (const std::size_t n : lengths()) {
    const GuardedBuffer<float> x(random_floats(n, n)), w(random_floats(n, n + 1)), bias(random_floats(n, n + 2));
    for (const float* b : {static_cast<const float*>(bias.data()), static_cast<const float*>(nullptr)}) {
      std::vector<float> want(n);
      oracle().layer_norm(x.data(), w.data(), b, 1e-5f, n, want.data());
      const GuardedBuffer<float> y(n);
      table().layer_norm(x.data(), w.data(), b, 1e-5f, n, y.data());
      // The mean is off by n / 2 ulp of values below 4, which one value's distance from it inherits; then as RmsNorm.
      // With one or two values the distance is tiny or 0, and 1 / sqrt(eps) makes it large: 316.
      const float absolute = (static_cast<float>(n) / 2 + 4) * kUlp * (n < 4 ? 316.0f : 8.0f);
      expect_close({y.data(), n}, want, (static_cast<float>(n) / 4 + 4) * kUlp, absolute, "n = " + std::to_string(n));
      std::vector<float> in_place = x.copy();
      table().layer_norm(in_place.data(), w.data(), b, 1e-5f, n, in_place.data());
      EXPECT_EQ(std::memcmp(in_place.data(), y.data(), n * sizeof(float)), 0);
    }
  }
  const std::vector<float> same(40, 3.0f), ones(40, 1.0f);
  std::vector<float> y(40);
  table().layer_norm(same.data(), ones.data(), nullptr, 1e-5f, 40, y.data());
  for (const float value : y) EXPECT_EQ(value, 0.0f) << "nothing varies";
}

TEST_P(Elementwise, Rope) {
  for (const std::size_t n_rot : {2u, 4u, 6u, 14u, 16u, 18u, 30u, 32u, 34u, 64u, 80u, 128u}) {
    for (const std::size_t d_head : {n_rot, n_rot + 2, n_rot + 32}) {
      constexpr std::size_t kHeads = 3;
      const std::vector<float> x = random_floats(kHeads * d_head, n_rot);
      std::vector<float> angles = random_floats(n_rot / 2, d_head, 3.0f);
      const GuardedBuffer<float> cos_sin(n_rot);
      for (std::size_t i = 0; i < n_rot / 2; ++i) {
        cos_sin[i] = std::cos(angles[i]);
        cos_sin[n_rot / 2 + i] = std::sin(angles[i]);
      }
      for (const auto kernel : {&KernelTable::rope_interleaved, &KernelTable::rope_split}) {
        std::vector<float> want = x;
        (oracle().*kernel)(want.data(), kHeads, d_head, n_rot, cos_sin.data());
        const GuardedBuffer<float> got(x);
        (table().*kernel)(got.data(), kHeads, d_head, n_rot, cos_sin.data());
        // Two products and a sum of values below 5: 2 ulp of the products.
        expect_close({got.data(), got.size()}, want, 0, 10 * kUlp, "n_rot = " + std::to_string(n_rot));
        for (std::size_t i = n_rot; i < d_head; ++i) ASSERT_EQ(got[i], x[i]) << "behind n_rot";
      }
    }
  }
}

TEST_P(Elementwise, SiluMul) {
  for (const std::size_t n : lengths()) {
    const GuardedBuffer<float> gate(random_floats(n, n, 4.0f)), up(random_floats(n, n + 1)), out(n);
    std::vector<float> want(n);
    oracle().silu_mul(gate.data(), up.data(), n, want.data());
    table().silu_mul(gate.data(), up.data(), n, out.data());
    // exp 2 ulp, a sum, a quotient and a product.
    expect_close({out.data(), n}, want, 4 * kUlp, 0, "n = " + std::to_string(n));
    table().silu_mul(gate.data(), up.data(), n, up.data());
    EXPECT_EQ(std::memcmp(up.data(), out.data(), n * sizeof(float)), 0);
  }
}

// silu_mul with up = 1 shows exp: g / (1 + e^-g) over all magnitudes and around the limits of the exponent.
TEST_P(Elementwise, SiluOfEveryMagnitude) {
  std::vector<float> gate;
  for (float g = 1e-30f; g < 2e4f; g *= 1.01f) {
    gate.push_back(g);
    gate.push_back(-g);
  }
  for (float g = 80.0f; g < 110.0f; g += 0.0625f) gate.push_back(-g);
  for (const float g : {0.0f, -0.0f, 3e38f, -3e38f, kInfinity, kNan}) gate.push_back(g);
  const std::vector<float> up(gate.size(), 1.0f);
  std::vector<float> got(gate.size()), want(gate.size());
  table().silu_mul(gate.data(), up.data(), gate.size(), got.data());
  oracle().silu_mul(gate.data(), up.data(), gate.size(), want.data());
  // Below e^-88 the denominator overflows to infinity: the result is 0 instead of a number under 1e-36.
  expect_close(got, want, 4 * kUlp, 1e-36f, "silu");
}

// Both activations over all magnitudes, and what they do with infinities and NaN.
TEST_P(Elementwise, SiluAndGeluOfEveryMagnitude) {
  std::vector<float> x;
  for (float v = 1e-30f; v < 2e4f; v *= 1.01f) {
    x.push_back(v);
    x.push_back(-v);
  }
  for (const float v : {0.0f, -0.0f, 3e38f, -3e38f, kInfinity, kNan}) x.push_back(v);
  std::vector<float> got(x.size()), want(x.size());
  table().silu(x.data(), x.size(), got.data());
  oracle().silu(x.data(), x.size(), want.data());
  expect_close(got, want, 4 * kUlp, 1e-36f, "silu");
  x.push_back(-kInfinity);
  got.resize(x.size());
  want.resize(x.size());
  table().gelu(x.data(), x.size(), got.data());
  oracle().gelu(x.data(), x.size(), want.data());
  // The exponent 2u is rounded: e^2u is off by |2u| ulp, which matters while the result is above the least float: |2u|
  // up to 88.
  expect_close(got, want, 96 * kUlp, 1e-36f, "gelu");
  EXPECT_EQ(got.back(), 0.0f);
}

TEST_P(Elementwise, GatedActivations) {
  for (const std::size_t n : lengths()) {
    const GuardedBuffer<float> gate(random_floats(n, n, 4.0f)), up(random_floats(n, n + 1, 4.0f)), out(n);
    std::vector<float> want(n);
    const std::string what = "n = " + std::to_string(n);
    oracle().gelu_mul(gate.data(), up.data(), n, want.data());
    table().gelu_mul(gate.data(), up.data(), n, out.data());
    expect_close({out.data(), n}, want, 96 * kUlp, 1e-36f, "gelu_mul, " + what);
    oracle().sigmoid_mul(gate.data(), up.data(), n, want.data());
    table().sigmoid_mul(gate.data(), up.data(), n, out.data());
    expect_close({out.data(), n}, want, 4 * kUlp, 0, "sigmoid_mul, " + what);
    // Limits inside the range of the data; alpha * g is below 24.
    oracle().clamped_swiglu(gate.data(), up.data(), 1.7f, 2.5f, n, want.data());
    table().clamped_swiglu(gate.data(), up.data(), 1.7f, 2.5f, n, out.data());
    // u + 1 cancels near u = -1: an absolute error of one ulp of 1, times g.
    expect_close({out.data(), n}, want, 32 * kUlp, 4 * kUlp, "clamped_swiglu, " + what);
    table().clamped_swiglu(gate.data(), up.data(), 1.7f, 2.5f, n, up.data());
    EXPECT_EQ(std::memcmp(up.data(), out.data(), n * sizeof(float)), 0);
  }
  const float nan = kNan, one = 1.0f;
  float out = 0;
  table().clamped_swiglu(&nan, &one, 1.7f, 7.0f, 1, &out);
  EXPECT_TRUE(std::isnan(out));
  table().clamped_swiglu(&one, &nan, 1.7f, 7.0f, 1, &out);
  EXPECT_TRUE(std::isnan(out));
}

TEST_P(Elementwise, SoftcapProductsAndSums) {
  for (const std::size_t n : lengths()) {
    const std::vector<float> a = random_floats(n, n, 40.0f), b = random_floats(n, n + 1), c = random_floats(n, n + 2);
    const GuardedBuffer<float> x(a), y(b), out(n), sum(c);
    std::vector<float> want(n);
    oracle().softcap(x.data(), 30.0f, n, want.data());
    table().softcap(x.data(), 30.0f, n, out.data());
    expect_close({out.data(), n}, want, 8 * kUlp, 0, "softcap");
    table().mul(x.data(), y.data(), n, out.data());
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], a[i] * b[i]);
    want = c;
    oracle().multiply_add(a.data(), b.data(), n, want.data());
    table().multiply_add(x.data(), y.data(), n, sum.data());
    expect_close({sum.data(), n}, want, kUlp, 64 * kUlp, "multiply_add");
  }
}

TEST_P(Elementwise, DeltaRule) {
  for (const std::size_t d_k : {1u, 4u, 16u, 33u}) {
    for (const std::size_t d_v : lengths_around({1, 8, 16, 64, 128})) {
      const std::vector<float> start = random_floats(d_k * d_v, d_v);
      const GuardedBuffer<float> state(start), q(random_floats(d_k, 1)), k(random_floats(d_k, 2));
      const GuardedBuffer<float> v(random_floats(d_v, 3)), out(d_v);
      std::vector<float> want_state = start, want(d_v);
      const auto args = [&](float* s, float* o) {
        return kernels::DeltaRuleArgs{.state = s,
                                      .d_k = d_k,
                                      .d_v = d_v,
                                      .q = q.data(),
                                      .k = k.data(),
                                      .v = v.data(),
                                      .decay = 0.9f,
                                      .beta = 0.7f,
                                      .out = o};
      };
      oracle().delta_rule(args(want_state.data(), want.data()));
      table().delta_rule(args(state.data(), out.data()));
      // Sums of d_k products of values below 4, each of which has been rounded a few times.
      const float absolute = static_cast<float>(d_k + 4) * 64 * kUlp;
      const std::string what = std::to_string(d_k) + " x " + std::to_string(d_v);
      expect_close({state.data(), d_k * d_v}, want_state, 0, absolute, "state " + what);
      expect_close({out.data(), d_v}, want, 0, absolute * static_cast<float>(d_k), "answer " + what);
    }
  }
}

// With a decay per token, and with one per channel and row; all tokens at once, and one by one: the same bits.
TEST_P(Elementwise, SsmScan) {
  constexpr std::size_t kTokens = 5, kGap = 3;
  for (const std::size_t d_state : {1u, 4u, 7u, 16u}) {
    for (const std::size_t n : lengths_around({1, 8, 16, 64})) {
      for (const bool has_rates : {false, true}) {
        const std::size_t stride = n + kGap;
        std::vector<float> rates = random_floats(d_state * stride, 7), steps = random_floats(kTokens * stride, 8);
        for (float& rate : rates) rate = -std::abs(rate);
        for (float& step : steps) step = std::abs(step) / 4;
        const std::vector<float> start = random_floats(d_state * stride, n);
        const GuardedBuffer<float> rate(rates), step(steps), input(random_floats(kTokens * stride, 1));
        const GuardedBuffer<float> b(random_floats(kTokens * d_state, 2)), c(random_floats(kTokens * d_state, 3));
        const auto args = [&](float* state, float* out, std::size_t first, std::size_t n_tokens) {
          return kernels::SsmScanArgs{.state = state,
                                      .state_stride = stride,
                                      .n_channels = n,
                                      .d_state = d_state,
                                      .n_tokens = n_tokens,
                                      .input = input.data() + first * stride,
                                      .b = b.data() + first * d_state,
                                      .c = c.data() + first * d_state,
                                      .bc_stride = d_state,
                                      .step = step.data() + first * stride,
                                      .step_stride = stride,
                                      .rates = has_rates ? rate.data() : nullptr,
                                      .out = out + first * stride,
                                      .stride = stride};
        };
        std::vector<float> want_state = start, want(kTokens * stride), one_state = start, one(kTokens * stride);
        oracle().ssm_scan(args(want_state.data(), want.data(), 0, kTokens));
        const GuardedBuffer<float> state(start), out(std::vector<float>(kTokens * stride));
        table().ssm_scan(args(state.data(), out.data(), 0, kTokens));
        for (std::size_t t = 0; t < kTokens; ++t) table().ssm_scan(args(one_state.data(), one.data(), t, 1));
        EXPECT_EQ(std::memcmp(state.data(), one_state.data(), start.size() * sizeof(float)), 0);
        EXPECT_EQ(std::memcmp(out.data(), one.data(), one.size() * sizeof(float)), 0);
        // Each token adds a rounding of a state below 4 * kTokens, of which d_state add up.
        const float absolute = static_cast<float>(kTokens * (d_state + 4)) * 64 * kUlp;
        const std::string what = std::to_string(d_state) + " x " + std::to_string(n);
        expect_close({state.data(), start.size()}, want_state, 0, absolute, "state " + what);
        expect_close({out.data(), want.size()}, want, 0, absolute * static_cast<float>(d_state), "answer " + what);
      }
    }
  }
}

TEST_P(Elementwise, AddAndAddScaled) {
  for (const std::size_t n : lengths()) {
    const std::vector<float> a = random_floats(n, n), b = random_floats(n, n + 1);
    const GuardedBuffer<float> x(a), y(b), out(n);
    table().add(x.data(), y.data(), n, out.data());
    for (std::size_t i = 0; i < n; ++i) ASSERT_EQ(out[i], a[i] + b[i]);
    table().add(x.data(), y.data(), n, x.data());
    EXPECT_EQ(std::memcmp(x.data(), out.data(), n * sizeof(float)), 0);
    std::vector<float> want = b;
    oracle().add_scaled(a.data(), 0.37f, n, want.data());
    const GuardedBuffer<float> source(a);
    table().add_scaled(source.data(), 0.37f, n, y.data());
    expect_close({y.data(), n}, want, kUlp, kUlp, "n = " + std::to_string(n));
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, Elementwise, testing::ValuesIn(tiers_under_test()), tier_name);

}  // namespace
}  // namespace quern::test
