// Allocation failures inside the engine loop: only the sequence concerned fails. A binary of its own, because it
// replaces operator new.
#include "sched/tenant_places.hpp"
#include "tests/sched/embed_harness.hpp"
#include "tests/sched/engine_harness.hpp"

#include <cstdlib>
#include <memory>
#include <new>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace {
thread_local int allocations_left = -1;  // the allocation after so many fails, once; -1: none fails
}

void* operator new(std::size_t size) {
  if (allocations_left >= 0 && allocations_left-- == 0) throw std::bad_alloc();
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace quern::sched {
namespace {

using test::EngineHarness;

TEST(OutOfMemory, AdmissionThatFailsFailsOneRequest) {
  int n_failed = 0;
  for (int nth = 0; nth < 8; ++nth) {
    EngineHarness h;
    const auto client = h.submit(test::greedy_request({1, 2, 3}, 5));
    h.backend.on_forward = [](const engine::StepPlan&) { allocations_left = -1; };  // until there: admission
    allocations_left = nth;
    h.step();
    allocations_left = -1;
    const auto next = h.submit(test::greedy_request({1, 2, 3, 4}, 5));
    ASSERT_TRUE(h.run_until_idle({client, next}));
    if (client->finish == FinishReason::failed) {
      ++n_failed;
      EXPECT_TRUE(client->tokens.empty());
      EXPECT_EQ(h.stats.finished_failed.load(), 1u);
    } else {
      EXPECT_EQ(client->finish, FinishReason::length);
    }
    EXPECT_EQ(next->finish, FinishReason::length);
    h.expect_all_free();
  }
  EXPECT_EQ(n_failed, 6) << "its tenant (entry, its place in the map, number), itself, its page list, its tokens";
}

// Who has to go for somebody else's share is told so, if need be in few words.
TEST(OutOfMemory, ARefusalWithoutMemoryIsOne) {
  int n_short = 0;
  for (int nth = 0; nth < 24; ++nth) {
    EngineHarness::Options options;
    options.limits.queue_capacity = 1;
    options.limits.max_running = 1;
    options.queue_places = 3;
    EngineHarness h(options);
    std::vector<std::shared_ptr<test::Client>> clients;
    for (engine::TokenId i = 0; i < 3; ++i) clients.push_back(h.submit(test::greedy_request({i, 2, 3}, 5)));
    h.backend.on_forward = [](const engine::StepPlan&) { allocations_left = -1; };
    allocations_left = nth;
    h.step();
    allocations_left = -1;
    ASSERT_TRUE(h.run_until_idle(clients));
    std::uint64_t n_gone = 0;
    for (const auto& client : clients) {
      n_gone += client->finish == FinishReason::length ? 0 : 1;
      if (client->finish != FinishReason::refused) continue;
      EXPECT_FALSE(client->generation->refusal.empty());
      n_short += client->generation->refusal.size() < 20 ? 1 : 0;
    }
    EXPECT_GE(n_gone, 1u) << "three do not fit";
    h.expect_all_free();
  }
  EXPECT_EQ(n_short, 1) << "the allocation that failed was that of the words";
}

TEST(OutOfMemory, APlaceThatCannotBeGivenLeavesTheOthersAlone) {
  const std::string name(100, 'a');
  PlaceTable table(1, {});
  int n_failed = 0;
  for (int nth = 0; nth < 8; ++nth) {
    allocations_left = nth;
    std::shared_ptr<TenantPlaces> place;
    try {
      place = table.enter(name, 0);
    } catch (const std::bad_alloc&) {
      ++n_failed;
    }
    allocations_left = -1;
    if (place) place->leave();
    const auto other = table.enter("b", 1);  // looks at all entries
    ASSERT_TRUE(other);
    other->leave();
  }
  EXPECT_EQ(n_failed, 3) << "its places, its entry, its name";
}

class EmbedOutOfMemory : public test::EmbedLoopTest {};

// What is left to do is known again after a request could not be taken.
TEST_F(EmbedOutOfMemory, ARequestThatCannotBeTakenLeavesNoWork) {
  submit(std::vector<test::Tokens>(20, text_of(50)));
  ASSERT_TRUE(loop_.step());  // how fast it is
  const auto hopeless = submit({text_of(50)}, {.deadline = std::chrono::milliseconds(1)});
  allocations_left = 0;  // the words of the refusal
  loop_.step();
  allocations_left = -1;
  run();
  EXPECT_EQ(hopeless->finish.load(), FinishReason::failed);
  EXPECT_EQ(stats_.expected_wait_s.load(), 0.0);
}

// The history that penalties look at grows by allocating: one sequence fails there, its neighbour in the step goes on.
TEST(OutOfMemory, SamplingThatFailsFailsOneSequence) {
  EngineHarness h;
  GenerateRequest request = test::greedy_request({1, 2, 3}, 100);
  request.sampling.repeat_penalty = 1.1f;
  request.sampling.repeat_last_n = -1;
  const auto grows = h.submit(request);
  const auto other = h.submit(test::greedy_request({4, 5, 6}, 100));
  h.backend.after_forward = [] { allocations_left = 0; };  // from here on: what the engine does with the logits
  bool failed = false;
  for (int i = 0; i < 90 && !failed; ++i) {
    h.step();
    failed = grows->generation->state.load() == RequestState::finished;
    allocations_left = -1;
    h.read(grows);
    h.read(other);
  }
  h.backend.after_forward = nullptr;
  ASSERT_TRUE(failed);
  ASSERT_TRUE(h.run_until_idle({grows, other}));
  EXPECT_EQ(grows->finish, FinishReason::failed);
  EXPECT_EQ(other->finish, FinishReason::length);
  EXPECT_EQ(other->tokens, test::expected_output(other->request, 97).tokens);
  h.expect_all_free();
}

TEST(OutOfMemory, StepsInSteadyStateDoNotAllocate) {
  constexpr int kPlenty = 1'000'000;
  EngineHarness::Options options;
  options.limits.stream_capacity = 200;
  EngineHarness h(options);
  std::vector<std::shared_ptr<test::Client>> clients;
  for (engine::TokenId i = 0; i < 8; ++i) clients.push_back(h.submit(test::greedy_request({i, 2, 3}, 50)));
  clients.push_back(h.submit(test::greedy_request(std::vector<engine::TokenId>(100, 1), 20)));
  h.step();  // admission
  int allocated = 0;
  const auto stop_counting = [&] {
    allocated += kPlenty - allocations_left;
    allocations_left = -1;
  };
  h.backend.on_forward = [&](const engine::StepPlan&) { stop_counting(); };  // the fake's own part is not counted
  h.backend.after_forward = [] { allocations_left = kPlenty; };
  for (int i = 0; i < 30; ++i) {
    allocations_left = kPlenty;
    h.loop->step();
    stop_counting();
  }
  EXPECT_EQ(allocated, 0);
  EXPECT_GT(clients[0]->generation->n_generated.load(), 25u);
}

}  // namespace
}  // namespace quern::sched
