// Paged attention in double: one pass over the keys finds the largest score, a second one sums weights and values.
#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/quant/fp16.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

namespace quern::kernels::scalar {
namespace {

float to_float(std::uint16_t h) noexcept {
  return kernels::f16_to_f32(h);
}
float to_float(float value) noexcept {
  return value;
}

template <class T>
const T* entry(const AttentionArgs& args, const std::byte* base, std::uint32_t position, std::uint32_t width) noexcept {
  const std::uint32_t page = args.page_table[position / args.page_tokens];
  return reinterpret_cast<const T*>(base + page * args.page_stride) + position % args.page_tokens * std::size_t{width};
}

template <class T>
double score(const AttentionArgs& args, const float* q, std::size_t head, std::uint32_t position,
             std::uint32_t key) noexcept {
  const T* k = entry<T>(args, args.k_base, key, args.d_head_k);
  double sum = 0;
  for (std::uint32_t d = 0; d < args.d_head_k; ++d) sum += static_cast<double>(q[d]) * to_float(k[d]);
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

template <class T>
void attend(const AttentionArgs& args, std::size_t token, std::size_t head) noexcept {
  const float* q = args.q + token * args.q_token_stride + head * args.d_head_k;
  float* out = args.out + token * args.out_token_stride + head * args.d_head_v;
  const std::uint32_t position = args.first_position + static_cast<std::uint32_t>(token);
  const auto [first, last] = visible(args, position);

  double largest = args.sinks != nullptr ? args.sinks[head] : -INFINITY;
  for (std::uint32_t key = first; key <= last; ++key) {
    largest = std::max(largest, score<T>(args, q, head, position, key));
  }
  double total = args.sinks != nullptr ? std::exp(args.sinks[head] - largest) : 0;
  double sums[kMaxHeadDim] = {};
  for (std::uint32_t key = first; key <= last; ++key) {
    const double weight = std::exp(score<T>(args, q, head, position, key) - largest);
    const T* v = entry<T>(args, args.v_base, key, args.d_head_v);
    total += weight;
    for (std::uint32_t d = 0; d < args.d_head_v; ++d) sums[d] += weight * to_float(v[d]);
  }
  for (std::uint32_t d = 0; d < args.d_head_v; ++d) out[d] = static_cast<float>(sums[d] / total);
}

template <class T>
void attention(const AttentionArgs& args) noexcept {
  for (std::size_t token = 0; token < args.n_tokens; ++token) {
    for (std::size_t head = 0; head < args.n_heads; ++head) attend<T>(args, token, head);
  }
}

}  // namespace

void attention_f16(const AttentionArgs& args) noexcept {
  attention<std::uint16_t>(args);
}
void attention_f32(const AttentionArgs& args) noexcept {
  attention<float>(args);
}

}  // namespace quern::kernels::scalar
