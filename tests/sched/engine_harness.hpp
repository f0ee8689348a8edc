// The engine loop without its thread: a test submits, reads and steps by hand on one thread, with a fake clock.
#pragma once

#include "sched/engine_loop.hpp"
#include "sched/request_check.hpp"
#include "tests/sched/fake_tokenizer.hpp"
#include "tests/support/fake_backend.hpp"

#include <array>
#include <memory>
#include <optional>
#include <vector>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

namespace quern::test {

inline constexpr engine::TokenId kEos = 3;

inline sched::GenerateRequest greedy_request(std::vector<engine::TokenId> prompt, std::uint32_t max_tokens) {
  sched::GenerateRequest request;
  request.prompt = std::move(prompt);
  request.max_tokens = max_tokens;
  request.sampling.temperature = 0;
  request.ignore_eos = true;
  return request;
}

struct Expected {
  std::vector<engine::TokenId> tokens;
  sched::FinishReason finish = sched::FinishReason::none;
};

// What a greedy request must give, computed straight from the script.
inline Expected expected_output(const sched::GenerateRequest& request, std::uint32_t n_vocab) {
  Expected out{.tokens = {}, .finish = sched::FinishReason::length};
  std::vector<engine::TokenId> history = request.prompt;
  while (out.tokens.size() < request.max_tokens) {
    const engine::TokenId token = hashed_token(history, n_vocab);
    if (token == kEos && !request.ignore_eos) {
      out.finish = sched::FinishReason::stop;
      break;
    }
    out.tokens.push_back(token);
    history.push_back(token);
  }
  return out;
}

// The owner's side of one request.
struct Client {
  sched::GenerateRequest request;
  std::shared_ptr<sched::Generation> generation;
  std::vector<engine::TokenId> tokens;
  std::vector<float> logprobs;
  std::vector<engine::sampling::TopTokens> tops;  // of the tokens that came with some
  sched::FinishReason finish = sched::FinishReason::none;
  engine::sampling::RowFault fault = engine::sampling::RowFault::none;
  bool waiting = false;  // a read is under way
};

using Clients = std::vector<std::shared_ptr<Client>>;

inline void expect_complete(const Client& client, std::uint32_t n_vocab = 97) {
  const Expected want = expected_output(client.request, n_vocab);
  EXPECT_EQ(client.tokens, want.tokens);
  EXPECT_EQ(client.finish, want.finish) << sched::finish_reason_name(client.finish);
}

struct HarnessOptions {
  FakeBackendConfig backend{};
  sched::SchedulerLimits limits{
      .queue_capacity = 64, .max_running = 16, .prefill_tokens_per_step = 16, .stream_capacity = 8};
  std::uint32_t queue_places = 0;       // 0: limits.queue_capacity
  std::uint32_t n_backed = UINT32_MAX;  // pages that have memory from the start: of SchedulerHarness
};

class EngineHarness {
 public:
  using Options = HarnessOptions;

  explicit EngineHarness(const Options& options = {})
      : options_(options),
        backend(options.backend),
        pool(options.backend.n_pages),
        cache(pool, options.backend.page_tokens),
        checkpoints(options.limits.max_running, 0, options.backend.n_pages),
        queue(options.queue_places > 0 ? options.queue_places : options.limits.queue_capacity),
        tokenizer(options.backend.n_vocab, kEos),
        audit(pool, options.backend.page_tokens) {
    pool.on_free = [this](kv::PageId page) { audit.freed(page); };
    loop.emplace(sched::EngineParts{backend, tokenizer, clock, queue, *signal, stats, &audit},
                 sched::CacheParts{.pool = pool,
                                   .cache = cache,
                                   .checkpoints = checkpoints,
                                   .copy_page =
                                       [this](kv::PageId from, kv::PageId to) {
                                         backend.copy_page(from, to);
                                         audit.copied(from, to);
                                       },
                                   .copy_state = [](kv::PageId, kv::PageId) {}},
                 options.limits, options.backend.page_tokens);
  }

