#include "engine/sampling/scan.hpp"

#include "engine/sampling/portable_math.hpp"

#include <algorithm>
#include <array>
#include <limits>

namespace quern::engine::sampling {
namespace {

constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kLargest = std::numeric_limits<float>::max();

}  // namespace

float max_of(std::span<const float> x) noexcept {
  constexpr std::size_t kLanes = 16;  // four SSE registers: enough to hide the latency of a maximum
  std::array<float, kLanes> lanes;
  lanes.fill(kNothing);
  const float* p = x.data();
  std::size_t i = 0;
  for (; i + kLanes <= x.size(); i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] = p[i + j] > lanes[j] ? p[i + j] : lanes[j];
  float best = kNothing;
  for (; i < x.size(); ++i) best = p[i] > best ? p[i] : best;
  for (const float lane : lanes) best = lane > best ? lane : best;
  return best;
}

std::uint32_t count_from(std::span<const float> x, float floor) noexcept {
  std::uint32_t n = 0;
  for (const float v : x) n += v >= floor ? 1u : 0u;
  return n;
}

double sum_of(std::span<const float> x) noexcept {
  constexpr std::size_t kLanes = 8;
  std::array<double, kLanes> lanes{};
  std::size_t i = 0;
  for (; i + kLanes <= x.size(); i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) lanes[j] += static_cast<double>(x[i + j]);
  double sum = 0.0;
  for (; i < x.size(); ++i) sum += static_cast<double>(x[i]);
  for (const double lane : lanes) sum += lane;
  return sum;
}

std::uint32_t argmax(std::span<const float> x) noexcept {
  constexpr std::size_t kBlock = 1024;  // searched a second time only in the block that holds the best
  float best = kNothing;
  std::size_t best_begin = 0;
  for (std::size_t begin = 0; begin < x.size(); begin += kBlock) {
    const float block = max_of(x.subspan(begin, std::min(kBlock, x.size() - begin)));
    if (block > best) {
      best = block;
      best_begin = begin;
    }
  }
  if (best == kNothing) return 0;
  std::size_t i = best_begin;
  while (x[i] != best) ++i;
  return static_cast<std::uint32_t>(i);
}

void select_best(std::span<const float> x, std::size_t k, std::vector<Ranked>& best) {
  constexpr std::size_t kBlock = 64;
  best.clear();
  if (k == 0) return;
  // No more than x.size() are ever held, so a huge k cannot overflow this.
  const std::size_t limit = 2 * std::min(k, x.size()) + 2 * kBlock;
  if (best.capacity() < limit) best.reserve(limit);
  float threshold = kNothing;
  const auto shrink = [&] {
    const auto last = best.begin() + static_cast<std::ptrdiff_t>(k) - 1;
    std::nth_element(best.begin(), last, best.end(), better);
    // Later ones have a higher index, so an equal logit cannot displace any of these.
    threshold = last->logit;
    best.resize(k);
  };
  for (std::size_t begin = 0; begin < x.size(); begin += kBlock) {
    const std::span<const float> block = x.subspan(begin, std::min(kBlock, x.size() - begin));
    if (count_from(block, threshold) == 0) continue;
    for (std::size_t i = 0; i < block.size(); ++i)
      if (block[i] > threshold) best.push_back({block[i], static_cast<std::uint32_t>(begin + i)});
    if (best.size() + kBlock > limit) shrink();
  }
  if (best.size() > k) shrink();
  std::sort(best.begin(), best.end(), [](const Ranked& a, const Ranked& b) { return a.index < b.index; });
}

double log_sum_exp(std::span<const float> x) noexcept {
  const float max = std::min(max_of(x), kLargest);
  if (max == kNothing) return static_cast<double>(kNothing);
  constexpr std::size_t kBlock = 512;
  std::array<float, kBlock> weights;
  double sum = 0.0;
  for (std::size_t begin = 0; begin < x.size(); begin += kBlock) {
    const std::size_t n = std::min(kBlock, x.size() - begin);
    for (std::size_t i = 0; i < n; ++i) {
      const float v = x[begin + i];
      weights[i] = v > kNothing ? (v < max ? v : max) : kNothing;
    }
    exp_shifted(weights.data(), max, n, weights.data());
    sum += sum_of({weights.data(), n});
  }
  return static_cast<double>(max) + portable_log(sum);
}

}  // namespace quern::engine::sampling
