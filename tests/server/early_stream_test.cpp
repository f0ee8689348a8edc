// Streams whose model is not in memory yet: their head and signs of life come while it is being loaded, whatever
// becomes of it, in every dialect.
#include "tests/server/server_harness.hpp"

#include <condition_variable>
#include <mutex>

namespace quern::test {
namespace {

using std::chrono::milliseconds;

// A server with a second model, "later", whose load takes until somebody says how it ends.
class LateServer {
 public:
  LateServer() : server(options()) {
    models::LoadableModel later{.card = {.id = "later", .max_context = 1024, .generates = true}};
    later.load = [this] { return load(); };
    EXPECT_TRUE(server.catalog.add(std::move(later)));
  }
  ~LateServer() { end_load({}); }

  void end_load(Status status) {
    const std::lock_guard lock(mutex_);
    end_ = std::move(status);
    ended_ = true;
    told_.notify_all();
  }

 private:
  static ServerHarnessOptions options() {
    ServerHarnessOptions out;
    out.server.limits.stream_head_after = milliseconds(20);
    out.server.limits.ping_interval = milliseconds(20);
    return out;
  }
  Result<std::shared_ptr<models::ServedModel>> load() {
    std::unique_lock lock(mutex_);
    told_.wait(lock, [this] { return ended_; });
    QUERN_CHECK(end_);
    return std::make_shared<models::ServedModel>(models::ServedModel{
        .id = "later",
        .info = server.backend.info(),
        .tokenizer = server.tokenizer,
        .chat = server.chat,
        .longest_token_bytes = models::longest_token(server.tokenizer),
        .generator = std::make_unique<models::LocalGenerator>(*server.scheduler, server.tokenizer)});
  }

  std::mutex mutex_;
  std::condition_variable told_;
  bool ended_ = false;
  Status end_;

 public:
  ServerHarness server;
};

struct Case {
  const char *path, *body, *content_type, *sign, *failure;
};
constexpr Case kCases[] = {
    {"/v1/completions", R"({"model":"later","prompt":"a","max_tokens":2,"stream":true})", "text/event-stream", ": ping",
     "data: {\"error\":"},
    {"/v1/chat/completions",
     R"({"model":"later","messages":[{"role":"user","content":"a"}],"max_tokens":2,"stream":true})",
     "text/event-stream", ": ping", "data: {\"error\":"},
    {"/v1/responses", R"({"model":"later","input":"a","max_output_tokens":16,"stream":true})", "text/event-stream",
     ": ping", "event: error\ndata: {\"type\":\"error\""},
    {"/v1/messages", R"({"model":"later","messages":[{"role":"user","content":"a"}],"max_tokens":2,"stream":true})",
     "text/event-stream", "event: ping", "event: error\ndata: {\"type\":\"error\""},
    {"/api/chat", R"({"model":"later","messages":[{"role":"user","content":"a"}],"options":{"num_predict":2}})",
     "application/x-ndjson", "\"message\":{\"role\":\"assistant\",\"content\":\"\"", "{\"error\":"},
    {"/api/generate", R"({"model":"later","prompt":"a","options":{"num_predict":2}})", "application/x-ndjson",
     "\"response\":\"\"", "{\"error\":"},
    {"/completion", R"({"model":"later","prompt":"a","n_predict":2,"stream":true})", "text/event-stream", ": ping",
     "data: {\"error\":"},
};

// All of the stream, once a sign of life was there.
std::string read_through(LateServer& late, const Case& one, Status end) {
  HttpClient client = late.server.tcp();
  client.post(one.path, one.body);
  const Reply head = client.read_head();
  EXPECT_EQ(head.status, 200) << one.path;
  EXPECT_TRUE(head.header("content-type").starts_with(one.content_type)) << one.path;
  std::string text = client.read_chunk() + client.read_chunk();
  EXPECT_NE(text.find(one.sign), std::string::npos) << one.path << ": " << text;
  late.end_load(std::move(end));
  for (std::string chunk = client.read_chunk(); !chunk.empty(); chunk = client.read_chunk()) text += chunk;
  return text;
}

TEST(EarlyStream, GoesOnWithTheAnswer) {
  for (const Case& one : kCases) {
    LateServer late;
    const std::string text = read_through(late, one, {});
    for (const char* const error : {"\"error\":{", "\"error\":\"", "event: error"})
      EXPECT_EQ(text.find(error), std::string::npos) << one.path << ": " << text;
    const bool ended = text.find("[DONE]") != std::string::npos || text.find("response.") != std::string::npos ||
                       text.find("message_stop") != std::string::npos ||
                       text.find("\"done\":true") != std::string::npos ||
                       text.find("\"stop\":true") != std::string::npos;
    EXPECT_TRUE(ended) << one.path << ": " << text;
  }
}

TEST(EarlyStream, EndsWithTheErrorWhereTheModelDoesNotCome) {
  for (const Case& one : kCases) {
    LateServer late;
    const std::string text = read_through(late, one, fail(Errc::corrupt, "the file is broken"));
    const std::size_t at = text.find(one.failure);
    ASSERT_NE(at, std::string::npos) << one.path << ": " << text;
    EXPECT_NE(text.find("the file is broken", at), std::string::npos) << text;
  }
}

TEST(EarlyStream, AnErrorOfTheRequestComesAsItsEnd) {
  LateServer late;
  const Case wrong{"/v1/completions", R"({"model":"later","prompt":"a","max_tokens":"two","stream":true})",
                   "text/event-stream", ": ping", ""};
  const std::string text = read_through(late, wrong, {});
  EXPECT_NE(text.find("max_tokens"), std::string::npos) << text;
}

TEST(EarlyStream, WhatOnlyLoadsEndsWithItsLine) {
  LateServer late;
  const Case load{"/api/generate", R"({"model":"later"})", "application/x-ndjson", "\"response\":\"\"", ""};
  const std::string text = read_through(late, load, {});
  EXPECT_NE(text.find("\"done_reason\":\"load\""), std::string::npos) << text;
}

TEST(EarlyStream, WhatIsNotStreamedWaitsForItsStatus) {
  LateServer late;
  HttpClient client = late.server.tcp();
  client.post("/v1/completions", R"({"model":"later","prompt":"a","max_tokens":2})");
  std::this_thread::sleep_for(milliseconds(60));
  late.end_load(fail(Errc::corrupt, "the file is broken"));
  EXPECT_GE(client.read_reply().status, 400u);
}

}  // namespace
}  // namespace quern::test
