// Products of F16 and BF16 matrices for the coarse roles, with both factors as bf16 (decisions/006): BFMMLA multiplies
// 2 x 4 by 4 x 2 of them, four times what one F32 multiply-add does. kBf16Cols columns of two rows are unpacked and
// used for up to kBf16Tokens tokens. One order of summation for every (token, row): four columns at a time, in order.
// So results are bit-equal for every batch size and every split of the rows.
#include "kernels/cpu/neon/common.hpp"
#include "kernels/cpu/neon/kernels.hpp"
#include "kernels/quant/tensor_type.hpp"

namespace quern::kernels {
namespace {

constexpr std::size_t kBf16Cols = 512, kBf16Tokens = 64;
constexpr std::size_t kTokenPairs = 4;  // that share a load of weights: 4 sums, 8 activations, 2 weights

constexpr std::size_t padded(std::size_t n_cols) noexcept {
  return (n_cols + 31) / 32 * 32;
}
std::size_t row_bytes(std::size_t n_cols) noexcept {
  return padded(n_cols) * sizeof(bfloat16_t);
}

// The n <= 8 values at p, zeros behind them.
float32x4x2_t load_f32(const float* p, std::size_t n) noexcept {
  float values[8] = {};
  if (n < 8) {
    __builtin_memcpy(values, p, n * sizeof(float));
    p = values;
  }
  return {vld1q_f32(p), vld1q_f32(p + 4)};
}
uint16x8_t load_u16(const std::byte* p, std::size_t n) noexcept {
  if (n >= 8) return vreinterpretq_u16_u8(vld1q_u8(reinterpret_cast<const std::uint8_t*>(p)));
  std::uint16_t values[8] = {};
  __builtin_memcpy(values, p, n * sizeof(std::uint16_t));
  return vld1q_u16(values);
}
bfloat16x8_t to_bf16(float32x4x2_t values) noexcept {
  return vcombine_bf16(vcvt_bf16_f32(values.val[0]), vcvt_bf16_f32(values.val[1]));
}

// Eight weights, or the n that are left, as bf16.
struct FromBf16 {
  static bfloat16x8_t load(const std::byte* p, std::size_t n) noexcept {
    return vreinterpretq_bf16_u16(load_u16(p, n));
  }
};
struct FromF16 {
  static bfloat16x8_t load(const std::byte* p, std::size_t n) noexcept {
    const float16x8_t halves = vreinterpretq_f16_u16(load_u16(p, n));
    return to_bf16({vcvt_f32_f16(vget_low_f16(halves)), vcvt_high_f32_f16(halves)});
  }
};

void prepare(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  for (std::size_t t = 0; t < n_tokens; ++t, x += n_cols) {
    for (std::size_t k = 0; k < padded(n_cols); k += 8, out += 16) {
      const std::size_t n = k < n_cols ? n_cols - k : 0;
      vst1q_bf16(reinterpret_cast<bfloat16_t*>(out), to_bf16(load_f32(x + (n > 0 ? k : 0), n)));
    }
  }
}

bfloat16x8_t first_halves(bfloat16x8_t a, bfloat16x8_t b) noexcept {
  return vcombine_bf16(vget_low_bf16(a), vget_low_bf16(b));
}
bfloat16x8_t second_halves(bfloat16x8_t a, bfloat16x8_t b) noexcept {
  return vcombine_bf16(vget_high_bf16(a), vget_high_bf16(b));
}

// Two rows of weights, kBf16Cols columns: [four columns][row][4].
struct RowPair {
  alignas(16) bfloat16_t w[kBf16Cols / 4][2][4];

  template <class From>
  void unpack(const std::byte* row0, const std::byte* row1, std::size_t n) noexcept {
    for (std::size_t k = 0; k < n; k += 8) {
      const bfloat16x8_t a = From::load(row0 + 2 * k, n - k), b = From::load(row1 + 2 * k, n - k);
      vst1q_bf16(w[k / 4][0], first_halves(a, b));
      vst1q_bf16(w[k / 4 + 1][0], second_halves(a, b));
    }
  }