  // Does what Scheduler::submit() does with a valid request, without a ticket. Empty: the queue is full.
  std::shared_ptr<Client> submit(sched::GenerateRequest request) {
    auto client = std::make_shared<Client>();
    client->request = request;
    const sched::RequestBounds bounds{.n_vocab = options_.backend.n_vocab,
                                      .max_context = options_.backend.limits.max_context,
                                      .page_tokens = options_.backend.page_tokens,
                                      .n_pages = options_.backend.n_pages};
    auto generation = std::make_shared<sched::Generation>();
    generation->id = ++last_id_;
    generation->submitted = clock.now();
    generation->times.start(clock.now());
    sched::check_request(request, bounds).value();
    generation->n_pages_needed = sched::pages_needed(request, bounds);
    generation->sampler.emplace(request.sampling, options_.backend.n_vocab, nullptr);
    generation->sampler->accept_prompt(request.prompt);
    if (request.constraint.grammar != nullptr || request.constraint.thoughts) {
      generation->constraint = std::make_shared<engine::grammar::Constraint>(request.constraint, tokenizer);
      generation->constraint->prepare();
    }
    if (request.prompt_logprobs.wanted) generation->prompt_scores.resize(request.prompt.size());
    generation->request = std::move(request);
    generation->stream =
        std::make_shared<sched::TokenStream>(options_.limits.stream_capacity, io.get_executor(), signal);
    if (!queue.push(generation)) return nullptr;
    stats.live.fetch_add(1);
    client->generation = std::move(generation);
    signal->raise();
    return client;
  }

  void cancel(const Client& client) {
    client.generation->cancelled = true;
    signal->raise();
  }

  // Lets the client read what is there (or wait for it), at most `n_max` events at once.
  void read(const std::shared_ptr<Client>& client, std::size_t n_max = 16) {
    if (!client->waiting && client->finish == sched::FinishReason::none) {
      client->waiting = true;
      boost::asio::co_spawn(io, read_once(client, n_max), boost::asio::detached);
    }
    poll();
  }
  void poll() {
    io.restart();
    io.poll();
  }

  bool step() {
    clock.advance(std::chrono::milliseconds(10));
    const bool worked = loop->step();
    EXPECT_LE(pool.n_reserved() + pool.n_referenced(), pool.n_pages());
    return worked;
  }

  // Steps and reads until nothing moves any more. false: still moving after `limit` steps.
  bool run_until_idle(const std::vector<std::shared_ptr<Client>>& readers, int limit = 100'000) {
    for (int i = 0; i < limit; ++i) {
      const std::uint32_t epoch = signal->epoch();
      const bool worked = step();
      for (const auto& client : readers) read(client);
      if (!worked && signal->epoch() == epoch) return true;
    }
    return false;
  }

  void expect_all_free() const {
    EXPECT_EQ(pool.n_free() + pool.n_retained(), pool.n_pages());
    EXPECT_EQ(pool.n_retained(), cache.n_listed());
    EXPECT_EQ(pool.n_reserved(), 0u);
    EXPECT_EQ(queue.size(), 0u);
    EXPECT_EQ(stats.live.load(), 0u);
    for (const std::string& problem : backend.problems()) ADD_FAILURE() << problem;
  }

  Options options_;
  ManualClock clock;
  FakeBackend backend;
  kv::PagePool pool;
  kv::PrefixCache cache;
  kv::StateCheckpoints checkpoints;
  sched::SubmissionQueue queue;
  sched::Stats stats;
  FakeTokenizer tokenizer;
  sched::PageAudit audit;
  std::shared_ptr<sched::EngineSignal> signal = std::make_shared<sched::EngineSignal>();
  boost::asio::io_context io;
  std::optional<sched::EngineLoop> loop;

 private:
  static boost::asio::awaitable<void> read_once(std::shared_ptr<Client> client, std::size_t n_max) {
    std::array<sched::TokenEvent, 64> events;
    const auto out = std::span(events).first(std::min(n_max, events.size()));
    const std::size_t n = co_await sched::TokenStream::read(client->generation->stream, out, Duration::zero());
    for (const sched::TokenEvent& event : out.first(n)) {
      EXPECT_EQ(client->finish, sched::FinishReason::none) << "an event after the last";
      if (event.token != engine::kNoToken) {
        client->tokens.push_back(event.token);
        client->logprobs.push_back(event.logprob);
        if (event.top) client->tops.push_back(*event.top);
      }
      client->finish = event.finish;
      client->fault = event.fault;
    }
    client->waiting = false;
  }

  sched::RequestId last_id_ = 0;
};

}  // namespace quern::test
