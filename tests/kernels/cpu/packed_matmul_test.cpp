// Packed weights of every tier and type: what is packed is what the decoder says, products agree with the scalar
// oracle, are bit-equal over batch sizes and row splits, and touch nothing outside the operands.
#include "kernels/kernel_table.hpp"
#include "tests/support/guarded_buffer.hpp"
#include "tests/support/kernel_data.hpp"
#include "tests/support/test_tiers.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using kernels::kPackedGroupRows;
using kernels::MatmulKernel;
using kernels::PackedLayout;
using kernels::QuantFormat;
using kernels::Role;

struct Case {
  TierUnderTest tier;
  const QuantFormat* format;
  const PackedLayout* layout;
  const MatmulKernel* kernel;
  bool fast;
};

std::vector<Case> all_cases() {
  std::vector<Case> out;
  for (const TierUnderTest& tier : tiers_under_test()) {
    for (const QuantFormat& format : kernels::formats()) {
      const auto type = static_cast<std::size_t>(format.type);
      const PackedLayout& layout = tier.table->layout[type];
      if (layout.pack == nullptr) continue;
      for (const bool fast : {false, true}) {
        const Role role = fast ? Role::prefill_coarse : Role::prefill;
        const MatmulKernel& kernel = tier.table->packed[static_cast<std::size_t>(role)][type];
        const bool is_listed = std::any_of(out.begin(), out.end(), [&](const Case& c) {
          return c.kernel->run == kernel.run;  // a tier with another one's kernels
        });
        if (!is_listed) out.push_back({tier, &format, &layout, &kernel, fast});
      }
    }
  }
  return out;
}

std::string case_name(const testing::TestParamInfo<Case>& info) {
  std::string name = std::string(info.param.tier.name) + "_" + info.param.format->name;
  std::replace(name.begin(), name.end(), '-', '_');
  return name + (info.param.fast ? "_fast" : "_exact");
}

std::size_t n_groups(std::size_t n_rows) {
  return (n_rows + kPackedGroupRows - 1) / kPackedGroupRows;
}

// One packed product in guarded memory: the file's rows and the packed groups end at unreadable pages.
struct Problem {
  const Case& c;
  std::size_t n_rows, n_cols, n_tokens;
  GuardedBuffer<std::uint8_t> w;
  GuardedBuffer<std::byte> packed;
  std::vector<float> x;

  Problem(const Case& of, std::size_t rows, std::size_t cols, std::size_t tokens)
      : c(of),
        n_rows(rows),
        n_cols(cols),
        n_tokens(tokens),
        w(rows * of.format->row_bytes(cols)),
        packed(n_groups(rows) * of.layout->group_bytes(cols)),
        x(random_floats(tokens * cols, cols + 7)) {
    for (std::size_t r = 0; r < rows; ++r) {
      const std::vector<std::uint8_t> row = random_row(*of.format, cols, 1000 * cols + r);
      std::memcpy(w.data() + r * row.size(), row.data(), row.size());
    }
    pack(0, n_groups(rows), packed.data());
  }

