// The way in: a bounded lock-free queue from any number of submitting threads to the engine thread.
// A place is taken by push() and given back only when the request has ended, so `capacity` bounds everything that was
// submitted, wherever it is: who waits and who runs.
// Threads: push() and size() any; pop() and release_place() the engine thread. No allocation after construction.
#pragma once

#include "sched/generation.hpp"

#include <atomic>
#include <cstdint>
#include <memory>

#include <boost/lockfree/queue.hpp>

namespace quern::sched {

class SubmissionQueue {
 public:
  static constexpr std::uint32_t kMaxCapacity = 65'000;  // node indexes of the fixed-size queue are 16 bits wide

  explicit SubmissionQueue(std::uint32_t capacity);  // 1..kMaxCapacity
  ~SubmissionQueue();
  SubmissionQueue(const SubmissionQueue&) = delete;
  SubmissionQueue& operator=(const SubmissionQueue&) = delete;

  bool push(const std::shared_ptr<Generation>& generation) noexcept;  // false: no place left
  std::shared_ptr<Generation> pop() noexcept;                         // empty: nothing there
  void release_place() noexcept;

  std::uint32_t capacity() const noexcept { return capacity_; }
  std::uint32_t size() const noexcept { return places_.load(std::memory_order_relaxed); }

 private:
  const std::uint32_t capacity_;
  std::atomic<std::uint32_t> places_{0};
  boost::lockfree::queue<Generation*, boost::lockfree::fixed_sized<true>> queue_;
};

}  // namespace quern::sched
