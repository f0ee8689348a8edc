// /v1/responses that are kept: found again, gone on, deleted, by their own tenant only.
#include "base/sqlite.hpp"
#include "server/store/response_store.hpp"
#include "tests/server/server_harness.hpp"
#include "tests/support/temp_dir.hpp"

#include <string>

#include <boost/json.hpp>
#include <gtest/gtest.h>
#include <sqlite3.h>

namespace quern::server {
namespace {

namespace json = boost::json;
using sqlite::Statement;
using test::HttpClient;
using test::Reply;
using test::ServerHarness;

constexpr const char* kPath = "/v1/responses";

class Server : public ServerHarness {
 public:
  using ServerHarness::ServerHarness;
  Reply ask(const std::string& method, const std::string& path, const std::string& key = {}) {
    HttpClient client = HttpClient::tcp(port());
    const std::string header = key.empty() ? "" : "Authorization: Bearer " + key + "\r\n";
    client.send(fmt::format("{} {} HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n{}\r\n", method, path, header));
    return client.read_reply();
  }
  json::object respond(const std::string& body) {
    const Reply reply = post(kPath, body);
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body).as_object();
  }
};

std::string id_of(const json::object& response) {
  return std::string(response.at("id").as_string());
}

std::int64_t n_input(const json::object& response) {
  return response.at("usage").at("input_tokens").as_int64();
}

TEST(StoredResponses, AreFoundAsTheyWere) {
  Server server;
  const json::object response = server.respond(R"({"input":"ab","max_output_tokens":3,"metadata":{"k":"v"}})");
  EXPECT_EQ(response.at("store"), true);
  EXPECT_EQ(response.at("metadata").at("k"), "v");
  const Reply found = server.ask("GET", std::string(kPath) + "/" + id_of(response));
  ASSERT_EQ(found.status, 200) << found.body;
  EXPECT_EQ(json::parse(found.body), json::value(response));
}

TEST(StoredResponses, AStreamedOneToo) {
  Server server;
  HttpClient client = HttpClient::tcp(server.port());
  client.post(kPath, R"({"input":"ab","max_output_tokens":3,"stream":true})");
  ASSERT_EQ(client.read_head().status, 200);
  std::string last;
  for (std::string event = client.read_event(); !event.empty(); event = client.read_event()) last = event;
  const json::value end = json::parse(last.substr(last.find("data: ") + 6));
  const json::object& response = end.at("response").as_object();
  const Reply found = server.ask("GET", std::string(kPath) + "/" + id_of(response));
  ASSERT_EQ(found.status, 200) << found.body;
  EXPECT_EQ(json::parse(found.body), json::value(response));
}

TEST(StoredResponses, AConversationGoesOn) {
  Server server;
  const json::object first = server.respond(R"({"input":"ab","max_output_tokens":3})");
  const json::object second = server.respond(
      fmt::format(R"({{"input":"cd","max_output_tokens":3,"previous_response_id":"{}"}})", id_of(first)));
  EXPECT_EQ(std::string(second.at("previous_response_id").as_string()), id_of(first));
  const std::string said(first.at("output").at(0).at("content").at(0).at("text").as_string());
  // The same as one request that says all of it.
  const json::object whole = server.respond(fmt::format(
      R"({{"input":[{{"role":"user","content":"ab"}},{{"role":"assistant","content":"{}"}},{{"role":"user","content":"cd"}}],"max_output_tokens":3,"store":false}})",
      said));
  EXPECT_EQ(n_input(second), n_input(whole));
  EXPECT_EQ(second.at("output").at(0).at("content"), whole.at("output").at(0).at("content"));
  const json::object third = server.respond(
      fmt::format(R"({{"input":"ef","max_output_tokens":3,"previous_response_id":"{}"}})", id_of(second)));
  EXPECT_GT(n_input(third), n_input(second));
  const Reply count = server.post("/v1/responses/input_tokens",
                                  fmt::format(R"({{"input":"ef","previous_response_id":"{}"}})", id_of(second)));
  EXPECT_EQ(json::parse(count.body).at("input_tokens"), n_input(third));
}

TEST(StoredResponses, HaveInputItems) {
  Server server;
  const json::object response = server.respond(
      R"({"input":[{"role":"user","content":"a"},{"role":"user","content":"b"}],"max_output_tokens":2})");
  const std::string path = std::string(kPath) + "/" + id_of(response) + "/input_items";
  const json::value newest = json::parse(server.ask("GET", path).body);
  ASSERT_EQ(newest.at("data").as_array().size(), 2u);
  EXPECT_EQ(newest.at("data").at(0).at("content"), "b");
  EXPECT_EQ(newest.at("has_more"), false);
  const json::value page = json::parse(server.ask("GET", path + "?order=asc&limit=1").body);
  ASSERT_EQ(page.at("data").as_array().size(), 1u);
  EXPECT_EQ(page.at("data").at(0).at("content"), "a");
  EXPECT_EQ(page.at("has_more"), true);
  const std::string after(page.at("last_id").as_string());
  const json::value rest = json::parse(server.ask("GET", path + "?order=asc&after=" + after).body);
  ASSERT_EQ(rest.at("data").as_array().size(), 1u);
  EXPECT_EQ(rest.at("data").at(0).at("content"), "b");
  for (const char* const query : {"?limit=0", "?limit=101", "?limit=x", "?order=up", "?after=nobody", "?limit=%zz"}) {
    EXPECT_EQ(server.ask("GET", path + query).status, 400) << query;
  }
}

TEST(StoredResponses, CanBeDeletedAndNotCancelled) {
  Server server;
  const json::object response = server.respond(R"({"input":"ab","max_output_tokens":3})");
  const std::string path = std::string(kPath) + "/" + id_of(response);
  EXPECT_EQ(server.ask("POST", path + "/cancel").status, 400);
  const Reply deleted = server.ask("DELETE", path);
  EXPECT_EQ(deleted.status, 200);
  EXPECT_EQ(json::parse(deleted.body).at("deleted"), true);
  EXPECT_EQ(server.ask("GET", path).status, 404);
  EXPECT_EQ(server.ask("DELETE", path).status, 404);
  const Reply gone =
      server.post(kPath, fmt::format(R"({{"input":"cd","previous_response_id":"{}"}})", id_of(response)));
  EXPECT_EQ(gone.status, 404);
  EXPECT_EQ(json::parse(gone.body).at("error").at("param"), "previous_response_id");
}

TEST(StoredResponses, AreOfTheirTenantAlone) {
  Server server;
  const json::object response = server.respond(R"({"input":"ab","max_output_tokens":3})");
  EXPECT_EQ(server.ask("GET", std::string(kPath) + "/" + id_of(response), "somebody").status, 404);
  EXPECT_EQ(server.ask("DELETE", std::string(kPath) + "/" + id_of(response), "somebody").status, 404);
}

TEST(StoredResponses, WhatShallNotBeKeptIsNot) {
  Server server;
  const json::object response = server.respond(R"({"input":"ab","max_output_tokens":3,"store":false})");
  EXPECT_EQ(response.at("store"), false);
  EXPECT_EQ(server.ask("GET", std::string(kPath) + "/" + id_of(response)).status, 404);
  EXPECT_EQ(server.post(kPath, R"({"input":"ab","store":"yes"})").status, 400);

  test::ServerHarnessOptions options;
  options.server.response_store = "none";
  Server none(options);
  const json::object other = none.respond(R"({"input":"ab","max_output_tokens":3,"store":true})");
  EXPECT_EQ(other.at("store"), false);
  const Reply refused = none.post(kPath, R"({"input":"ab","previous_response_id":"resp_1"})");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("previous_response_id"), std::string::npos);
}