  std::size_t row_bytes() const { return c.format->row_bytes(n_cols); }
  void pack(std::size_t begin, std::size_t end, std::byte* out) const {
    c.layout->pack(reinterpret_cast<const std::byte*>(w.data()), row_bytes(), n_rows, n_cols, begin, end, out);
  }
  // y[n_tokens, n_rows] of rows [begin, end) and tokens [first, first + count); other entries stay NaN.
  std::vector<float> run(const MatmulKernel& kernel, const std::byte* weights, std::size_t stride, std::size_t begin,
                         std::size_t end, std::size_t first, std::size_t count) const {
    const std::size_t x_row_bytes = kernel.prepared_row_bytes(n_cols);
    GuardedBuffer<std::byte> prepared(x_row_bytes * count);
    kernel.prepare(x.data() + first * n_cols, count, n_cols, prepared.data());
    GuardedBuffer<float> y(count * n_rows);
    std::fill(y.data(), y.data() + y.size(), NAN);
    kernel.run({.w = weights,
                .row_bytes = stride,
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
  std::vector<float> run(std::size_t begin, std::size_t end, std::size_t first, std::size_t count) const {
    return run(*c.kernel, packed.data(), c.layout->group_bytes(n_cols), begin, end, first, count);
  }
  // The mean over rows and tokens of the squared error, in units of what a sum of products with random signs would
  // have: some sums cancel, and their own size says nothing.
  double error(const std::vector<float>& got, const std::vector<float>& want) const {
    const auto square = [this](const float* values) {
      double sum = 0;
      for (std::size_t k = 0; k < n_cols; ++k) sum += static_cast<double>(values[k]) * values[k];
      return sum;
    };
    double out = 0;
    std::vector<float> row(n_cols);
    for (std::size_t r = 0; r < n_rows; ++r) {
      c.format->dequantize(w.data() + r * row_bytes(), n_cols, row.data());
      for (std::size_t t = 0; t < n_tokens; ++t) {
        const double off = static_cast<double>(got[t * n_rows + r]) - want[t * n_rows + r];
        out += off * off * static_cast<double>(n_cols) / (square(row.data()) * square(&x[t * n_cols]));
      }
    }
    return out / static_cast<double>(n_rows * n_tokens);
  }
  std::vector<float> oracle() const {
    const TierUnderTest scalar = tiers_under_test().front();
    const MatmulKernel& kernel = scalar.table->matmul[0][static_cast<std::size_t>(c.format->type)];
    return run(kernel, reinterpret_cast<const std::byte*>(w.data()), row_bytes(), 0, n_rows, 0, n_tokens);
  }
};

class PackedMatmul : public testing::TestWithParam<Case> {
 protected:
  // 8 bits: half a unit in 127 of the largest of 32 values, about 2.1 deviations of a normal distribution: an error of
  // 0.0048 of a deviation, 2.3e-5 of its square, and by chance ten times that in a single sum. 15 bits: a 16384th.
  double tolerance() const { return GetParam().fast ? 4e-4 : 4e-8; }
  std::vector<std::size_t> lengths() const {
    if (GetParam().format->block_values == 256) return {256, 512, 1280};
    return {32, 64, 256, 288, 512 + 224};
  }
};

TEST_P(PackedMatmul, AgreesWithDoubleOracle) {
  for (const std::size_t n_cols : lengths()) {
    for (const std::size_t n_rows : {1u, 16u, 37u}) {
      for (const std::size_t n_tokens : {1u, 2u, 5u, 9u}) {
        const Problem problem(GetParam(), n_rows, n_cols, n_tokens);
        EXPECT_LT(problem.error(problem.run(0, n_rows, 0, n_tokens), problem.oracle()), tolerance())
            << n_rows << " rows, " << n_cols << " columns, " << n_tokens << " tokens";
      }
    }
  }
}

// A token that is 1 in one column and 0 elsewhere is exact in either arithmetic: what comes out is the packed weight.
TEST_P(PackedMatmul, HoldsWhatTheDecoderSays) {
  const QuantFormat& format = *GetParam().format;
  const std::size_t n_cols = format.block_values == 256 ? 512 : 288;
  constexpr std::size_t kRows = 19;
  Problem problem(GetParam(), kRows, n_cols, n_cols);
  std::fill(problem.x.begin(), problem.x.end(), 0.0f);
  for (std::size_t k = 0; k < n_cols; ++k) problem.x[k * n_cols + k] = 1.0f;
  const std::vector<float> got = problem.run(0, kRows, 0, n_cols);
  std::vector<float> row(n_cols);
  for (std::size_t r = 0; r < kRows; ++r) {
    format.dequantize(problem.w.data() + r * problem.row_bytes(), n_cols, row.data());
    float largest = 0;
    for (const float value : row) largest = std::max(largest, std::fabs(value));
    // Three roundings to 24 bits of numbers that are up to 128 times the weight.
    for (std::size_t k = 0; k < n_cols; ++k) {
      ASSERT_NEAR(got[k * kRows + r], row[k], 1e-6f * largest) << "row " << r << ", column " << k;
    }
  }
}

TEST_P(PackedMatmul, BitEqualForEveryBatchSizeAndRowSplit) {
  constexpr std::size_t kRows = 53, kTokens = 70;
  const std::size_t n_cols = GetParam().format->block_values == 256 ? 768 : 512 + 96;
  const Problem problem(GetParam(), kRows, n_cols, kTokens);
  std::vector<float> alone;
  for (std::size_t t = 0; t < kTokens; ++t) {
    const std::vector<float> row = problem.run(0, kRows, t, 1);
    alone.insert(alone.end(), row.begin(), row.end());
  }
  const bool is_emulated = std::string_view(GetParam().tier.name).ends_with("emulated");  // slow: fewer sizes
  for (std::size_t count = 1; count <= kTokens; ++count) {
    if (is_emulated && count > 7 && count % 16 > 1 && count != kTokens) continue;
    const std::size_t first = count * 13 % (kTokens - count + 1);
    const std::vector<float> batch = problem.run(0, kRows, first, count);
    ASSERT_EQ(std::memcmp(batch.data(), &alone[first * kRows], batch.size() * sizeof(float)), 0) << count << " tokens";
  }
  for (const std::size_t count : {1u, 3u, 66u}) {
    for (std::size_t begin = 0; begin < kRows; begin += 11) {
      for (const std::size_t end : {begin + 1, begin + 20, kRows}) {
        const std::vector<float> part = problem.run(begin, std::min(end, kRows), 0, count);
        for (std::size_t i = 0; i < part.size(); ++i) {
          const bool inside = i % kRows >= begin && i % kRows < end;
          ASSERT_TRUE(inside ? std::memcmp(&part[i], &alone[i], sizeof(float)) == 0 : std::isnan(part[i]))
              << count << " tokens, rows " << begin << " to " << end << ", row " << i % kRows;
        }
      }
    }
  }
}

TEST_P(PackedMatmul, GroupsMayBePackedOneByOne) {
  const Problem problem(GetParam(), 43, 768, 1);
  const std::size_t group_bytes = GetParam().layout->group_bytes(768);
  EXPECT_EQ(group_bytes % 64, 0u);
  for (std::size_t g = 0; g < n_groups(43); ++g) {
    GuardedBuffer<std::byte> one(group_bytes);
    problem.pack(g, g + 1, one.data());
    EXPECT_EQ(std::memcmp(one.data(), problem.packed.data() + g * group_bytes, group_bytes), 0) << g;
  }
}

TEST_P(PackedMatmul, TakesLittleMoreThanTheFile) {
  const double packed = static_cast<double>(GetParam().layout->group_bytes(2048));
  const double file = 16.0 * static_cast<double>(GetParam().format->row_bytes(2048));
  EXPECT_LT(packed, 1.15 * file);
}

TEST_P(PackedMatmul, NanAndInfinityReachOnlyTheirOwnToken) {
  Problem problem(GetParam(), 5, 512, 4);
  problem.x[512 + 300] = NAN;
  problem.x[2 * 512 + 17] = INFINITY;
  const std::vector<float> y = problem.run(0, 5, 0, 4);
  for (std::size_t r = 0; r < 5; ++r) {
    EXPECT_TRUE(std::isfinite(y[r]));
    EXPECT_TRUE(std::isnan(y[5 + r]));
    EXPECT_FALSE(std::isfinite(y[10 + r]));
    EXPECT_TRUE(std::isfinite(y[15 + r]));
  }
}

TEST_P(PackedMatmul, NoRowsOrNoTokensWritesNothing) {
  const Problem problem(GetParam(), 3, 256, 2);
  for (const float value : problem.run(2, 2, 0, 2)) EXPECT_TRUE(std::isnan(value));
  EXPECT_TRUE(problem.run(0, 3, 0, 0).empty());
}

INSTANTIATE_TEST_SUITE_P(Tiers, PackedMatmul, testing::ValuesIn(all_cases()), case_name);
GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(PackedMatmul);  // tiers without packed weights

}  // namespace
}  // namespace quern::test
