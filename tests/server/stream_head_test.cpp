// When the head of an event stream is sent: with the request's place, or after a while of waiting for it.
#include "tests/server/server_harness.hpp"

#include <algorithm>

namespace quern::test {
namespace {

using std::chrono::milliseconds;

constexpr const char* kStream = R"({"prompt":"b","max_tokens":2,"stream":true})";

// One request runs and its step does not end, so that what comes later waits.
ServerHarnessOptions busy_options() {
  ServerHarnessOptions options;
  options.gated = true;
  options.scheduler.max_running = 1;
  return options;
}

struct Busy {
  explicit Busy(const ServerHarnessOptions& options) : server(options), running(server.tcp()) {
    running.post("/v1/completions", R"({"prompt":"a","max_tokens":3,"stream":true})");
    EXPECT_EQ(running.read_head().status, 200) << "it has a place: its head does not wait for a token";
    server.gate.wait_for_arrival(1);
  }
  ServerHarness server;
  HttpClient running;
};

void expect_stream(HttpClient& client, std::string_view text) {
  std::string read;
  for (std::string event = client.read_event(); event != "data: [DONE]"; event = client.read_event()) {
    if (event.starts_with(':')) continue;
    read += event_json(event).at("choices").at(0).at("text").get_string();
  }
  EXPECT_EQ(read, text);
}

TEST(StreamHead, ARequestThatIsNotAdmittedGetsAStatusOfItsOwn) {
  Busy busy(busy_options());
  HttpClient waiting = busy.server.tcp(), cancelled = busy.server.tcp();
  waiting.post("/v1/completions", R"({"prompt":"b","max_tokens":2,"stream":true,"max_queue_ms":1})");
  cancelled.post("/v1/chat/completions",
                 R"({"messages":[{"role":"user","content":"x"}],"max_tokens":2,"stream":true,"n":2})");
  busy.server.eventually("all wait", [&] { return busy.server.scheduler->requests().size() == 4; });
  for (const sched::RequestStatus& status : busy.server.scheduler->requests()) {
    if (status.label.find("chat") != std::string::npos) busy.server.scheduler->cancel(status.id);
  }
  std::this_thread::sleep_for(milliseconds(5));  // max_queue_ms is over
  busy.server.gate.open();
  const Reply late = waiting.read_reply();
  EXPECT_EQ(late.status, 429) << late.body;
  EXPECT_EQ(late.header("content-type"), "application/json");
  EXPECT_GE(std::stoi(late.header("retry-after")), 1);
  EXPECT_EQ(cancelled.read_reply().status, 499);
  expect_stream(busy.running, "bcd");
}

TEST(StreamHead, ComesWithThePlaceAndOnlyOnce) {
  Busy busy(busy_options());
  HttpClient one = busy.server.tcp(), several = busy.server.tcp();
  one.post("/v1/completions", kStream);
  several.post("/v1/completions", R"({"prompt":["k","k"],"max_tokens":1,"stream":true})");
  busy.server.eventually("all wait", [&] { return busy.server.scheduler->requests().size() == 4; });
  busy.server.gate.open();
  EXPECT_EQ(one.read_head().status, 200);
  expect_stream(one, "cd");
  EXPECT_EQ(several.read_head().status, 200);
  expect_stream(several, "ll");
  expect_stream(busy.running, "bcd");
}

TEST(StreamHead, ComesAfterAWhileToThoseThatWait) {
  ServerHarnessOptions options = busy_options();
  options.server.limits.stream_head_after = milliseconds(5);
  Busy busy(options);
  HttpClient one = busy.server.tcp(), several = busy.server.tcp();
  one.post("/v1/completions", kStream);
  EXPECT_EQ(one.read_head().status, 200);
  several.post("/v1/completions", R"({"prompt":["k","k"],"max_tokens":1,"stream":true})");
  EXPECT_EQ(several.read_head().status, 200);
  const std::vector<sched::RequestStatus> requests = busy.server.scheduler->requests();
  for (std::size_t i = 1; i < requests.size(); ++i) EXPECT_EQ(requests[i].state, sched::RequestState::queued);
  EXPECT_TRUE(busy.server.scheduler->cancel(requests.at(1).id));
  busy.server.gate.open();
  const std::string event = one.read_event();
  EXPECT_NE(event.find("cancelled"), std::string::npos) << "what fails after the head is an event: " << event;
  EXPECT_EQ(one.read_event(), "");
  expect_stream(several, "ll");
}

TEST(StreamHead, AClientThatLeavesBeforeItIsNoticed) {
  Busy busy(busy_options());
  std::optional<HttpClient> leaving(busy.server.tcp());
  leaving->post("/v1/completions", kStream);
  busy.server.eventually("it waits", [&] { return busy.server.scheduler->requests().size() == 2; });
  leaving.reset();
  busy.server.eventually("the scheduler knows", [&] {
    return std::ranges::any_of(busy.server.scheduler->requests(), [](const auto& r) { return r.cancelled; });
  });
  HttpClient control = busy.server.unix_socket();
  control.get("/control/requests");
  EXPECT_NE(control.read_reply().body.find("\"cancelling\":true"), std::string::npos);
  busy.server.gate.let_pass(1);
  busy.server.eventually("it is dropped", [&] { return busy.server.scheduler->snapshot().finished_cancelled == 1; });
  busy.server.gate.open();
  expect_stream(busy.running, "bcd");
}

}  // namespace
}  // namespace quern::test
