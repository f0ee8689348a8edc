// Passes over a whole vocabulary of logits, the only work of a step that grows with its size. Written as lanes of
// independent comparisons or sums, which compilers vectorize and which fixes the order of additions.
// NaN is never the largest, is never chosen and counts as -infinity. Threads: pure functions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::engine::sampling {

// A candidate by its index. Of two equal logits the lower index is the better one, on every machine.
struct Ranked {
  float logit;
  std::uint32_t index;
};
inline bool better(const Ranked& a, const Ranked& b) noexcept {
  return a.logit > b.logit || (a.logit == b.logit && a.index < b.index);
}

float max_of(std::span<const float> x) noexcept;   // -infinity when there is none
double sum_of(std::span<const float> x) noexcept;  // no NaN may go in
// How many are at least `floor`; NaN never is.
std::uint32_t count_from(std::span<const float> x, float floor) noexcept;
std::uint32_t argmax(std::span<const float> x) noexcept;  // 0 when all are NaN or -infinity. REQUIRES: not empty

// Indexes of the k best that are neither NaN nor -infinity, ascending, into `best` (its logits are x's own). One pass
// with a rising threshold: on real logits few of them are ever copied. `best` grows to 2k + 128 at most.
void select_best(std::span<const float> x, std::size_t k, std::vector<Ranked>& best);

// log(sum(exp(x))), the normalizer of the softmax; +infinity counts as the largest float.
// -infinity when all are NaN or -infinity.
double log_sum_exp(std::span<const float> x) noexcept;

}  // namespace quern::engine::sampling
