// Matrix products of every tier and type: accuracy against the scalar oracle, bit-equality over batch sizes and row
// splits, no access outside the operands.
#include "kernels/kernel_table.hpp"
#include "tests/support/guarded_buffer.hpp"
#include "tests/support/kernel_data.hpp"
#include "tests/support/test_tiers.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using kernels::MatmulArgs;
using kernels::MatmulKernel;
using kernels::QuantFormat;
using kernels::TensorType;

struct Case {
  TierUnderTest tier;
  const QuantFormat* format;
  const MatmulKernel* kernel;
  std::string role;  // the first that has this kernel
};

constexpr const char* kRoleNames[kernels::kRoles] = {"prefill", "decode", "prefill_coarse", "decode_coarse"};

std::vector<Case> all_cases() {
  std::vector<Case> out;
  const auto is_listed = [&](const MatmulKernel& kernel) {
    return std::any_of(out.begin(), out.end(), [&](const Case& c) { return c.kernel->run == kernel.run; });
  };
  for (const TierUnderTest& tier : tiers_under_test()) {
    for (const QuantFormat& format : kernels::formats()) {
      if (format.dequantize == nullptr) continue;
      for (std::size_t role = 0; role < kernels::kRoles; ++role) {
        const MatmulKernel& kernel = tier.table->matmul[role][static_cast<std::size_t>(format.type)];
        if (is_listed(kernel)) continue;  // also where a tier has another one's kernel
        out.push_back({tier, &format, &kernel, std::string("_") + kRoleNames[role]});
      }
    }
  }
  return out;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name = std::string(info.param.tier.name) + "_" + info.param.format->name + info.param.role;
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}

// One product in guarded memory: the weights end at an unreadable page and start at any address.
struct Problem {
  const QuantFormat& format;
  std::size_t n_rows, n_cols, n_tokens;
  GuardedBuffer<std::uint8_t> w;
  std::vector<float> x;

  Problem(const QuantFormat& f, std::size_t rows, std::size_t cols, std::size_t tokens)
      : format(f),
        n_rows(rows),
        n_cols(cols),
        n_tokens(tokens),
        w(rows * f.row_bytes(cols)),
        x(random_floats(tokens * cols, cols + 7)) {
    for (std::size_t r = 0; r < rows; ++r) {
      const std::vector<std::uint8_t> row = random_row(f, cols, 1000 * cols + r);
      std::memcpy(w.data() + r * row.size(), row.data(), row.size());
    }
  }

  // y[n_tokens, n_rows] of rows [begin, end) and tokens [first, first + count); other entries stay NaN.
  std::vector<float> run(const MatmulKernel& kernel, std::size_t begin, std::size_t end, std::size_t first,
                         std::size_t count) const {
    const std::size_t x_row_bytes = kernel.prepared_row_bytes(n_cols);
    GuardedBuffer<std::byte> prepared(x_row_bytes * count);
    kernel.prepare(x.data() + first * n_cols, count, n_cols, prepared.data());
    GuardedBuffer<float> y(count * n_rows);
    std::fill(y.data(), y.data() + y.size(), NAN);
    kernel.run({.w = reinterpret_cast<const std::byte*>(w.data()),
                .row_bytes = format.row_bytes(n_cols),
                .row_begin = begin,
                .row_end = end,
                .n_cols = n_cols,
                .x = prepared.data(),
                .x_row_bytes = x_row_bytes,
                .n_tokens = count,
                .y = y.data(),
                .y_stride = n_rows});
    return y.copy();
  }
};

