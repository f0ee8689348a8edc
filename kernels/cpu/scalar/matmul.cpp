// Matrix product over any format that has a decoder: blocks are dequantized to F32 and summed in double, in order of k.
#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/quant/quant_format.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace quern::kernels::scalar {
namespace {

constexpr std::size_t kChunkValues = 256;  // a multiple of every block size
constexpr std::size_t kTokensAtOnce = 16;

std::size_t prepared_row_bytes(std::size_t n_cols) noexcept {
  return (n_cols * sizeof(float) + 63) / 64 * 64;
}

void prepare(const float* x, std::size_t n_tokens, std::size_t n_cols, std::byte* out) noexcept {
  const std::size_t row_bytes = prepared_row_bytes(n_cols), used = n_cols * sizeof(float);
  for (std::size_t t = 0; t < n_tokens; ++t, x += n_cols, out += row_bytes) {
    std::memcpy(out, x, used);
    std::memset(out + used, 0, row_bytes - used);
  }
}

// One weight row times up to kTokensAtOnce activation rows.
void row_product(const QuantFormat& format, const MatmulArgs& args, std::size_t row, std::size_t first_token,
                 std::size_t n_tokens) noexcept {
  double sums[kTokensAtOnce] = {};
  float weights[kChunkValues];
  for (std::size_t k = 0; k < args.n_cols; k += kChunkValues) {
    const std::size_t n = std::min(kChunkValues, args.n_cols - k);
    format.dequantize(args.w + row * args.row_bytes + format.row_bytes(k), n, weights);
    for (std::size_t t = 0; t < n_tokens; ++t) {
      const auto* x = reinterpret_cast<const float*>(args.x + (first_token + t) * args.x_row_bytes) + k;
      for (std::size_t i = 0; i < n; ++i) sums[t] += static_cast<double>(weights[i]) * x[i];
    }
  }
  for (std::size_t t = 0; t < n_tokens; ++t) {
    args.y[(first_token + t) * args.y_stride + row] = static_cast<float>(sums[t]);
  }
}

void run(const QuantFormat& format, const MatmulArgs& args) noexcept {
  for (std::size_t row = args.row_begin; row < args.row_end; ++row) {
    for (std::size_t t = 0; t < args.n_tokens; t += kTokensAtOnce) {
      row_product(format, args, row, t, std::min(kTokensAtOnce, args.n_tokens - t));
    }
  }
}

// A kernel is a plain function pointer, so there is one instance per type id.
template <std::uint32_t kId>
void run_type(const MatmulArgs& args) noexcept {
  run(*find_format(kId), args);
}

template <std::uint32_t kId>
void fill_type(KernelTable& table) noexcept {
  const QuantFormat* format = find_format(kId);
  if (format == nullptr || format->dequantize == nullptr) return;
  for (auto& by_type : table.matmul) by_type[kId] = {&prepared_row_bytes, &prepare, &run_type<kId>};
}

template <std::size_t... kIds>
void fill_types(KernelTable& table, std::index_sequence<kIds...>) noexcept {
  (fill_type<static_cast<std::uint32_t>(kIds)>(table), ...);
}

}  // namespace

void fill_matmul(KernelTable& table) noexcept {
  fill_types(table, std::make_index_sequence<kTensorTypeIds>());
}

}  // namespace quern::kernels::scalar
