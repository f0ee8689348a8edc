// What large and slow requests may do to others, and to the memory budget: over sockets, with the helper threads held
// where the test wants them.
#include "server/pipeline/prepare.hpp"
#include "tests/server/server_harness.hpp"

#include <mutex>
#include <set>

namespace quern::test {
namespace {

constexpr std::size_t kMiB = 1u << 20;

std::string tokenize_body(std::size_t n_bytes) {
  return fmt::format(R"({{"content":"{}"}})", std::string(n_bytes, 'q'));
}
std::string completion_body(std::size_t n_bytes) {
  return fmt::format(R"({{"prompt":"{}","max_tokens":1}})", std::string(n_bytes, 'q'));
}

// Threads in which the tokenizer was called.
struct Watched {
  explicit Watched(ServerHarness& server_in) : server(server_in) {
    server.on_io([&] {
      io_thread = std::this_thread::get_id();
      server.tokenizer.on_encode = [this] {
        const std::lock_guard lock(mutex);
        threads.insert(std::this_thread::get_id());
      };
    });
  }
  ~Watched() {
    server.on_io([this] { server.tokenizer.on_encode = server.tokenizer.on_piece = nullptr; });
  }
  bool on_io_thread() {
    const std::lock_guard lock(mutex);
    return threads.contains(io_thread);
  }
  bool on_others() {
    const std::lock_guard lock(mutex);
    return threads.size() > (threads.contains(io_thread) ? 1u : 0u);
  }
  ServerHarness& server;
  std::mutex mutex;
  std::set<std::thread::id> threads;
  std::thread::id io_thread;
};

TEST(Pipeline, SmallRequestsAreDoneAtOnceAndLargeOnesAside) {
  ServerHarnessOptions options;
  options.backend.n_pages = 8192;
  options.backend.limits.max_context = 50'000;
  ServerHarness server(options);
  Watched watched(server);
  EXPECT_EQ(json::parse(server.post("/tokenize", tokenize_body(1000)).body).at("tokens").as_array().size(), 1000u);
  EXPECT_TRUE(watched.on_io_thread());
  EXPECT_FALSE(watched.on_others());
  server.on_io([&] { watched.threads.clear(); });
  EXPECT_EQ(json::parse(server.post("/tokenize", tokenize_body(40'000)).body).at("tokens").as_array().size(), 40'000u);
  EXPECT_EQ(server.post("/v1/completions", completion_body(40'000)).status, 200);
  EXPECT_EQ(server
                .post("/v1/chat/completions",
                      fmt::format(R"({{"messages":[{{"role":"user","content":"{}"}}],"max_tokens":1}})",
                                  std::string(40'000, 'q')))
                .status,
            200);
  EXPECT_FALSE(watched.on_io_thread());
  EXPECT_TRUE(watched.on_others());
}

// Two helper threads that stand in the tokenizer until the gate opens.
struct HeldHelpers {
  explicit HeldHelpers(ServerHarness& server_in) : server(server_in) {
    server.on_io([this] {
      server.tokenizer.on_encode = [gate = gate_, io_thread = std::this_thread::get_id()] {
        if (std::this_thread::get_id() != io_thread) gate->pass();
      };
    });
    for (int i = 0; i < 2; ++i) {
      clients.push_back(server.tcp());
      clients.back().post("/tokenize", tokenize_body(40'000));
      gate.wait_for_arrival(i + 1);
    }
  }
  ~HeldHelpers() { gate.open(); }

  ServerHarness& server;
  const std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();  // the tokenizer's too
  Gate& gate = *gate_;
  std::vector<HttpClient> clients;
};

ServerHarnessOptions two_helpers(std::uint64_t memory_bytes = 1u << 30) {
  ServerHarnessOptions options;
  options.memory_bytes = memory_bytes;
  options.server.helper_threads = 2;
  return options;
}

TEST(Pipeline, EightLargeBodiesHoldUpNobody) {
  ServerHarness server(two_helpers());
  {
    HeldHelpers held(server);
    const std::string body = completion_body(8 * kMiB - 100);
    std::vector<HttpClient> clients;
    for (int i = 0; i < 8; ++i) {
      clients.push_back(server.tcp());
      clients.back().post("/v1/completions", body);
    }
    ServerHarness::eventually("all bodies are here",
                              [&] { return server.ledger.used(MemoryUse::requests) >= 8 * body.size(); });
    // Nothing of theirs can be worked on, and nothing else waits for that.
    EXPECT_EQ(server.get("/health").status, 200);
    EXPECT_EQ(server.get("/metrics").status, 200);
    EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"a","max_tokens":3})").status, 200);
    held.gate.open();
    for (HttpClient& client : clients) {
      const Reply reply = client.read_reply();
      EXPECT_EQ(reply.status, 400);
      EXPECT_EQ(error_param(reply), "prompt") << "8 MB cannot fit into 1024 tokens";
    }
    for (HttpClient& client : held.clients) EXPECT_EQ(client.read_reply().status, 200);
    ServerHarness::eventually("nothing is held", [&] { return server.ledger.used(MemoryUse::requests) == 0; });
  }
}

TEST(Pipeline, AClientThatLeavesWhileItsRequestWaitsGivesEverythingBack) {
  ServerHarness server(two_helpers());
  HeldHelpers held(server);
  const std::uint64_t before = server.ledger.used(MemoryUse::requests);
  std::optional<HttpClient> waiting(server.tcp());
  waiting->post("/v1/completions", completion_body(kMiB));
  ServerHarness::eventually("the body is here",
                            [&] { return server.ledger.used(MemoryUse::requests) >= before + kMiB; });
  waiting.reset();
  ServerHarness::eventually("it is given up before a helper is free",
                            [&] { return server.ledger.used(MemoryUse::requests) == before; });
}

TEST(Pipeline, AClientThatLeavesInTheMiddleOfAJobIsNotSubmitted) {
  ServerHarnessOptions options = two_helpers();
  options.backend.n_pages = 8192;
  options.backend.limits.max_context = 50'000;
  ServerHarness server(options);
  HeldHelpers held(server);
  held.gate.let_pass(2);
  for (HttpClient& client : held.clients) EXPECT_EQ(client.read_reply().status, 200);
  held.clients.clear();
  std::optional<HttpClient> client(server.tcp());
  // Two prompts: the job looks at its flag between them.
  client->post("/v1/completions",
               fmt::format(R"({{"prompt":["{0}","{0}"],"max_tokens":1}})", std::string(20'000, 'q')));
  held.gate.wait_for_arrival(3);
  EXPECT_GT(server.ledger.used(MemoryUse::requests), 0u);
  client.reset();
  ServerHarness::eventually("the session knows", [&] { return server.get("/health").status == 200; });
  held.gate.open();
  ServerHarness::eventually("nothing is held", [&] { return server.ledger.used(MemoryUse::requests) == 0; });
  EXPECT_EQ(server.scheduler->snapshot().steps, 0u);
}

TEST(Pipeline, DrainingEndsWhatWaitsForAHelper) {
  ServerHarnessOptions options = two_helpers();
  options.server.limits.drain_timeout = std::chrono::milliseconds(20);
  ServerHarness server(options);
  HeldHelpers held(server);
  HttpClient waiting = server.tcp();
  waiting.post("/v1/completions", completion_body(kMiB));
  ServerHarness::eventually("it waits", [&] { return server.ledger.used(MemoryUse::requests) > kMiB; });
  server.drain();
  if (!waiting.at_end()) {
    EXPECT_EQ(waiting.read_reply().status, 503) << "its body was still on its way";
  }
}

TEST(Pipeline, TooManyLargeRequestsAreRefused) {
  ServerHarnessOptions options = two_helpers();
  options.server.limits.max_jobs = 1;
  ServerHarness server(options);
  HeldHelpers held(server);
  HttpClient waiting = server.tcp();
  waiting.post("/v1/completions", completion_body(kMiB));
  ServerHarness::eventually("it waits", [&] { return server.ledger.used(MemoryUse::requests) > kMiB; });
  const Reply refused = server.post("/v1/completions", completion_body(kMiB));
  EXPECT_EQ(refused.status, 429) << refused.body;
  EXPECT_EQ(json::parse(refused.body).at("error").at("code"), "overloaded");
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"a","max_tokens":1})").status, 200) << "small ones are not";
  held.gate.open();
  EXPECT_EQ(waiting.read_reply().status, 400);
}

TEST(Pipeline, WhatABodyBecomesIsAccountedForBeforeItIsParsed) {
  ServerHarness server(two_helpers(64 * kMiB));
  // 1 MiB of text, and some 60 MiB as values.
  std::string body = R"({"prompt":[)";
  while (body.size() < kMiB) body += "1,";
  body.back() = ']';
  const Reply refused = server.post("/v1/completions", body + R"(,"max_tokens":1})");
  EXPECT_EQ(refused.status, 429) << refused.body;
  // The same bytes as one string are far less.
  EXPECT_EQ(error_param(server.post("/v1/completions", completion_body(kMiB))), "prompt");
}

TEST(Pipeline, PromptsThatWaitAreInTheBudget) {
  ServerHarnessOptions options = two_helpers();
  options.gated = true;
  options.scheduler.max_running = 1;
  options.backend.n_pages = 8192;
  options.backend.limits.max_context = 50'000;
  ServerHarness server(options);
  HttpClient running = server.tcp(), waiting = server.tcp();
  running.post("/v1/completions", R"({"prompt":"a","max_tokens":1})");
  server.gate.wait_for_arrival(1);
  const std::uint64_t before = server.ledger.used(MemoryUse::requests);
  waiting.post("/v1/completions", fmt::format(R"({{"prompt":"{}","max_tokens":1,"n":2}})", std::string(30'000, 'q')));
  ServerHarness::eventually("both wait", [&] { return server.scheduler->snapshot().queued == 2; });
  EXPECT_GE(server.ledger.used(MemoryUse::requests), before + 2 * 30'000 * sizeof(engine::TokenId));
  EXPECT_LT(server.ledger.used(MemoryUse::requests), before + 2 * 30'000 * 32) << "the work is done, the body is gone";
  server.gate.open();
  EXPECT_EQ(running.read_reply().status, 200);
  EXPECT_EQ(waiting.read_reply().status, 200);
}

TEST(Pipeline, ALongAnswerIsWrittenAsideAndWhole) {
  ServerHarness server(two_helpers());
  const auto one_job = [&] {
    return server.get("/metrics").body.find("\nquern:jobs_total{model_name=\"test-model\"} 1\n");
  };
  EXPECT_EQ(one_job(), std::string::npos);
  const Reply reply = server.post("/v1/completions", R"({"prompt":"a","max_tokens":900,"logprobs":0})");
  ASSERT_EQ(reply.status, 200);
  const json::value choice = json::parse(reply.body).at("choices").at(0);
  EXPECT_EQ(choice.at("text").get_string(), alphabet_after('a', 900));
  EXPECT_EQ(choice.at("logprobs").at("tokens").as_array().size(), 900u);
  EXPECT_NE(one_job(), std::string::npos);
  ServerHarness::eventually("nothing is held", [&] { return server.ledger.used(MemoryUse::requests) == 0; });
}

TEST(Guarded, AnExceptionInAHandlerIsA500WithTheRequestId) {
  ServerHarness server(two_helpers());
  server.on_io([&] { server.tokenizer.on_encode = [] { throw std::runtime_error("boom"); }; });
  for (const std::size_t n_bytes : {10u, 40'000u}) {  // on the I/O thread, on a helper
    HttpClient client = server.tcp();
    client.post("/tokenize", tokenize_body(n_bytes), "X-Request-Id: mine-7\r\n");
    const Reply reply = client.read_reply();
    EXPECT_EQ(reply.status, 500);
    EXPECT_EQ(reply.header("x-request-id"), "mine-7");
    const json::value error = json::parse(reply.body).at("error");
    EXPECT_EQ(error.at("type"), "server_error");
    EXPECT_EQ(error.at("code"), "internal_error");
    EXPECT_NE(error.at("message").get_string().find("mine-7"), json::string::npos);
    EXPECT_EQ(reply.body.find("boom"), std::string::npos) << "what went wrong is for the log";
    EXPECT_TRUE(client.at_end());
  }
  server.on_io([&] { server.tokenizer.on_encode = nullptr; });
  EXPECT_EQ(server.post("/tokenize", tokenize_body(10)).status, 200);
}

TEST(Guarded, AnExceptionInMidStreamIsAnErrorEvent) {
  ServerHarness server;
  std::atomic<int> n_pieces{0};
  server.on_io([&] {
    server.tokenizer.on_piece = [&n_pieces] {
      if (++n_pieces == 3) throw std::runtime_error("boom");
    };
  });
  HttpClient client = server.tcp();
  client.post("/v1/completions", R"({"prompt":"a","max_tokens":900,"stream":true})", "X-Request-Id: mine-8\r\n");
  const Reply head = client.read_head();
  if (head.status == 200) {  // else the exception came before the first event
    std::string event = client.read_event();
    while (event.find("error") == std::string::npos && !event.empty()) event = client.read_event();
    EXPECT_NE(event.find("mine-8"), std::string::npos) << event;
    EXPECT_EQ(client.read_event(), "");
  } else {
    EXPECT_EQ(head.status, 500);
  }
  server.eventually_all_pages_free();
  server.on_io([&] { server.tokenizer.on_piece = nullptr; });
}

}  // namespace
}  // namespace quern::test
