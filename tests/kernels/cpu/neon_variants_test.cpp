// The NEON tier computes the same bits on every CPU: with the instructions of the first AArch64 and with newer ones.
#include "kernels/cpu/neon/variants.hpp"
#include "kernels/cpu/tables.hpp"
#include "tests/support/kernel_data.hpp"

#include <cstring>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using kernels::MatmulKernel;
using kernels::NeonVariant;
using kernels::QuantFormat;

std::vector<float> product(const MatmulKernel& kernel, const QuantFormat& format, std::size_t n_cols) {
  constexpr std::size_t kRows = 5, kTokens = 7;
  std::vector<std::uint8_t> w;
  for (std::size_t r = 0; r < kRows; ++r) {
    const std::vector<std::uint8_t> row = random_row(format, n_cols, 77 * n_cols + r);
    w.insert(w.end(), row.begin(), row.end());
  }
  const std::vector<float> x = random_floats(kTokens * n_cols, n_cols);
  const std::size_t x_row_bytes = kernel.prepared_row_bytes(n_cols);
  struct alignas(64) Line {
    std::byte bytes[64];
  };
  std::vector<Line> prepared(kTokens * x_row_bytes / sizeof(Line));
  kernel.prepare(x.data(), kTokens, n_cols, prepared.data()->bytes);
  std::vector<float> y(kTokens * kRows);
  kernel.run({.w = reinterpret_cast<const std::byte*>(w.data()),
              .row_bytes = format.row_bytes(n_cols),
              .row_begin = 0,
              .row_end = kRows,
              .n_cols = n_cols,
              .x = prepared.data()->bytes,
              .x_row_bytes = x_row_bytes,
              .n_tokens = kTokens,
              .y = y.data(),
              .y_stride = kRows});
  return y;
}

bool supported(const kernels::CpuFeatures& wanted) {
  const kernels::CpuFeatures& here = kernels::cpu_features();
  return (here.neon || !wanted.neon) && (here.neon_dotprod || !wanted.neon_dotprod) &&
         (here.neon_i8mm || !wanted.neon_i8mm);
}

TEST(NeonVariants, ThePlainestRunsEverywhereAndTheTierIsTheLastSupported) {
  ASSERT_FALSE(kernels::neon_variants().empty());
  ASSERT_TRUE(supported(kernels::neon_variants().front().features));
  const kernels::KernelTable* best = nullptr;
  for (const NeonVariant& variant : kernels::neon_variants()) {
    if (supported(variant.features)) best = &variant.table();
  }
  const auto q4_k = static_cast<std::size_t>(kernels::TensorType::q4_k);
  EXPECT_EQ(kernels::neon_table().matmul[0][q4_k].run, best->matmul[0][q4_k].run);
}

TEST(NeonVariants, ProductsOfEveryTypeAreBitEqual) {
  const kernels::KernelTable& plain = kernels::neon_variants().front().table();
  for (const NeonVariant& variant : kernels::neon_variants()) {
    if (!supported(variant.features)) continue;
    for (const QuantFormat& format : kernels::formats()) {
      const auto type = static_cast<std::size_t>(format.type);
      const MatmulKernel& kernel = variant.table().matmul[0][type];
      if (kernel.run == nullptr) continue;
      for (const std::size_t n_cols : {256u, 1280u}) {
        const std::vector<float> want = product(plain.matmul[0][type], format, n_cols);
        const std::vector<float> got = product(kernel, format, n_cols);
        EXPECT_EQ(std::memcmp(got.data(), want.data(), want.size() * sizeof(float)), 0)
            << variant.name << " " << format.name << ", " << n_cols << " columns";
      }
    }
  }
}

}  // namespace
}  // namespace quern::test
