// The reference of the API is what the parsers ask for, and docs/API-FIELDS.md says the same.
#include "server/api/reference/reference.hpp"

#include "server/api/openai/chat_json.hpp"
#include "tests/server/server_harness.hpp"

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <iterator>

#include <boost/json.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace json = boost::json;

const Endpoint& endpoint(const std::vector<Endpoint>& all, std::string_view method, std::string_view path) {
  const auto found = std::ranges::find_if(all, [&](const Endpoint& e) { return e.method == method && e.path == path; });
  if (found == all.end()) throw std::runtime_error("no endpoint " + std::string(path));
  return *found;
}

FieldKind kind_of(const Endpoint& endpoint, std::string_view path) {
  const auto found = std::ranges::find(endpoint.fields, path, &FieldUse::path);
  if (found == endpoint.fields.end()) throw std::runtime_error("no field " + std::string(path));
  return found->kind;
}

TEST(Reference, EveryRouteIsDescribed) {
  for (const Endpoint& one : describe_endpoints()) {
    EXPECT_FALSE(one.summary.empty()) << one.method << " " << one.path;
  }
}

TEST(Reference, FieldsAreThoseThatTheParsersAskFor) {
  const auto all = describe_endpoints();
  const Endpoint& chat = endpoint(all, "POST", "/v1/chat/completions");
  EXPECT_EQ(kind_of(chat, "temperature"), FieldKind::number);
  EXPECT_EQ(kind_of(chat, "stream"), FieldKind::boolean);
  EXPECT_EQ(kind_of(chat, "stream_options.include_usage"), FieldKind::boolean);
  EXPECT_EQ(kind_of(chat, "messages[].role"), FieldKind::text);
  EXPECT_EQ(kind_of(chat, "metadata"), FieldKind::ignored);
  EXPECT_EQ(kind_of(endpoint(all, "POST", "/api/generate"), "options.num_ctx"), FieldKind::ignored);
  EXPECT_EQ(kind_of(endpoint(all, "POST", "/v1/embeddings"), "dimensions"), FieldKind::integer);
}

TEST(Reference, RecordingLeavesParsersAsTheyWere) {
  static_cast<void>(describe_endpoints());
  const ServerLimits limits;
  const auto parsed = parse_chat_request(parse_document("{}", 8).value(), {.limits = limits});
  ASSERT_FALSE(parsed);
  EXPECT_EQ(parsed.error().field, "messages");
}

TEST(Reference, TheDocumentIsOpenApi) {
  test::ServerHarness server;
  const test::Reply reply = server.get("/openapi.json");
  ASSERT_EQ(reply.status, 200);
  const json::value document = json::parse(reply.body);
  EXPECT_EQ(document.at("openapi"), "3.1.0");
  const json::value& chat = document.at("paths").at("/v1/chat/completions").at("post");
  const json::value& schema = chat.at("requestBody").at("content").at("application/json").at("schema");
  EXPECT_EQ(schema.at("properties").at("temperature").at("type"), "number");
  EXPECT_EQ(schema.at("properties").at("messages").at("items").at("properties").at("role").at("type"), "string");
  EXPECT_EQ(document.at("paths").at("/v1/responses/{id}").at("delete").at("parameters").at(0).at("name"), "id");
  const test::Reply page = server.get("/docs");
  EXPECT_EQ(page.header("content-type"), "text/html; charset=utf-8");
  EXPECT_NE(page.body.find("<code>POST /v1/chat/completions</code>"), std::string::npos);
}

// QUERN_TEST_UPDATE_API_FIELDS: writes it instead (tools/update_api_fields.sh).
TEST(Reference, TheDocsSayTheSame) {
  const std::string path = std::string(QUERN_SOURCE_DIR) + "/docs/API-FIELDS.md";
  const std::string want = reference_markdown(describe_endpoints());
  if (std::getenv("QUERN_TEST_UPDATE_API_FIELDS") != nullptr) std::ofstream(path) << want;
  std::ifstream in(path);
  const std::string found((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
  EXPECT_TRUE(found == want) << "run tools/update_api_fields.sh";
}

}  // namespace
}  // namespace quern::server