StoredResponse stored(std::string id, std::string previous = {}, std::size_t n_bytes = 2) {
  return {
      .id = std::move(id),
      .previous = std::move(previous),
      .tenant = "t",
      .created_unix_s =
          std::chrono::duration_cast<std::chrono::seconds>(std::chrono::system_clock::now().time_since_epoch()).count(),
      .input = "[]",
      .response = std::string(n_bytes, ' ')};
}

// What is kept in memory is in the budget from the start: an eighth of what is left at most, however much was asked
// for. The oldest make room.
TEST(StoredResponses, InMemoryAreInTheBudget) {
  constexpr std::uint64_t kBudget = 2u << 20;
  const auto options = [](const char* store) {
    test::ServerHarnessOptions out{.memory_bytes = kBudget};
    out.server.response_store = store;
    return out;
  };
  std::uint64_t without = 0;
  {
    Server server(options("none"));
    without = server.ledger.used(MemoryUse::buffers);
    const json::object response = server.respond(R"({"input":"ab","max_output_tokens":1})");
    EXPECT_EQ(server.ask("GET", std::string(kPath) + "/" + id_of(response)).status, 404);
  }
  Server server(options("memory"));
  const std::uint64_t reserved = server.ledger.used(MemoryUse::buffers) - without;
  EXPECT_GT(reserved, kBudget / 32);
  EXPECT_LE(reserved, kBudget / 8);
  const std::string body = fmt::format(R"({{"input":"{}","max_output_tokens":1}})", std::string(900, 'a'));
  const std::uint64_t n_enough = reserved / 900 + 2;  // each takes more than its input
  std::string first, last;
  for (std::uint64_t i = 0; i < n_enough; ++i) {
    // A budget as small as this one holds few connections: the last one has to be gone, however slow the machine is.
    server.eventually("its connection is closed", [&] { return server.ledger.used(MemoryUse::connections) == 0; });
    last = id_of(server.respond(body));
    if (first.empty()) first = last;
  }
  EXPECT_EQ(server.ask("GET", std::string(kPath) + "/" + first).status, 404);
  EXPECT_EQ(server.ask("GET", std::string(kPath) + "/" + last).status, 200);
  EXPECT_EQ(server.ledger.used(MemoryUse::buffers) - without, reserved);
}

