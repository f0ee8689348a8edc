#include "models/residency.hpp"

#include "tests/support/piece_tokenizer.hpp"

#include <chrono>
#include <map>
#include <string>
#include <thread>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

namespace quern::models {
namespace {

namespace net = boost::asio;
using Model = std::shared_ptr<ServedModel>;

const test::PieceTokenizer& tokenizer() {
  static const test::PieceTokenizer instance({"a"});
  return instance;
}

// Models that are nothing but their bytes of the budget.
class ResidencyTest : public testing::Test {
 protected:
  static const engine::chat::TemplateSet& chat() {
    static const engine::chat::TemplateSet instance = engine::chat::TemplateSet::builtin("plain").value();
    return instance;
  }
  LoadableModel loadable(const std::string& id, std::uint64_t bytes, Stay stay = {}) {
    LoadableModel out{.card = {.id = id}, .estimated_bytes = bytes, .stay = stay, .load = {}};
    out.load = [this, id, bytes]() -> Result<Model> {
      ++n_loads[id];
      if (fail_with) return *fail_with;
      auto memory = std::make_shared<ByteLedger::Reservation>();
      QUERN_TRY(*memory, ledger.reserve(MemoryUse::weights, bytes));
      auto model = std::make_shared<ServedModel>(ServedModel{.id = id, .tokenizer = tokenizer(), .chat = chat()});
      model->owner = std::move(memory);
      return model;
    };
    return out;
  }
  // What a request for it becomes; in the meantime it may wait.
  struct Request {
    std::shared_ptr<ModelWait> wait;
    std::optional<Result<Model>> result;
  };
  std::shared_ptr<Request> ask(Residency::Id id, std::optional<Duration> keep_alive = {}) {
    auto request = std::make_shared<Request>();
    request->wait = std::make_shared<ModelWait>(io.get_executor());
    const auto run = [](Residency& models, Residency::Id which, std::optional<Duration> keep,
                        std::shared_ptr<Request> out) -> net::awaitable<void> {
      Result<Model> model = co_await models.acquire(which, keep, out->wait);
      out->result.emplace(std::move(model));
    };
    net::co_spawn(io, run(residency, id, keep_alive, request), net::detached);
    io.restart();
    io.poll();
    return request;
  }
  void run_until_done() {
    io.restart();
    io.run();
  }
  Model get(Residency::Id id, std::optional<Duration> keep_alive = {}) {
    const auto request = ask(id, keep_alive);
    run_until_done();
    EXPECT_TRUE(*request->result) << request->result->error().detail;
    return *request->result ? **request->result : nullptr;
  }
  template <class F>
  void eventually(const char* what, F&& is_so) {
    for (int i = 0; i < 20'000; ++i) {
      if (is_so()) return;
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    FAIL() << "not so: " << what;
  }
  ModelState state(Residency::Id id) const { return residency.views().at(id).state; }
  bool is(Residency::Id id, ModelState wanted) const { return state(id) == wanted; }

  ManualClock clock;
  ByteLedger ledger{100u << 20};
  std::map<std::string, int> n_loads;
  std::optional<Error> fail_with;
  net::io_context io;
  Residency residency{ledger, clock};
};

constexpr std::uint64_t kMiB = 1 << 20;

TEST_F(ResidencyTest, IsLoadedOnceForAllWhoWait) {
  const auto a = residency.add(loadable("a", 40 * kMiB));
  EXPECT_EQ(state(a), ModelState::absent);
  std::vector<std::shared_ptr<Request>> requests;
  for (int i = 0; i < 5; ++i) requests.push_back(ask(a));
  run_until_done();
  for (const auto& request : requests) EXPECT_EQ((**request->result)->id, "a");
  EXPECT_EQ(n_loads["a"], 1);
  EXPECT_EQ(residency.views()[a].n_held, 5u);
  requests.clear();
  EXPECT_EQ(residency.views()[a].n_held, 0u);
  EXPECT_EQ(residency.views()[a].expires_in, std::optional<Duration>(std::chrono::minutes(5)));
  EXPECT_EQ(ledger.used(), 40 * kMiB);
}

TEST_F(ResidencyTest, TheLongestUnusedMakesRoom) {
  const auto a = residency.add(loadable("a", 40 * kMiB)), b = residency.add(loadable("b", 40 * kMiB)),
             c = residency.add(loadable("c", 40 * kMiB));
  for (const auto id : {a, b, a}) {
    clock.advance(std::chrono::seconds(1));
    get(id).reset();
  }
  get(c).reset();
  EXPECT_EQ(state(a), ModelState::resident);
  EXPECT_EQ(state(b), ModelState::absent);
  EXPECT_EQ(ledger.used(), 80 * kMiB);
}

TEST_F(ResidencyTest, WhatCannotFitIsRefusedWithTheNumbers) {
  const auto pinned = residency.add(loadable("pinned", 40 * kMiB, {.pinned = true}));
  const auto large = residency.add(loadable("large", 70 * kMiB));
  get(pinned).reset();
  const auto request = ask(large);
  run_until_done();
  ASSERT_FALSE(*request->result);
  EXPECT_EQ(request->result->error().code, Errc::overloaded);
  for (const char* const part : {"large", "70.0", "60.0", "100.0"})
    EXPECT_NE(request->result->error().detail.find(part), std::string::npos) << request->result->error().detail;
  EXPECT_EQ(state(pinned), ModelState::resident);
  EXPECT_EQ(n_loads["large"], 0) << "it was not tried";
}

TEST_F(ResidencyTest, OneInUseEndsWhatItHasBegunAndComesBackForWhoAskedMeanwhile) {
  const auto a = residency.add(loadable("a", 60 * kMiB)), b = residency.add(loadable("b", 60 * kMiB));
  Model held = get(a);
  clock.advance(std::chrono::seconds(100));
  const auto waits_for_b = ask(b);
  eventually("a is asked to leave", [&] { return is(a, ModelState::leaving); });
  const auto waits_for_a = ask(a);
  EXPECT_FALSE(waits_for_b->result);
  held.reset();
  eventually("b is loaded", [&] { return is(b, ModelState::resident); });
  io.restart();
  io.poll();
  ASSERT_TRUE(waits_for_b->result && *waits_for_b->result);
  EXPECT_FALSE(waits_for_a->result);
  clock.advance(std::chrono::seconds(100));
  waits_for_b->result.reset();
  run_until_done();
  ASSERT_TRUE(*waits_for_a->result);
  EXPECT_EQ(n_loads["a"], 2);
}

TEST_F(ResidencyTest, GoesWhenItsTimeIsUpAndNobodyHoldsIt) {
  const auto a = residency.add(loadable("a", 40 * kMiB));
  Model held = get(a);
  clock.advance(std::chrono::minutes(10));
  residency.look();
  held.reset();
  EXPECT_EQ(residency.views()[a].expires_in, std::optional<Duration>(std::chrono::minutes(5))) << "after its last use";
  clock.advance(std::chrono::minutes(5));
  residency.look();
  eventually("it is gone", [&] { return is(a, ModelState::absent); });
  eventually("its memory is back", [&] { return ledger.used() == 0; });
}

TEST_F(ResidencyTest, RequestsSayHowLongItStays) {
  const auto a = residency.add(loadable("a", 40 * kMiB));
  get(a, kForever).reset();
  EXPECT_FALSE(residency.views()[a].expires_in);
  get(a, Duration::zero()).reset();
  eventually("it goes at once", [&] { return is(a, ModelState::absent); });
}

TEST_F(ResidencyTest, IsUnloadedOnDemandButNotUnderAnybody) {
  const auto a = residency.add(loadable("a", 40 * kMiB));
  Model held = get(a);
  residency.unload(a);
  EXPECT_EQ(state(a), ModelState::resident);
  held.reset();
  eventually("it is gone", [&] { return is(a, ModelState::absent); });
  residency.load(a);
  eventually("it is back", [&] { return is(a, ModelState::resident); });
}

TEST_F(ResidencyTest, AFailureIsToldToAllAndTheNextRequestTriesAgain) {
  const auto a = residency.add(loadable("a", 40 * kMiB));
  fail_with = Error{Errc::corrupt, "a.gguf: broken", {}};
  const auto first = ask(a), second = ask(a);
  run_until_done();
  for (const auto& request : {first, second}) EXPECT_EQ(request->result->error().detail, "a.gguf: broken");
  fail_with.reset();
  EXPECT_EQ(get(a)->id, "a");
}

TEST_F(ResidencyTest, MoreRoomIsMadeWhereTheEstimateWasTooLow) {
  const auto a = residency.add(loadable("a", 50 * kMiB));
  LoadableModel larger = loadable("b", 60 * kMiB);
  larger.estimated_bytes = 10 * kMiB;
  const auto b = residency.add(std::move(larger));
  get(a).reset();
  EXPECT_EQ(get(b)->id, "b");
  EXPECT_EQ(state(a), ModelState::absent);
}

TEST_F(ResidencyTest, WhoHasLeftIsNotWaitedFor) {
  const auto a = residency.add(loadable("a", 60 * kMiB)), b = residency.add(loadable("b", 60 * kMiB));
  const Model held = get(a);
  const auto request = ask(b);
  eventually("b waits", [&] { return is(b, ModelState::waiting); });
  request->wait->cancel();
  run_until_done();
  EXPECT_EQ(request->result->error().code, Errc::cancelled);
  residency.look();
  eventually("nobody waits for b", [&] { return is(b, ModelState::absent); });
  EXPECT_EQ(n_loads["b"], 0);
}

TEST_F(ResidencyTest, WhoWaitsIsToldThatTheServerStops) {
  const auto a = residency.add(loadable("a", 60 * kMiB)), b = residency.add(loadable("b", 60 * kMiB));
  const Model held = get(a);
  const auto request = ask(b);
  residency.drain();
  run_until_done();
  EXPECT_EQ(request->result->error().code, Errc::draining);
  const auto late = ask(b);
  run_until_done();
  EXPECT_EQ(late->result->error().code, Errc::draining);
}

TEST_F(ResidencyTest, ManyModelsAndManyRequestsAllGetTheirs) {
  std::vector<Residency::Id> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(residency.add(loadable("m" + std::to_string(i), (10 + i) * kMiB)));
  int n_done = 0;
  const auto client = [](Residency& models, const std::vector<Residency::Id>& all, std::uint32_t seed,
                         ManualClock& time, net::io_context& context, int& done) -> net::awaitable<void> {
    for (int i = 0; i < 60; ++i) {
      seed = seed * 1664525 + 1013904223;
      const Residency::Id id = all[(seed >> 16) % all.size()];
      const auto wait = std::make_shared<ModelWait>(context.get_executor());
      Result<Model> model = co_await models.acquire(id, std::nullopt, wait);
      if (!model) {
        ADD_FAILURE() << model.error().detail;
        continue;
      }
      time.advance(std::chrono::milliseconds(200));
      co_await net::post(context, net::use_awaitable);
      ++done;
    }
  };
  for (std::uint32_t i = 0; i < 8; ++i) net::co_spawn(io, client(residency, ids, i, clock, io, n_done), net::detached);
  run_until_done();
  EXPECT_EQ(n_done, 8 * 60);
  for (const ModelView& view : residency.views()) EXPECT_EQ(view.n_held, 0u);
}

}  // namespace
}  // namespace quern::models
