// Paged attention in double: one pass over the keys finds the largest score, a second one sums weights and values.
#include "kernels/cpu/scalar/kernels.hpp"
#include "kernels/quant/fp16.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>

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
    sum += args.alibi_slopes[head] * (static_cast<double>(key) - static_cast<double>(position));
  }
  return sum;
}

template <class T>
void attend(const AttentionArgs& args, std::size_t token, std::size_t head) noexcept {
  const float* q = args.q + token * args.q_token_stride + head * args.d_head_k;
  float* out = args.out + token * args.out_token_stride + head * args.d_head_v;
  const std::uint32_t position = args.first_position + static_cast<std::uint32_t>(token);
  const std::uint32_t first = args.window != 0 && position >= args.window ? position - args.window + 1 : 0;

  double largest = args.sinks != nullptr ? args.sinks[head] : -INFINITY;
  for (std::uint32_t key = first; key <= position; ++key) {
    largest = std::max(largest, score<T>(args, q, head, position, key));
  }
  double total = args.sinks != nullptr ? std::exp(args.sinks[head] - largest) : 0;
  double sums[kMaxHeadDim] = {};
  for (std::uint32_t key = first; key <= position; ++key) {
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
