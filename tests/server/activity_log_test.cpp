// The activity log: as a file of rows, and what a server writes into it.
#include "server/store/activity_log.hpp"

#include "tests/server/server_harness.hpp"

#include <filesystem>
#include <fstream>

#include <boost/json/parse.hpp>

namespace quern::test {
namespace {

using server::Activity;
using server::ActivityLog;
using server::ActivityLogOptions;
using server::ActivityQuery;

Activity request_of(std::string model, unsigned status, std::string body = {}) {
  return {.at_unix_ms = 1'700'000'000'123,
          .request_id = "req-1",
          .tenant = "alice",
          .endpoint = "POST /v1/completions",
          .model = std::move(model),
          .status = status,
          .finished = true,
          .prompt_tokens = 5,
          .cached_tokens = 2,
          .completion_tokens = 7,
          .total_s = 1.5,
          .request = std::move(body)};
}

TEST(ActivityLog, KeepsRowsBeyondItsOwnEnd) {
  const TempDir dir;
  const ActivityLogOptions options{.path = dir.path("a.db")};
  {
    const auto log = ActivityLog::open(options).value();
    log->put(request_of("one", 200, "{\"prompt\":\"x\"}"));
    log->put(request_of("two", 429));
  }
  const auto permissions = std::filesystem::status(options.path).permissions();
  EXPECT_EQ(permissions & std::filesystem::perms::mask, std::filesystem::perms(0600));
  const auto log = ActivityLog::open(options).value();
  const std::vector<Activity> rows = log->recent({}).value();
  ASSERT_EQ(rows.size(), 2u);
  EXPECT_EQ(rows[0].model, "two");
  EXPECT_EQ(rows[1].model, "one");
  EXPECT_EQ(rows[1].tenant, "alice");
  EXPECT_EQ(rows[1].at_unix_ms, 1'700'000'000'123);
  EXPECT_EQ(rows[1].completion_tokens, 7u);
  EXPECT_DOUBLE_EQ(rows[1].total_s, 1.5);
  EXPECT_EQ(rows[1].request, "") << "lists have no bodies";
  EXPECT_EQ(log->find(rows[1].id).value().request, "{\"prompt\":\"x\"}");
  const auto missing = log->find(99);
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code, Errc::not_found);
  EXPECT_EQ(missing.error().field, "id");
}

TEST(ActivityLog, ShowsWhatIsAskedFor) {
  const TempDir dir;
  const auto log = ActivityLog::open({.path = dir.path("a.db")}).value();
  for (int i = 0; i < 20; ++i) log->put(request_of(i % 2 == 0 ? "even" : "odd", i % 5 == 0 ? 500 : 200));
  EXPECT_EQ(log->recent({.model = "even"}).value().size(), 10u) << "what was put is seen at once";
  EXPECT_EQ(log->recent({.tenant = "bob"}).value().size(), 0u);
  EXPECT_EQ(log->recent({.failed = true}).value().size(), 4u);
  const auto newest = log->recent({.limit = 3}).value();
  ASSERT_EQ(newest.size(), 3u);
  const auto next = log->recent({.before = newest.back().id, .limit = 3}).value();
  ASSERT_EQ(next.size(), 3u);
  EXPECT_EQ(next.front().id, newest.back().id - 1);
}

TEST(ActivityLog, TheOldestGoWhereAllAreTooMany) {
  const TempDir dir;
  constexpr std::uint64_t kMost = 256 << 10;
  const auto log = ActivityLog::open({.path = dir.path("a.db"), .max_bytes = kMost}).value();
  const std::string body(4096, 'x');
  for (int i = 0; i < 400; ++i) {
    log->put(request_of("m", 200, body));
    if (i % 20 == 19) {
      EXPECT_TRUE(log->recent({.limit = 1}));  // the writer keeps up
    }
  }
  const auto rows = log->recent({.limit = 1000}).value();
  EXPECT_LE(rows.size(), (kMost + kMost / 16) / 4096 + 1);
  EXPECT_GE(rows.size(), kMost / 4500 - 1);
  EXPECT_EQ(rows.front().id, 400);
  EXPECT_EQ(log->n_dropped(), 0u);
}

TEST(ActivityLog, AnotherFileStaysAsItIs) {
  const TempDir dir;
  const std::string path = dir.path("other.db");
  {
    auto other = sqlite::Database::open(path, sqlite::Database::Mode::create, std::chrono::seconds(1)).value();
    ASSERT_TRUE(other.execute("CREATE TABLE t(x); INSERT INTO t VALUES(1)"));
  }
  const auto refused = ActivityLog::open({.path = path});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Errc::corrupt);
  EXPECT_NE(refused.error().detail.find("an activity log"), std::string::npos) << refused.error().detail;
  const std::string text = dir.path("text");
  std::ofstream(text) << std::string(5000, 'x');
  const auto garbage = ActivityLog::open({.path = text});
  ASSERT_FALSE(garbage);
  EXPECT_EQ(garbage.error().code, Errc::corrupt);
  const auto nowhere = ActivityLog::open({.path = dir.path("no/such/folder")});
  ASSERT_FALSE(nowhere);
  EXPECT_EQ(nowhere.error().code, Errc::io);
}

