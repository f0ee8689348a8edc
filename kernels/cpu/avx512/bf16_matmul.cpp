// Coarse prefill in bf16 for CPUs with AVX512_BF16 and without tiles: the panels of simd/matmul.hpp with two weights in
// each lane of 32 bits. Twice the multiply-adds of F32 in one instruction and half the bytes of a panel.
#include "kernels/cpu/avx512/bf16_list.hpp"
#include "kernels/cpu/avx512/kernels.hpp"
#include "kernels/cpu/simd/matmul.hpp"

namespace quern::kernels {
namespace {

// A lane is a pair of bf16, so rows have half as many lanes as values.
struct Bf16Pairs : Vec {
  static F fmadd(F a, F b, F sum) noexcept { return dot_bf16(sum, _mm512_castps_si512(a), _mm512_castps_si512(b)); }
};

// As panel() of simd/matmul.hpp, over 2 * kPanelCols columns at a time.
void bf16_panel(const MatmulArgs& args, UnpackBf16Fn unpack, std::size_t row, std::size_t n_rows, std::size_t token,
                std::size_t n_tokens) noexcept {
  alignas(64) float w[kPanelRows * kPanelStride];
  __m512 sums[kPanelRows * kPanelTokens];
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t t = 0; t < n_tokens; ++t) sums[r * kPanelTokens + t] = Vec::zero();
  }
  const std::size_t x_stride = args.x_row_bytes / sizeof(float);
  for (std::size_t k = 0; k < args.n_cols; k += 2 * kPanelCols) {
    const std::size_t n = args.n_cols - k < 2 * kPanelCols ? args.n_cols - k : 2 * kPanelCols;
    for (std::size_t r = 0; r < n_rows; ++r) {
      unpack(args.w + (row + r) * args.row_bytes, k, n, reinterpret_cast<std::byte*>(w + r * kPanelStride),
             kBf16GroupBytes);
    }
    panel_tiles<Bf16Pairs>(w, n_rows, token_row(args, token) + k / 2, x_stride, n_tokens,
                           (n + kBf16Group - 1) / kBf16Group, sums);
  }
  for (std::size_t r = 0; r < n_rows; ++r) {
    for (std::size_t t = 0; t < n_tokens; ++t) {
      args.y[(token + t) * args.y_stride + row + r] = Vec::reduce_add(sums[r * kPanelTokens + t]);
    }
  }
}

template <UnpackBf16Fn kUnpack>
struct Bf16Panels {
  static constexpr std::uint32_t kPieceRows = MatmulKernel{}.piece_rows;
  static void run(const MatmulArgs& args) noexcept {
    for (std::size_t token = 0; token < args.n_tokens; token += kPanelTokens) {
      const std::size_t n_tokens = args.n_tokens - token < kPanelTokens ? args.n_tokens - token : kPanelTokens;
      for (std::size_t row = args.row_begin; row < args.row_end; row += kPanelRows) {
        const std::size_t n_rows = args.row_end - row < kPanelRows ? args.row_end - row : kPanelRows;
        bf16_panel(args, kUnpack, row, n_rows, token, n_tokens);
      }
    }
  }
};

}  // namespace

namespace QUERN_AVX512 {

void fill_bf16(KernelTable& table) noexcept {
  fill_bf16_matmul<Bf16Panels>(table, Role::prefill_coarse, Peak::bf16_dot_512);
}

}  // namespace QUERN_AVX512
}  // namespace quern::kernels
