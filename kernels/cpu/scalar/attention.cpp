// Paged attention in double: one pass over the keys finds the largest score, a second one sums weights and values.
#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/quant/fp16.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace quern::kernels::scalar {
namespace {

// A row of cached values.
struct RowF16 {
  static constexpr KvType kType = KvType::f16;
  static float value(const std::byte* row, std::size_t d) noexcept { return f16_to_f32(u16(row + 2 * d)); }
  static std::uint16_t u16(const std::byte* p) noexcept {
    std::uint16_t bits;
    std::memcpy(&bits, p, sizeof bits);
    return bits;
  }
};
struct RowF32 {
  static constexpr KvType kType = KvType::f32;
  static float value(const std::byte* row, std::size_t d) noexcept {
    float out;
    std::memcpy(&out, row + 4 * d, sizeof out);
    return out;
  }
};
struct RowBf16 {
  static constexpr KvType kType = KvType::bf16;
  static float value(const std::byte* row, std::size_t d) noexcept { return bf16_to_f32(RowF16::u16(row + 2 * d)); }
};
struct RowQ8_0 {
  static constexpr KvType kType = KvType::q8_0;
  static float value(const std::byte* row, std::size_t d) noexcept {
    const std::byte* block = row + d / kKvQ8Values * kKvQ8Bytes;
    const auto code = static_cast<std::int8_t>(block[2 + d % kKvQ8Values]);
    return f16_to_f32(RowF16::u16(block)) * static_cast<float>(code);
  }
};

template <class Row>
const std::byte* entry(const AttentionArgs& args, const std::byte* base, std::uint32_t position,
                       std::uint32_t width) noexcept {
  const std::uint32_t page = args.page_table[position / args.page_tokens];
  return base + page * args.page_stride + position % args.page_tokens * kv_row_bytes(Row::kType, width);
}

template <class Row>
double score(const AttentionArgs& args, const float* q, std::size_t head, std::uint32_t position,
             std::uint32_t key) noexcept {
  const std::byte* k = entry<Row>(args, args.k_base, key, args.d_head_k);
  double sum = 0;
  for (std::uint32_t d = 0; d < args.d_head_k; ++d) sum += static_cast<double>(q[d]) * Row::value(k, d);
  sum *= args.scale;
  if (args.softcap != 0) sum = args.softcap * std::tanh(sum / args.softcap);
  if (args.alibi_slopes != nullptr) {
    sum -= args.alibi_slopes[head] * std::abs(static_cast<double>(key) - static_cast<double>(position));
  }
  return sum;
}

// The first and the last key that a position sees.
std::pair<std::uint32_t, std::uint32_t> visible(const AttentionArgs& args, std::uint32_t position) noexcept {
  const std::int64_t p = position, w = args.window;
  std::int64_t first = 0, last = args.n_keys != 0 ? std::int64_t{args.n_keys} - 1 : p;
  if (w != 0 && args.window_kind == WindowKind::before) first = p - w + 1;
  if (w != 0 && args.window_kind == WindowKind::around) {
    first = p - w / 2;
    last = std::min(last, p + w / 2);
  }
  if (w != 0 && args.window_kind == WindowKind::chunk) {
    first = p / w * w;
    last = std::min(last, first + w - 1);
  }
  return {static_cast<std::uint32_t>(std::max<std::int64_t>(first, 0)), static_cast<std::uint32_t>(last)};
}

template <class Row>
void attend(const AttentionArgs& args, std::size_t token, std::size_t head) noexcept {
  const float* q = args.q + token * args.q_token_stride + head * args.d_head_k;
  float* out = args.out + token * args.out_token_stride + head * args.d_head_v;
  const std::uint32_t position = args.first_position + static_cast<std::uint32_t>(token);
  const auto [first, last] = visible(args, position);

  double largest = args.sinks != nullptr ? args.sinks[head] : -INFINITY;
  for (std::uint32_t key = first; key <= last; ++key) {
    largest = std::max(largest, score<Row>(args, q, head, position, key));
  }
  double total = args.sinks != nullptr ? std::exp(args.sinks[head] - largest) : 0;
  double sums[kMaxHeadDim] = {};
  for (std::uint32_t key = first; key <= last; ++key) {
    const double weight = std::exp(score<Row>(args, q, head, position, key) - largest);
    const std::byte* v = entry<Row>(args, args.v_base, key, args.d_head_v);
    total += weight;
    for (std::uint32_t d = 0; d < args.d_head_v; ++d) sums[d] += weight * Row::value(v, d);
  }
  for (std::uint32_t d = 0; d < args.d_head_v; ++d) out[d] = static_cast<float>(sums[d] / total);
}

template <class Row>
void attention(const AttentionArgs& args) noexcept {
  for (std::size_t token = 0; token < args.n_tokens; ++token) {
    for (std::size_t head = 0; head < args.n_heads; ++head) attend<Row>(args, token, head);
  }
}

}  // namespace

void fill_attention(KernelTable& table) noexcept {
  table.attention[static_cast<std::size_t>(KvType::f16)] = &attention<RowF16>;
  table.attention[static_cast<std::size_t>(KvType::f32)] = &attention<RowF32>;
  table.attention[static_cast<std::size_t>(KvType::bf16)] = &attention<RowBf16>;
  table.attention[static_cast<std::size_t>(KvType::q8_0)] = &attention<RowQ8_0>;
}

}  // namespace quern::kernels::scalar
