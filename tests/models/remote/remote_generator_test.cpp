// Generators of other servers before scripted ones: whatever these do, each text comes once, a fallback happens where
// it may, and who leaves is gone there too.
#include "models/remote/remote_generator.hpp"

#include "models/remote/ask.hpp"
#include "models/remote/prober.hpp"
#include "models/remote/remote_embedder.hpp"
#include "models/remote/routed_generator.hpp"
#include "tests/models/remote/event_text.hpp"
#include "tests/net/run_io.hpp"
#include "tests/net/scripted_http.hpp"

#include <atomic>
#include <future>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <gtest/gtest.h>

namespace quern::models {
namespace {

namespace asio = boost::asio;
using namespace std::chrono_literals;
using test::ScriptedHttp;
using test::ScriptedPeer;

constexpr const char* kHead =
    "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n";

std::string text_chunk(std::string_view text) {
  return fmt::format("data: {{\"choices\":[{{\"index\":0,\"delta\":{{\"content\":\"{}\"}}}}]}}\n\n", text);
}
const std::string kEndChunk =
    "data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"stop\"}]}\n\n"
    "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":3,\"completion_tokens\":2}}\n\ndata: [DONE]\n\n";

void answer_well(ScriptedPeer& peer, std::string_view first, std::string_view second) {
  peer.send(kHead);
  peer.chunk(text_chunk(first));
  peer.chunk(text_chunk(second));
  peer.chunk(kEndChunk);
  peer.send("0\r\n\r\n");
}
void serve_well(ScriptedPeer& peer) {
  while (!peer.read_request().empty()) answer_well(peer, "a", "b");
}

struct Answer {
  std::string events;
  Status status;
  Usage usage;
};

class RemoteTest : public ::testing::Test {
 protected:
  std::shared_ptr<RemoteDesk> desk(const ScriptedHttp& server, Duration silence = 30s, BreakerRules rules = {}) {
    Upstream upstream{.url = quern::net::parse_url(server.url("/v1")).value(), .model = "m"};
    upstream.head = upstream.silence = silence;
    return std::make_shared<RemoteDesk>(http_, std::move(upstream), clock_, rules);
  }
  static GenerateTask task() {
    GenerateTask out;
    out.ask = std::make_shared<RemoteAsk>();
    return out;
  }
  Answer run(Generator& generator, GenerateTask what = task()) {
    return test::run_io(io_, answer_of(generator, std::move(what), io_.get_executor()));
  }
  static asio::awaitable<Answer> answer_of(Generator& generator, GenerateTask what, asio::any_io_executor executor) {
    Submitted submitted = generator.submit(std::move(what), executor);
    if (!submitted.status) co_return Answer{.status = submitted.status};
    Answer out;
    [[maybe_unused]] const bool begun = co_await submitted.stream->begun(60s);
    while (!submitted.stream->finished()) {
      const auto events = co_await submitted.stream->next(Duration::zero());
      if (!events) {
        out.status = events.error();
        break;
      }
      out.events += test::event_text(*events);
    }
    out.usage = submitted.stream->usage();
    co_return out;
  }

