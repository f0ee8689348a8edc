#include "sched/submission_queue.hpp"

#include "base/assert.hpp"

#include <utility>

#ifdef __SANITIZE_THREAD__
// Boost's free list reads the next index of a node that another submitter may be taking at that moment; the tag in the
// compare-and-swap that follows refuses what was read. A plain read by the letter of the standard, so it is reported.
extern "C" const char* __tsan_default_suppressions() {
  return "race:boost::lockfree::detail::fixed_size_freelist\n";
}
#endif

namespace quern::sched {

SubmissionQueue::SubmissionQueue(std::uint32_t capacity) : capacity_(capacity), queue_(capacity) {
  QUERN_ASSERT(capacity >= 1 && capacity <= kMaxCapacity);
}

SubmissionQueue::~SubmissionQueue() {
  while (pop()) release_place();
}

bool SubmissionQueue::push(const std::shared_ptr<Generation>& generation) noexcept {
  std::uint32_t taken = places_.load(std::memory_order_relaxed);
  do {
    if (taken >= capacity_) return false;
    // acquire pairs with release_place(): the node of the request that left is free again.
  } while (!places_.compare_exchange_weak(taken, taken + 1, std::memory_order_acquire, std::memory_order_relaxed));
  generation->queued_self = generation;  // the queue carries plain pointers; this is the reference it holds
  const bool pushed = queue_.push(generation.get());
  QUERN_ASSERT(pushed);  // places_ <= capacity_ = nodes
  return true;
}

std::shared_ptr<Generation> SubmissionQueue::pop() noexcept {
  Generation* generation = nullptr;
  if (!queue_.pop(generation)) return nullptr;
  return std::exchange(generation->queued_self, nullptr);
}

void SubmissionQueue::release_place() noexcept {
  const std::uint32_t before = places_.fetch_sub(1, std::memory_order_release);
  QUERN_DCHECK(before > 0);
  static_cast<void>(before);
}

}  // namespace quern::sched