struct LoggingServer {
  explicit LoggingServer(std::uint64_t body_bytes) : server(options(dir, body_bytes)) {}
  static ServerHarnessOptions options(const TempDir& dir, std::uint64_t body_bytes) {
    ServerHarnessOptions out;
    out.embeds = true;
    out.server.activity_log = dir.path("activity.db");
    out.server.activity_body_bytes = body_bytes;
    return out;
  }
  json::value ask(std::string_view path, unsigned status = 200) {
    HttpClient client = server.unix_socket();
    client.get(path);
    const Reply reply = client.read_reply();
    EXPECT_EQ(reply.status, status) << reply.body;
    return json::parse(reply.body);
  }
  json::array rows(std::string_view query = "") {
    return ask("/control/activity" + std::string(query)).at("activity").as_array();
  }
  TempDir dir;
  ServerHarness server;
};

TEST(ServerActivity, EveryRequestHasARow) {
  LoggingServer logging(0);
  ServerHarness& server = logging.server;
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"abc","max_tokens":2})", "X-Request-Id: mine\r\n").status, 200);
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"abc","max_tokens":2,"stream":true})").status, 200);
  EXPECT_EQ(server.post("/v1/embeddings", R"({"model":"test-embedder","input":"abc"})").status, 200);
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt":7})").status, 400);
  EXPECT_EQ(server.post("/api/generate", R"({"model":"nobody","prompt":"x"})").status, 404);
  server.get("/v1/models");
  json::array rows;
  server.eventually("all are there", [&] { return (rows = logging.rows()).size() == 5; });
  const json::value& first = rows[4];
  EXPECT_EQ(first.at("request_id").as_string(), "mine");
  EXPECT_EQ(first.at("endpoint").as_string(), "POST /v1/completions");
  EXPECT_EQ(first.at("model").as_string(), "test-model");
  EXPECT_EQ(first.at("prompt_tokens").to_number<int>(), 3);
  EXPECT_EQ(first.at("completion_tokens").to_number<int>(), 2);
  EXPECT_TRUE(first.at("finished").as_bool());
  EXPECT_EQ(rows[3].at("completion_tokens").to_number<int>(), 2);
  EXPECT_TRUE(rows[3].at("finished").as_bool());
  EXPECT_EQ(rows[2].at("model").as_string(), "test-embedder");
  EXPECT_EQ(rows[1].at("status").to_number<int>(), 400);
  EXPECT_NE(rows[1].at("error").as_string(), "");
  EXPECT_EQ(rows[0].at("model").as_string(), "nobody");
  EXPECT_EQ(rows[0].at("status").to_number<int>(), 404);
  EXPECT_EQ(logging.rows("?failed=true").size(), 2u);
  EXPECT_EQ(logging.rows("?model=test-model&limit=1").size(), 1u);
  const auto id = first.at("id").to_number<std::int64_t>();
  const json::value whole = logging.ask(fmt::format("/control/activity/{}", id));
  EXPECT_EQ(whole.at("request").as_string(), "") << "bodies are kept only where that is wanted";
  EXPECT_GT(whole.at("request_bytes").to_number<int>(), 0);
  logging.ask("/control/activity/99999", 404);
  logging.ask("/control/activity?limit=0", 400);
  logging.ask("/control/activity?failed=perhaps", 400);
  logging.ask("/control/activity?other=1", 400);
  EXPECT_EQ(server.get("/control/activity").status, 404) << "not over TCP without keys";
}

TEST(ServerActivity, BodiesAsFarAsTheyAreWanted) {
  LoggingServer logging(40);
  ServerHarness& server = logging.server;
  const std::string asked = R"({"prompt":"abcdefghijklmnopqrstuvwxyz","max_tokens":3})";
  const Reply reply = server.post("/v1/completions", asked);
  const Reply stream = server.post("/v1/completions", R"({"prompt":"a","max_tokens":3,"stream":true})");
  json::array rows;
  server.eventually("both are there", [&] { return (rows = logging.rows()).size() == 2; });
  const auto show = [&](const json::value& row) {
    return logging.ask(fmt::format("/control/activity/{}", row.at("id").to_number<std::int64_t>()));
  };
  const json::value whole = show(rows[1]);
  EXPECT_EQ(whole.at("request").as_string(), asked.substr(0, 40));
  EXPECT_EQ(whole.at("request_bytes").to_number<std::size_t>(), asked.size());
  EXPECT_EQ(whole.at("answer").as_string(), reply.body.substr(0, 40));
  EXPECT_EQ(whole.at("answer_bytes").to_number<std::size_t>(), reply.body.size());
  EXPECT_TRUE(show(rows[0]).at("answer").as_string().starts_with("data: {"));
}

TEST(ServerActivity, AClientThatLeavesHasNoEnd) {
  TempDir dir;
  ServerHarnessOptions options = LoggingServer::options(dir, 0);
  options.gated = true;
  ServerHarness server(options);
  {
    HttpClient leaving = server.tcp();
    leaving.post("/v1/completions", R"({"prompt":"a","max_tokens":500,"stream":true})");
    EXPECT_EQ(leaving.read_head().status, 200);
  }
  server.gate.open();
  server.eventually("it has a row", [&] {
    HttpClient client = server.unix_socket();
    client.get("/control/activity");
    const json::array rows = json::parse(client.read_reply().body).at("activity").as_array();
    return rows.size() == 1 && !rows[0].at("finished").as_bool() && rows[0].at("status").to_number<int>() == 200;
  });
}

TEST(ServerActivity, WithoutALogItIsSaid) {
  ServerHarness server;
  HttpClient client = server.unix_socket();
  client.get("/control/activity");
  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 501);
  EXPECT_NE(reply.body.find("--activity-log"), std::string::npos);
}

}  // namespace
}  // namespace quern::test