  SteadyClock clock_;
  asio::io_context io_{1};
  std::shared_ptr<quern::net::HttpClient> http_ =
      std::make_shared<quern::net::HttpClient>(io_.get_executor(), quern::net::HttpClientOptions{});
};

TEST_F(RemoteTest, AnswersAndCountsAndKeepsItsConnection) {
  ScriptedHttp server(serve_well);
  RemoteGenerator generator(desk(server));
  for (int i = 0; i < 3; ++i) {
    const Answer answer = run(generator);
    EXPECT_EQ(answer.events, "0 text a\n0 text b\n0 end turn\n") << answer.status.has_error();
    EXPECT_EQ(answer.usage.prompt_tokens, 3u);
    EXPECT_EQ(answer.usage.completion_tokens, 2u);
  }
  const sched::Snapshot snapshot = generator.snapshot();
  EXPECT_EQ(snapshot.finished_stop, 3u);
  EXPECT_EQ(snapshot.generated_tokens, 6u);
  EXPECT_EQ(generator.requests().size(), 0u);
  EXPECT_NE(generator.ended_requests().at(0).label.find(server.url("").substr(0, 20)), std::string::npos);
}

struct Fault {
  const char* name;
  void (*script)(ScriptedPeer& peer);
  Errc code;
  bool falls_back;
};

void send_status(ScriptedPeer& peer, int status, std::string_view headers = "") {
  if (!peer.read_request().empty()) peer.answer(status, R"({"error":{"message":"says why"}})", headers);
}

const Fault kFaults[] = {
    {"closes", [](ScriptedPeer& peer) { peer.read_request(); }, Errc::io, true},
    {"resets",
     [](ScriptedPeer& peer) {
       peer.reset_on_close();
       peer.read_request();
     },
     Errc::io, true},
    {"says 400", [](ScriptedPeer& peer) { send_status(peer, 400); }, Errc::bad_input, false},
    {"says 401", [](ScriptedPeer& peer) { send_status(peer, 401); }, Errc::unsupported, false},
    {"says 403", [](ScriptedPeer& peer) { send_status(peer, 403); }, Errc::unsupported, false},
    {"says 404", [](ScriptedPeer& peer) { send_status(peer, 404); }, Errc::unsupported, false},
    {"says 429", [](ScriptedPeer& peer) { send_status(peer, 429, "Retry-After: 7\r\n"); }, Errc::overloaded, true},
    {"says 500", [](ScriptedPeer& peer) { send_status(peer, 500); }, Errc::io, true},
    {"says 503", [](ScriptedPeer& peer) { send_status(peer, 503); }, Errc::overloaded, true},
    {"is silent",
     [](ScriptedPeer& peer) {
       peer.read_request();
       peer.wait_for_close();
     },
     Errc::io, true},
    {"stops in its head",
     [](ScriptedPeer& peer) {
       peer.read_request();
       peer.send("HTTP/1.1 20");
       peer.wait_for_close();
     },
     Errc::io, true},
    {"is silent behind its head",
     [](ScriptedPeer& peer) {
       peer.read_request();
       peer.send(kHead);
       peer.wait_for_close();
     },
     Errc::io, true},
    {"ends with nothing",
     [](ScriptedPeer& peer) {
       peer.read_request();
       peer.send(kHead);
       peer.send("0\r\n\r\n");
     },
     Errc::io, true},
    {"is no HTTP server", [](ScriptedPeer& peer) { peer.send("SSH-2.0-x\r\n\r\n"); }, Errc::corrupt, false},
    {"speaks nonsense",
     [](ScriptedPeer& peer) {
       peer.read_request();
       peer.send(kHead);
       peer.chunk("data: nonsense\n\n");
     },
     Errc::corrupt, false},
    {"says too much",
     [](ScriptedPeer& peer) {
       peer.read_request();
       peer.send(kHead);
       while (peer.chunk(std::string(1 << 16, 'x'))) continue;
     },
     Errc::overloaded, true},
};

TEST_F(RemoteTest, FaultsAreErrorsThatNameTheServer) {
  for (const Fault& fault : kFaults) {
    ScriptedHttp server(fault.script);
    RemoteGenerator generator(desk(server, 100ms));
    const Answer answer = run(generator);
    ASSERT_FALSE(answer.status) << fault.name;
    EXPECT_EQ(answer.events, "") << fault.name;
    EXPECT_EQ(answer.status.error().code, fault.code) << fault.name << ": " << answer.status.error().detail;
    EXPECT_NE(answer.status.error().detail.find(fmt::format("127.0.0.1:{}", server.port())), std::string::npos)
        << answer.status.error().detail;
  }
}

TEST_F(RemoteTest, TheNextOneAnswersWhereItMay) {
  for (const Fault& fault : kFaults) {
    ScriptedHttp bad(fault.script), good(serve_well);
    std::vector<std::unique_ptr<Generator>> ways;
    ways.push_back(std::make_unique<RemoteGenerator>(desk(bad, 100ms)));
    ways.push_back(std::make_unique<RemoteGenerator>(desk(good)));
    RoutedGenerator generator(std::move(ways));
    const Answer answer = run(generator);
    EXPECT_EQ(answer.events, fault.falls_back ? "0 text a\n0 text b\n0 end turn\n" : "") << fault.name;
    EXPECT_EQ(good.n_connections(), fault.falls_back ? 1u : 0u) << fault.name;
    EXPECT_EQ(answer.status.has_value(), fault.falls_back) << fault.name;
  }
}

TEST_F(RemoteTest, NothingIsSaidTwice) {
  ScriptedHttp cut([](ScriptedPeer& peer) {
    peer.read_request();
    peer.send(kHead);
    peer.chunk(text_chunk("a"));
  });
  ScriptedHttp good(serve_well);
  std::vector<std::unique_ptr<Generator>> ways;
  ways.push_back(std::make_unique<RemoteGenerator>(desk(cut)));
  ways.push_back(std::make_unique<RemoteGenerator>(desk(good)));
  RoutedGenerator generator(std::move(ways));
  const Answer answer = run(generator);
  EXPECT_EQ(answer.events, "0 text a\n");
  EXPECT_EQ(answer.status.error().code, Errc::io);
  EXPECT_EQ(good.n_connections(), 0u);
}

TEST_F(RemoteTest, RetryAfterIsKept) {
  ScriptedHttp server([](ScriptedPeer& peer) { send_status(peer, 429, "Retry-After: 7\r\n"); });
  RemoteGenerator generator(desk(server));
  EXPECT_EQ(run(generator).status.error().code, Errc::overloaded);
  EXPECT_GT(generator.snapshot().expected_wait_s, 1.0);
  EXPECT_LE(generator.snapshot().expected_wait_s, 7.0);
  EXPECT_EQ(generator.upstreams().at(0).refused, 1u);
}

TEST_F(RemoteTest, OneThatKeepsFailingIsLeftAlone) {
  ScriptedHttp bad([](ScriptedPeer& peer) { send_status(peer, 500, "Connection: close\r\n"); });
  ScriptedHttp good(serve_well);
  std::vector<std::unique_ptr<Generator>> ways;
  ways.push_back(std::make_unique<RemoteGenerator>(desk(bad)));
  ways.push_back(std::make_unique<RemoteGenerator>(desk(good)));
  RoutedGenerator generator(std::move(ways));
  // The clock stands still for the breaker's sake as long as the test takes less than its first rest.
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(run(generator).status);
  EXPECT_EQ(generator.upstreams().at(0).state, "open");
  EXPECT_EQ(bad.n_connections(), 3u);
}

TEST_F(RemoteTest, AProbeFindsOutThatItIsThereAgain) {
  std::atomic<bool> well{false};
  std::atomic<int> n_probes{0};
  ScriptedHttp server([&](ScriptedPeer& peer) {
    for (std::string request = peer.read_request(); !request.empty(); request = peer.read_request()) {
      if (request.starts_with("GET ")) {
        EXPECT_TRUE(request.starts_with("GET /v1/models HTTP/1.1")) << request;
        if (++n_probes == 3) well = true;
      }
      if (!well) {
        peer.answer(500, "");
      } else if (request.starts_with("GET ")) {
        peer.answer(200, "{}");
      } else {
        answer_well(peer, "a", "b");
      }
    }
  });
  const BreakerRules rules{.max_failures = 2, .first_rest = 1ms, .longest_rest = 4ms};
  const auto probed = desk(server, 30s, rules);
  probe_when_open(probed);
  RemoteGenerator generator(probed);
  for (int i = 0; i < 2; ++i) EXPECT_EQ(run(generator).status.error().code, Errc::io);
  const auto closed = [](RemoteGenerator& of) -> asio::awaitable<bool> {
    asio::steady_timer pause(co_await asio::this_coro::executor);
    while (of.upstreams().at(0).state != "closed") {
      pause.expires_after(1ms);
      co_await pause.async_wait(asio::use_awaitable);
    }
    co_return true;
  };
  EXPECT_TRUE(test::run_io(io_, closed(generator))) << "no request had to try";
  EXPECT_EQ(generator.upstreams().at(0).probes, 3u);
  EXPECT_EQ(generator.upstreams().at(0).asked, 2u);
  EXPECT_TRUE(run(generator).status);
  generator.drain();
}

TEST_F(RemoteTest, DrainingEndsProbes) {
  ScriptedHttp server([](ScriptedPeer& peer) { send_status(peer, 500, ""); });
  const auto probed = desk(server, 30s, {.max_failures = 1, .first_rest = 1h, .longest_rest = 1h});
  probe_when_open(probed);
  RemoteGenerator generator(probed);
  EXPECT_FALSE(run(generator).status);
  io_.poll();
  generator.drain();
  http_->close_idle();
  io_.restart();
  io_.run();  // returns: nothing waits for the hour to pass
}

TEST_F(RemoteTest, WhoLeavesIsGoneThereToo) {
  for (const char* const part : {"", kHead}) {
    std::promise<void> asked, closed;
    ScriptedHttp server([&](ScriptedPeer& peer) {
      peer.read_request();
      peer.send(part);
      asked.set_value();
      peer.wait_for_close();
      closed.set_value();
    });
    RemoteGenerator generator(desk(server));
    std::thread operator_thread([&] {
      asked.get_future().wait();
      while (generator.requests().empty()) std::this_thread::yield();
      EXPECT_TRUE(generator.cancel(generator.requests().at(0).id));
    });
    const Answer answer = run(generator);
    EXPECT_EQ(answer.status.error().code, Errc::cancelled);
    closed.get_future().wait();
    operator_thread.join();
    EXPECT_EQ(generator.snapshot().finished_cancelled, 1u);
  }
}

TEST_F(RemoteTest, ASlowReaderHoldsTheServerBack) {
  std::atomic<std::size_t> n_sent = 0;
  ScriptedHttp server([&](ScriptedPeer& peer) {
    peer.read_request();
    peer.send(kHead);
    const std::string chunk = text_chunk(std::string(1 << 16, 'x'));
    for (int i = 0; i < 1000 && peer.chunk(chunk); ++i) n_sent += chunk.size();
    peer.chunk(kEndChunk);
    peer.send("0\r\n\r\n");
  });
  RemoteGenerator generator(desk(server));
  Submitted submitted = generator.submit(task(), io_.get_executor());
  ASSERT_TRUE(submitted.status);
  std::size_t before = 1;
  while (before != n_sent) {  // until nothing moves any more
    before = n_sent;
    io_.run_for(200ms);
  }
  EXPECT_LT(n_sent, std::size_t{40} << 20) << "all of it was read although nobody wants it";
  submitted.stream.reset();
  io_.restart();
  io_.run();
}

TEST_F(RemoteTest, VectorsComeBack) {
  std::string request;
  ScriptedHttp server([&](ScriptedPeer& peer) {
    request = peer.read_request();
    peer.answer(200, R"({"data":[{"index":0,"embedding":[1,2]}],"usage":{"prompt_tokens":4}})");
  });
  RemoteEmbedder embedder(desk(server));
  EmbedTask task{.plain = {"text"}};
  auto answer = embedder.submit(std::move(task), io_.get_executor()).value();
  const auto vectors = test::run_io(io_, answer->take());
  ASSERT_TRUE(vectors) << vectors.error().detail;
  EXPECT_EQ(vectors->values, (std::vector<float>{1, 2}));
  EXPECT_EQ(answer->n_tokens(), 4u);
  EXPECT_NE(request.find(R"("input":["text"])"), std::string::npos);
  EXPECT_EQ(embedder.snapshot().finished_stop, 1u);
}

}  // namespace
}  // namespace quern::models