TEST(ResponseStore, SurvivesInAFile) {
  const test::TempDir dir;
  const std::string path = dir.path("responses.db");
  {
    auto store = ResponseStore::open({.path = path}).value();
    store->put(stored("a"));
    store->put(stored("b", "a"));
  }
  auto store = ResponseStore::open({.path = path}).value();
  const auto chain = store->chain("b", "t", "f", 10, 1000);
  ASSERT_TRUE(chain) << chain.error().detail;
  ASSERT_EQ(chain->size(), 2u);
  EXPECT_EQ(chain->front().id, "a");
  EXPECT_EQ(std::filesystem::status(path).permissions() & std::filesystem::perms::others_all,
            std::filesystem::perms::none);
}

TEST(ResponseStore, TheOldestMakeRoom) {
  auto store = ResponseStore::open({.max_bytes = 1000}).value();
  for (const char* const id : {"a", "b", "c"}) {
    store->put(stored(id, {}, 400));
    ASSERT_TRUE(store->flush());
  }
  EXPECT_FALSE(store->find("a", "t", "f"));
  EXPECT_TRUE(store->find("b", "t", "f"));
  EXPECT_TRUE(store->find("c", "t", "f"));
  store->put(stored("large", {}, 2000));
  EXPECT_FALSE(store->find("large", "t", "f"));
  for (const char* const id : {"d", "e", "f"}) store->put(stored(id, {}, 400));
  EXPECT_FALSE(store->find("d", "t", "f")) << "also where nobody flushed";
  EXPECT_TRUE(store->find("f", "t", "f"));
}

TEST(ResponseStore, WhatIsTooOldIsGone) {
  auto store = ResponseStore::open({.ttl = std::chrono::hours(1)}).value();
  StoredResponse old = stored("old");
  old.created_unix_s -= 3700;
  store->put(old);
  EXPECT_FALSE(store->find("old", "t", "f"));
}

TEST(ResponseStore, AChainHasLimits) {
  auto store = ResponseStore::open({}).value();
  store->put(stored("a"));
  store->put(stored("b", "a"));
  store->put(stored("loop", "loop"));
  EXPECT_EQ(store->chain("b", "t", "f", 1, 1000).error().code, Errc::bad_input);
  EXPECT_EQ(store->chain("b", "t", "f", 9, 6).error().code, Errc::bad_input);
  EXPECT_EQ(store->chain("loop", "t", "f", 9, 1000).error().code, Errc::bad_input);
  EXPECT_EQ(store->chain("c", "t", "f", 9, 1000).error().code, Errc::not_found);
}

TEST(ResponseStore, ALowerLimitKeepsTheNewest) {
  const test::TempDir dir;
  const std::string path = dir.path("responses.db");
  {
    auto store = ResponseStore::open({.path = path}).value();
    for (const char* const id : {"a", "b", "c", "d", "e"}) store->put(stored(id, {}, 400));
  }
  auto store = ResponseStore::open({.path = path, .max_bytes = 1000}).value();
  for (const char* const id : {"a", "b", "c"}) EXPECT_FALSE(store->find(id, "t", "f")) << id;
  for (const char* const id : {"d", "e"}) EXPECT_TRUE(store->find(id, "t", "f")) << id;
}

TEST(ResponseStore, RowsOfAnotherDatabaseStay) {
  const test::TempDir dir;
  const std::string path = dir.path("other.db");
  sqlite3* other = nullptr;
  ASSERT_EQ(sqlite3_open(path.c_str(), &other), SQLITE_OK);
  const char* const sql = "CREATE TABLE responses(created INTEGER); INSERT INTO responses VALUES(1)";
  EXPECT_EQ(sqlite3_exec(other, sql, nullptr, nullptr, nullptr), SQLITE_OK);
  {
    const auto store = ResponseStore::open({.path = path});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().code, Errc::corrupt);
  }
  {
    Statement rows(other, "SELECT count(*) FROM responses");
    ASSERT_TRUE(rows.step());
    EXPECT_EQ(rows.integer(0), 1);
  }
  sqlite3_close(other);
}

TEST(ResponseStore, AnotherDatabaseIsRefused) {
  const test::TempDir dir;
  const std::string path = dir.path("other.db");
  std::ofstream(path)
      << "this is no database, but it is longer than a header of one hundred bytes has to be for SQLite "
         "to look at it at all";
  const auto store = ResponseStore::open({.path = path});
  ASSERT_FALSE(store);
  EXPECT_NE(store.error().detail.find(path), std::string::npos);
}

}  // namespace
}  // namespace quern::server