  // sums[p] += both rows times tokens 2 p and 2 p + 1: {row 0 first, row 0 second, row 1 first, row 1 second}.
  template <std::size_t kPairs>
  void add_products(const bfloat16_t* const* x, std::size_t n, float32x4_t* sums) const noexcept {
    float32x4_t s[kPairs];
    for (std::size_t p = 0; p < kPairs; ++p) s[p] = sums[p];
    for (std::size_t k = 0; k < n; k += 8) {
      const bfloat16x8_t first = vld1q_bf16(w[k / 4][0]), second = vld1q_bf16(w[k / 4 + 1][0]);
      for (std::size_t p = 0; p < kPairs; ++p) {
        const bfloat16x8_t a = vld1q_bf16(x[2 * p] + k), b = vld1q_bf16(x[2 * p + 1] + k);
        s[p] = vbfmmlaq_f32(s[p], first, first_halves(a, b));
        s[p] = vbfmmlaq_f32(s[p], second, second_halves(a, b));
      }
    }
    for (std::size_t p = 0; p < kPairs; ++p) sums[p] = s[p];
  }
};

template <class From>
void row_pair(const MatmulArgs& args, std::size_t row, std::size_t token, std::size_t n_tokens) noexcept {
  RowPair weights;
  const bfloat16_t* x[kBf16Tokens];
  float32x4_t sums[kBf16Tokens / 2];
  const std::size_t n_pairs = (n_tokens + 1) / 2;
  for (std::size_t p = 0; p < n_pairs; ++p) sums[p] = vdupq_n_f32(0);
  for (std::size_t t = 0; t < 2 * n_pairs; ++t) {  // an odd last token has itself as its partner, as a row has
    const std::size_t at = token + (t < n_tokens ? t : n_tokens - 1);
    x[t] = reinterpret_cast<const bfloat16_t*>(args.x + at * args.x_row_bytes);
  }
  const std::byte* w0 = args.w + row * args.row_bytes;
  const bool has_second = row + 1 < args.row_end;
  const std::byte* w1 = has_second ? w0 + args.row_bytes : w0;
  for (std::size_t k = 0; k < args.n_cols; k += kBf16Cols) {
    const std::size_t n = args.n_cols - k < kBf16Cols ? args.n_cols - k : kBf16Cols;
    weights.unpack<From>(w0 + 2 * k, w1 + 2 * k, n);
    std::size_t p = 0;
    for (; p + kTokenPairs <= n_pairs; p += kTokenPairs) {
      weights.add_products<kTokenPairs>(x + 2 * p, n, sums + p);
    }
    for (; p < n_pairs; ++p) weights.add_products<1>(x + 2 * p, n, sums + p);
    for (std::size_t t = 0; t < 2 * n_pairs; ++t) x[t] += kBf16Cols;
  }
  for (std::size_t t = 0; t < n_tokens; ++t) {
    float four[4];
    vst1q_f32(four, sums[t / 2]);
    float* y = args.y + (token + t) * args.y_stride + row;
    y[0] = four[t % 2];
    if (has_second) y[1] = four[2 + t % 2];
  }
}

template <class From>
void matmul(const MatmulArgs& args) noexcept {
  for (std::size_t token = 0; token < args.n_tokens; token += kBf16Tokens) {
    const std::size_t n_tokens = args.n_tokens - token < kBf16Tokens ? args.n_tokens - token : kBf16Tokens;
    for (std::size_t row = args.row_begin; row < args.row_end; row += 2) row_pair<From>(args, row, token, n_tokens);
  }
}

template <class From>
void set(KernelTable& table, Role role, TensorType type) noexcept {
  table.matmul[static_cast<std::size_t>(role)][static_cast<std::size_t>(type)] = {
      .prepared_row_bytes = &row_bytes, .prepare = &prepare, .run = &matmul<From>, .peak = Peak::bf16_matrix_128};
}

}  // namespace

namespace neon {

void fill_bf16(KernelTable& table) noexcept {
  set<FromBf16>(table, Role::prefill_coarse, TensorType::bf16);
  set<FromBf16>(table, Role::decode_coarse, TensorType::bf16);
  set<FromF16>(table, Role::prefill_coarse, TensorType::f16);
  set<FromF16>(table, Role::decode_coarse, TensorType::f16);
}

}  // namespace neon
}  // namespace quern::kernels
