#include "sched/submission_queue.hpp"

#include "sched/engine_signal.hpp"

#include <atomic>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

std::shared_ptr<Generation> generation(RequestId id) {
  auto out = std::make_shared<Generation>();
  out->id = id;
  return out;
}

TEST(SubmissionQueue, FirstInFirstOut) {
  SubmissionQueue queue(8);
  EXPECT_EQ(queue.pop(), nullptr);
  for (RequestId id = 1; id <= 5; ++id) EXPECT_TRUE(queue.push(generation(id)));
  for (RequestId id = 1; id <= 5; ++id) EXPECT_EQ(queue.pop()->id, id);
  EXPECT_EQ(queue.pop(), nullptr);
}

TEST(SubmissionQueue, CapacityIsExactAndCountsUntilThePlaceIsReleased) {
  for (const std::uint32_t capacity : {1u, 2u, 100u, SubmissionQueue::kMaxCapacity}) {
    SubmissionQueue queue(capacity);
    for (std::uint32_t i = 0; i < capacity; ++i) ASSERT_TRUE(queue.push(generation(i))) << i << " of " << capacity;
    EXPECT_FALSE(queue.push(generation(0)));
    EXPECT_EQ(queue.size(), capacity);
    EXPECT_NE(queue.pop(), nullptr);
    EXPECT_FALSE(queue.push(generation(0))) << "popped, but neither admitted nor dropped";
    queue.release_place();
    EXPECT_TRUE(queue.push(generation(0)));
    EXPECT_FALSE(queue.push(generation(0)));
  }
}

TEST(SubmissionQueue, HoldsAReferenceAndDropsItWithTheQueue) {
  std::weak_ptr<Generation> in_queue, refused;
  {
    SubmissionQueue queue(1);
    const auto first = generation(1), second = generation(2);
    in_queue = first, refused = second;
    EXPECT_TRUE(queue.push(first));
    EXPECT_FALSE(queue.push(second));
    EXPECT_EQ(first.use_count(), 2);
    EXPECT_EQ(second.use_count(), 1);
  }
  EXPECT_TRUE(in_queue.expired());
  EXPECT_TRUE(refused.expired());
}

TEST(SubmissionQueueStress, ManyThreadsLoseAndInventNothing) {
  constexpr RequestId kThreads = 4, kEach = 3000;
  SubmissionQueue queue(16);
  EngineSignal signal;
  std::vector<std::thread> submitters;
  for (RequestId t = 0; t < kThreads; ++t) {
    submitters.emplace_back([&, t] {
      for (RequestId i = 0; i < kEach; ++i) {
        const auto item = generation(t * kEach + i);
        while (!queue.push(item)) std::this_thread::yield();
        signal.raise();
      }
    });
  }
  std::vector<RequestId> next(kThreads, 0);
  for (RequestId n = 0; n < kThreads * kEach;) {
    const std::uint32_t epoch = signal.epoch();
    const std::shared_ptr<Generation> item = queue.pop();
    if (!item) {
      signal.wait(epoch, std::nullopt);  // a missed raise() would hang here
      continue;
    }
    queue.release_place();
    ASSERT_EQ(item->id % kEach, next[item->id / kEach]++) << "in order per submitter";
    ++n;
  }
  for (std::thread& thread : submitters) thread.join();
  EXPECT_EQ(queue.size(), 0u);
  EXPECT_EQ(queue.pop(), nullptr);
}

}  // namespace
}  // namespace quern::sched
