#include "sched/request_history.hpp"

#include <memory>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

std::shared_ptr<Generation> generation(RequestId id, bool finished = true) {
  auto out = std::make_shared<Generation>();
  out->id = id;
  out->request.prompt = {1, 2, 3};
  out->finish = FinishReason::length;
  if (finished) out->state = RequestState::finished;
  return out;
}

TEST(RequestHistory, KeepsTheNumbersAndNotThePrompt) {
  RequestHistory history;
  const auto ended = generation(7);
  history.add(ended);
  EXPECT_EQ(ended.use_count(), 1);
  const std::optional<RequestStatus> status = history.find(7, {});
  ASSERT_TRUE(status);
  EXPECT_EQ(status->n_prompt, 3u);
  EXPECT_EQ(status->finish, FinishReason::length);
  EXPECT_FALSE(history.find(8, {}));
  EXPECT_FALSE(history.find(0, {})) << "an empty place is no request";
}

TEST(RequestHistory, OneThatTheEngineHasNotEndedYetIsSeenAsItIs) {
  RequestHistory history;
  const auto runs = generation(7, false);
  history.add(runs);
  EXPECT_EQ(history.find(7, {})->state, RequestState::queued);
  EXPECT_TRUE(history.newest_first().empty());
  runs->state = RequestState::finished;
  EXPECT_EQ(history.find(7, {})->finish, FinishReason::length);
  ASSERT_EQ(history.newest_first().size(), 1u);
  history.add(generation(8));
  EXPECT_EQ(runs.use_count(), 1);
}

TEST(RequestHistory, TheOldestIsForgotten) {
  RequestHistory history;
  const RequestId n = RequestHistory::kCapacity + 10;
  for (RequestId id = 1; id <= n; ++id) history.add(generation(id));
  EXPECT_FALSE(history.find(10, {}));
  EXPECT_TRUE(history.find(11, {}));
  const std::vector<RequestStatus> newest = history.newest_first();
  ASSERT_EQ(newest.size(), RequestHistory::kCapacity);
  EXPECT_EQ(newest[0].id, n);
  EXPECT_EQ(newest[1].id, n - 1);
}

}  // namespace
}  // namespace quern::sched
