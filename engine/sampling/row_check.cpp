#include "engine/sampling/row_check.hpp"

#include <cmath>
#include <cstddef>
#include <limits>

namespace quern::engine::sampling {
namespace {

constexpr float kLargest = std::numeric_limits<float>::max();

// Blocks of a fixed size and a count instead of an early exit: what compilers turn into vector comparisons at -O2.
template <class Predicate>
std::size_t count_of(std::span<const float> x, Predicate predicate) noexcept {
  constexpr std::size_t kBlock = 512;
  std::size_t n = 0, i = 0;
  for (; i + kBlock <= x.size(); i += kBlock) {
    std::uint32_t n_block = 0;
    for (std::size_t j = 0; j < kBlock; ++j) n_block += predicate(x[i + j]) ? 1u : 0u;
    n += n_block;
  }
  for (; i < x.size(); ++i) n += predicate(x[i]) ? 1u : 0u;
  return n;
}

std::size_t count_finite(std::span<const float> x) noexcept {
  return count_of(x, [](float v) { return std::fabs(v) <= kLargest; });
}

}  // namespace

RowFault find_fault(std::span<const float> logits) noexcept {
  const std::size_t n_finite = count_finite(logits);
  if (n_finite == logits.size()) return RowFault::none;  // by far the most: few models mask tokens
  const std::size_t n_masked = count_of(logits, [](float v) { return v < -kLargest; });
  if (n_finite + n_masked == logits.size()) return n_finite > 0 ? RowFault::none : RowFault::nothing_finite;
  return count_of(logits, [](float v) { return v > kLargest; }) + n_finite + n_masked == logits.size()
             ? RowFault::infinite
             : RowFault::not_a_number;
}

bool all_finite(std::span<const float> x) noexcept {
  return count_finite(x) == x.size();
}

const char* row_fault_text(RowFault fault) noexcept {
  switch (fault) {
    case RowFault::none:
      return "nothing wrong";
    case RowFault::not_a_number:
      return "NaN";
    case RowFault::infinite:
      return "+infinity";
    case RowFault::nothing_finite:
      return "-infinity for every token";
  }
  return "unknown";
}

}  // namespace quern::engine::sampling