class Matmul : public testing::TestWithParam<Case> {
 protected:
  const QuantFormat& format() const { return *GetParam().format; }
  const MatmulKernel& kernel() const { return *GetParam().kernel; }
  bool any_length() const { return format().block_values == 1; }
  // F32: each of the n products and additions, and the decoded weight, is off by at most half an ulp (2^-24), in random
  // directions: a relative error of about sqrt(n) * 2^-24 of the norm of the products, here at most 2e-6. Activations
  // in fewer than 32 bits have 14: half a unit is 2^-15 of the largest of a block, in random directions. Where both
  // factors are bf16, each is off by at most 2^-9 of itself: 3e-6 on average, and where few products are added or
  // cancel, a multiple of it.
  double tolerance() const {
    const std::size_t bytes = kernel().prepared_row_bytes(1024);
    if (bytes >= 1024 * sizeof(float)) return 1e-11;
    const bool bf16 = GetParam().role.ends_with("_coarse") && bytes < 1024 * sizeof(float);
    return bf16 ? 1e-4 : 1e-7;
  }
  std::vector<std::size_t> lengths() const {
    if (any_length()) return {1, 2, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 63, 65, 500, 511, 512, 513, 527, 545, 1031};
    const std::size_t block = format().block_values;
    return {block, 2 * block, 512, 512 + block, 1024 + 3 * block};
  }
};

TEST_P(Matmul, AgreesWithDoubleOracle) {
  const TierUnderTest scalar = tiers_under_test().front();
  ASSERT_STREQ(scalar.name, "scalar");
  const MatmulKernel& oracle = scalar.table->matmul[0][static_cast<std::size_t>(format().type)];
  for (const std::size_t n_cols : lengths()) {
    for (const std::size_t n_tokens : {1u, 2u, 3u, 5u}) {
      const Problem problem(format(), 7, n_cols, n_tokens);
      const std::vector<float> got = problem.run(kernel(), 0, 7, 0, n_tokens);
      const std::vector<float> want = problem.run(oracle, 0, 7, 0, n_tokens);
      EXPECT_LT(nmse(got, want), tolerance()) << n_cols << " columns, " << n_tokens << " tokens";
    }
  }
}

TEST_P(Matmul, BitEqualForEveryBatchSizeAndRowSplit) {
  constexpr std::size_t kRows = 29, kTokens = 70;
  const std::size_t n_cols = any_length() ? 1047 : format().block_values == 256 ? 1280 : 1024 + format().block_values;
  const Problem problem(format(), kRows, n_cols, kTokens);
  std::vector<float> alone;
  for (std::size_t t = 0; t < kTokens; ++t) {
    const std::vector<float> row = problem.run(kernel(), 0, kRows, t, 1);
    alone.insert(alone.end(), row.begin(), row.end());
  }
  const bool is_emulated = std::string_view(GetParam().tier.name).ends_with("emulated");  // slow: fewer sizes
  for (std::size_t count = 1; count <= kTokens; ++count) {
    if (is_emulated && count > 5 && count % 16 > 1 && count != kTokens) continue;
    const std::size_t first = count * 13 % (kTokens - count + 1);
    const std::vector<float> batch = problem.run(kernel(), 0, kRows, first, count);
    ASSERT_EQ(std::memcmp(batch.data(), &alone[first * kRows], batch.size() * sizeof(float)), 0) << count << " tokens";
  }
  for (const std::size_t count : {1u, 2u, 3u, 9u, 66u}) {
    for (std::size_t begin = 0; begin < kRows; begin += 5) {
      for (const std::size_t end : {begin + 1, begin + 4, kRows}) {
        const std::vector<float> part = problem.run(kernel(), begin, std::min(end, kRows), 0, count);
        for (std::size_t i = 0; i < part.size(); ++i) {
          const bool inside = i % kRows >= begin && i % kRows < end;
          // Rows outside the range must not be written at all.
          ASSERT_TRUE(inside ? std::memcmp(&part[i], &alone[i], sizeof(float)) == 0 : std::isnan(part[i]))
              << count << " tokens, rows " << begin << " to " << end << ", row " << i % kRows;
        }
      }
    }
  }
}

