// What real clients put into a chat request, each with the status it must get: tests/data/http, and the same kind of
// files in ../shared where that exists. A case: a body (`raw`), or fields that replace those of a small good one
// (`patch`).
#include "tests/server/server_harness.hpp"
#include "tests/support/golden_json.hpp"

#include <cstdlib>
#include <filesystem>

#include <boost/json/serialize.hpp>

namespace quern::test {
namespace {

namespace fs = std::filesystem;

std::vector<fs::path> case_files() {
  const char* const variable = std::getenv("QUERN_SHARED_DIR");
  const fs::path shared = variable != nullptr ? fs::path(variable) : fs::path(QUERN_SOURCE_DIR) / "../shared";
  std::vector<fs::path> out;
  for (const fs::path& folder : {fs::path(QUERN_TEST_DATA_DIR) / "http", shared / "cases" / "http"}) {
    if (!fs::exists(folder)) continue;
    for (const auto& entry : fs::directory_iterator(folder)) {
      if (entry.path().extension() == ".json") out.push_back(entry.path());
    }
  }
  return out;
}

std::string body_of(const json::object& one) {
  if (const json::value* raw = one.if_contains("raw")) return std::string(raw->as_string());
  json::object body{{"messages", json::array{json::object{{"role", "user"}, {"content", "hi"}}}}, {"max_tokens", 1}};
  for (const auto& [key, value] : one.at("patch").as_object()) body[key] = value;
  return json::serialize(body);
}

TEST(ClientFields, EachCaseGetsItsStatus) {
  ServerHarness server;
  std::size_t n_cases = 0;
  for (const fs::path& file : case_files()) {
    const json::value cases = read_json(file);
    for (const json::value& one : cases.as_array()) {
      if (!one.as_object().contains("patch") && !one.as_object().contains("raw")) continue;
      const Reply reply = server.post("/v1/chat/completions", body_of(one.as_object()));
      EXPECT_EQ(reply.status, one.at("status").to_number<int>())
          << file << ": " << one.at("name") << ": " << reply.body;
      ++n_cases;
    }
  }
  EXPECT_GE(n_cases, 28u) << "tests/data/http has so many";
}

constexpr const char* kOdd =
    R"({"messages":[{"role":"user","content":"hi","weight":0}],"temprature":1,"x\r\nSet-Cookie":1,"max_tokens":1})";

TEST(ClientFields, UnknownOnesAreNamedInTheReply) {
  ServerHarness server;
  const Reply reply = server.post("/v1/chat/completions", kOdd);
  EXPECT_EQ(reply.status, 200) << reply.body;
  EXPECT_EQ(reply.header("x-quern-ignored"), "messages[0].weight, temprature, x??Set-Cookie");
  EXPECT_EQ(reply.header("set-cookie"), "");
  const Reply usual = server.post("/v1/completions", R"({"prompt":"a","max_tokens":1,"user":"me"})");
  EXPECT_EQ(usual.header("x-quern-ignored"), "");
  HttpClient client = server.tcp();
  client.post("/v1/completions", R"({"prompt":"a","max_tokens":1,"stream":true,"y":1})");
  EXPECT_EQ(client.read_head().header("x-quern-ignored"), "y");
}

TEST(ClientFields, UnknownOnesMayBeRefused) {
  ServerHarnessOptions options;
  options.server.unknown_fields = "refuse";
  ServerHarness server(options);
  const Reply reply = server.post("/v1/chat/completions", kOdd);
  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(error_param(reply), "messages[0].weight");
}

}  // namespace
}  // namespace quern::test