// Enough tokens and columns for every way in which a kernel may cut them into blocks.
TEST_P(Matmul, ManyTokensAreBitEqualToFew) {
  if (format().type != TensorType::q4_k && format().type != TensorType::f16) GTEST_SKIP() << "two types stand for all";
  constexpr std::size_t kRows = 37, kTokens = 530;
  const Problem problem(format(), kRows, 1280, kTokens);
  const std::vector<float> all = problem.run(kernel(), 0, kRows, 0, kTokens);
  for (const std::size_t first : {0u, 13u, 250u, 500u, 527u}) {
    const std::size_t count = std::min<std::size_t>(17, kTokens - first);
    const std::vector<float> few = problem.run(kernel(), 0, kRows, first, count);
    EXPECT_EQ(std::memcmp(few.data(), &all[first * kRows], few.size() * sizeof(float)), 0) << "tokens from " << first;
  }
}

TEST_P(Matmul, NoRowsOrNoTokensWritesNothing) {
  const Problem problem(format(), 3, 256, 2);
  for (const float value : problem.run(kernel(), 2, 2, 0, 2)) EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(problem.run(kernel(), 0, 3, 0, 0).empty());
}

TEST_P(Matmul, NanAndInfinityReachOnlyTheirOwnToken) {
  Problem problem(format(), 5, 512, 4);
  problem.x[512 + 300] = NAN;
  problem.x[2 * 512 + 17] = INFINITY;
  const std::vector<float> y = problem.run(kernel(), 0, 5, 0, 4);
  for (std::size_t r = 0; r < 5; ++r) {
    EXPECT_TRUE(std::isfinite(y[r]));
    EXPECT_TRUE(std::isnan(y[5 + r]));
    EXPECT_FALSE(std::isfinite(y[10 + r]));  // NaN where the weight is zero
    EXPECT_TRUE(std::isfinite(y[15 + r]));
  }
}

TEST_P(Matmul, WeightsMayStartAtAnyAddress) {
  const std::size_t n_cols = 512, row_bytes = format().row_bytes(n_cols);
  Problem problem(format(), 6, n_cols, 3);
  const std::vector<float> want = problem.run(kernel(), 0, 6, 0, 3);
  const std::vector<std::uint8_t> bytes = problem.w.copy();
  for (const std::size_t shift : {1u, 3u}) {
    GuardedBuffer<std::uint8_t> moved(6 * row_bytes + shift);
    std::memcpy(moved.data(), bytes.data(), bytes.size());
    GuardedBuffer<std::byte> prepared(3 * kernel().prepared_row_bytes(n_cols));
    kernel().prepare(problem.x.data(), 3, n_cols, prepared.data());
    std::vector<float> got(want.size());
    kernel().run({reinterpret_cast<const std::byte*>(moved.data()), row_bytes, 0, 6, n_cols, prepared.data(),
                  kernel().prepared_row_bytes(n_cols), 3, got.data(), 6});
    EXPECT_EQ(std::memcmp(got.data(), want.data(), want.size() * sizeof(float)), 0);
  }
}

INSTANTIATE_TEST_SUITE_P(Tiers, Matmul, testing::ValuesIn(all_cases()), case_name);

// A tier must know every type that the scalar tier knows, for both roles.
TEST(MatmulTables, EveryTierHasEveryScalarType) {
  const std::vector<TierUnderTest> tiers = tiers_under_test();
  for (const TierUnderTest& tier : tiers) {
    for (std::size_t role = 0; role < kernels::kRoles; ++role) {
      for (std::size_t type = 0; type < kernels::kTensorTypeIds; ++type) {
        const MatmulKernel& kernel = tier.table->matmul[role][type];
        EXPECT_EQ(kernel.run != nullptr, tiers.front().table->matmul[role][type].run != nullptr) << tier.name << type;
        if (kernel.run == nullptr) continue;
        EXPECT_NE(kernel.prepare, nullptr);
        EXPECT_EQ(kernel.prepared_row_bytes(17) % 64, 0u);
      }
    }
  }
}

}  // namespace
}  // namespace quern::test
