// API keys over real sockets: who gets in, what the others are told in each dialect, and what a reload changes.
#include "server/keys/caller.hpp"

#include "tests/server/keys/keys_fixture.hpp"
#include "tests/server/server_harness.hpp"

#include <fstream>

#include <sys/stat.h>
#include <unistd.h>

namespace quern::test {
namespace {

using server::KeyScope;

constexpr const char* kChat = R"({"messages":[{"role":"user","content":"a"}],"max_tokens":3})";
constexpr const char* kOllamaChat =
    R"({"model":"test-model","messages":[{"role":"user","content":"a"}],"stream":false})";
constexpr const char* kPrompt = R"({"prompt":"a","max_tokens":3})";

ServerHarnessOptions with_keys(const KeysFile& file, bool required = true) {
  ServerHarnessOptions options;
  options.server.keys_file = file.path;
  options.server.keys_required = required;
  return options;
}

// What the three dialects say of an error.
void expect_refused(ServerHarness& server, const std::string& headers, int status, const char* openai_code,
                    const char* type, const std::string& words) {
  const Reply openai = server.post("/v1/chat/completions", kChat, headers);
  EXPECT_EQ(openai.status, status) << openai.body;
  const json::value error = json::parse(openai.body).at("error");
  EXPECT_EQ(error.at("code"), openai_code);
  EXPECT_EQ(error.at("type"), type);
  EXPECT_NE(error.at("message").get_string().find(words), std::string::npos) << openai.body;
  const Reply anthropic = server.post("/v1/messages", kChat, headers);
  EXPECT_EQ(anthropic.status, status) << anthropic.body;
  const json::value said = json::parse(anthropic.body);
  EXPECT_EQ(said.at("type"), "error");
  EXPECT_EQ(said.at("error").at("type"), type);
  EXPECT_NE(said.at("error").at("message").get_string().find(words), std::string::npos) << anthropic.body;
  const Reply ollama = server.post("/api/chat", kOllamaChat, headers);
  EXPECT_EQ(ollama.status, status) << ollama.body;
  EXPECT_NE(json::parse(ollama.body).at("error").get_string().find(words), std::string::npos) << ollama.body;
  for (const Reply* reply : {&openai, &anthropic, &ollama}) {
    EXPECT_TRUE(reply->header("www-authenticate").starts_with("Bearer realm=\"quern\"")) << reply->status;
  }
}

TEST(Keys, EachDialectRefusesInItsOwnShape) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  const std::string old = file.add("old", KeyScope::infer, 1000);
  ServerHarness server(with_keys(file));
  const auto unauthorized = [&](const std::string& headers, const std::string& words) {
    expect_refused(server, headers, 401, "invalid_api_key", "authentication_error", words);
  };
  unauthorized("", "missing");
  unauthorized("Authorization: Bearer \r\n", "missing");
  unauthorized("X-Api-Key: \r\n", "missing");
  unauthorized("Authorization: Basic YTpi\r\n", "missing");
  unauthorized("Authorization: Bearer qk_0000000000000000000000000000000000000000000\r\n", "not a key of this server");
  unauthorized(bearer(std::string(10'000, 'x')), "not a key of this server");
  unauthorized(bearer(old), "expired");
}

TEST(Keys, AGoodOneIsTheSameInEitherHeader) {
  KeysFile file;
  const std::string key = file.add("alice", KeyScope::infer);
  ServerHarness server(with_keys(file));
  for (const std::string& headers :
       {bearer(key), "authorization: bearer " + key + "\r\n", "x-api-key: " + key + "\r\n", bearer(key) + bearer(key),
        bearer(key) + "X-Api-Key: " + key + "\r\n", "Authorization: Basic YTpi\r\nX-Api-Key: " + key + "\r\n"}) {
    EXPECT_EQ(server.post("/v1/chat/completions", kChat, headers).status, 200) << headers;
    EXPECT_EQ(server.post("/v1/messages", kChat, headers).status, 200) << headers;
    EXPECT_EQ(server.post("/api/chat", kOllamaChat, headers).status, 200) << headers;
  }
}

TEST(Keys, SeveralDifferentOnesAreNoKey) {
  KeysFile file;
  const std::string alice = file.add("alice", KeyScope::infer), bob = file.add("bob", KeyScope::admin);
  ServerHarness server(with_keys(file));
  for (const std::string& headers : {bearer(alice) + bearer(bob), bearer(alice) + "X-Api-Key: " + bob + "\r\n",
                                     bearer(alice) + "X-Api-Key: x\r\n", bearer("x") + bearer(alice)}) {
    expect_refused(server, headers, 401, "invalid_api_key", "authentication_error", "several");
  }
}

TEST(Keys, OneInTheTargetIsNotSeen) {
  KeysFile file;
  const std::string key = file.add("alice", KeyScope::admin);
  ServerHarness server(with_keys(file));
  for (const char* name : {"key", "api_key", "access_token"}) {
    EXPECT_EQ(server.get(fmt::format("/v1/models?{}={}", name, key)).status, 401) << name;
  }
}

TEST(Keys, ScopesAreThoseOfTheRoute) {
  KeysFile file;
  const std::string read = bearer(file.add("r", KeyScope::read)), infer = bearer(file.add("i", KeyScope::infer)),
                    admin = bearer(file.add("a", KeyScope::admin));
  ServerHarness server(with_keys(file));
  for (const std::string& headers : {read, infer, admin}) {
    for (const char* path : {"/v1/models", "/v1/models/test-model", "/metrics", "/api/tags", "/api/version", "/"}) {
      EXPECT_EQ(server.get(path, headers).status, 200) << path;
    }
    EXPECT_EQ(server.post("/tokenize", R"({"content":"ab"})", headers).status, 200);
    EXPECT_EQ(
        server.post("/v1/messages/count_tokens", R"({"messages":[{"role":"user","content":"a"}]})", headers).status,
        200);
    EXPECT_EQ(server.post("/api/show", R"({"model":"test-model"})", headers).status, 200);
  }
  expect_refused(server, read, 403, "insufficient_scope", "permission_error", "want the scope infer, found read");
  const Reply refused = server.post("/v1/completions", kPrompt, read);
  EXPECT_EQ(refused.header("www-authenticate"),
            "Bearer realm=\"quern\", error=\"insufficient_scope\", scope=\"infer\"");
  EXPECT_EQ(server.post("/v1/completions", kPrompt, infer).status, 200);
  EXPECT_EQ(server.post("/v1/completions", kPrompt, admin).status, 200);
  EXPECT_EQ(server.get("/control/status").status, 401);
  EXPECT_EQ(server.get("/control/status", read).status, 403);
  EXPECT_EQ(server.get("/control/status", infer).status, 403);
  EXPECT_EQ(server.get("/control/status", admin).status, 200);
  EXPECT_EQ(server.get("/nowhere").status, 401) << "strangers do not learn which paths there are";
  EXPECT_EQ(server.get("/nowhere", read).status, 404);
  EXPECT_EQ(server.get("/v1/completions", read).status, 405);
}

TEST(Keys, HealthAndPreflightsNeedNone) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  ServerHarness server(with_keys(file));
  EXPECT_EQ(server.get("/health").status, 200);
  EXPECT_EQ(server.get("/v1/health").status, 200);
  HttpClient client = server.tcp();
  client.send(
      "OPTIONS /v1/chat/completions HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n"
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization,content-type\r\n\r\n");
  const Reply preflight = client.read_reply();
  EXPECT_EQ(preflight.status, 204);
  EXPECT_EQ(preflight.header("access-control-allow-headers"), "authorization,content-type");
}

TEST(Keys, APageThatMayAskCanReadWhyItWasRefused) {
  KeysFile file;
  const std::string read = file.add("r", KeyScope::read);
  ServerHarness server(with_keys(file));
  const std::string origin = "Origin: http://localhost:3000\r\n";
  for (const std::string& key : {std::string(), bearer(read)}) {
    const Reply reply = server.post("/v1/completions", kPrompt, origin + key);
    EXPECT_EQ(reply.status, key.empty() ? 401 : 403);
    EXPECT_EQ(reply.header("access-control-allow-origin"), "http://localhost:3000");
  }
  const Reply foreign = server.get("/v1/models", "Origin: https://evil.example\r\n" + bearer(read));
  EXPECT_EQ(foreign.status, 403);
  EXPECT_EQ(foreign.header("access-control-allow-origin"), "");
}

TEST(Keys, ARefusedBodyIsNotRead) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  ServerHarness server(with_keys(file));
  HttpClient client = server.tcp();
  client.send(
      "POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 1000000\r\n\r\n{");
  const Reply reply = client.read_reply();
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.header("connection"), "close");
}

json::value last_ended(ServerHarness& server) {
  json::value found;
  ServerHarness::eventually("the request is in the history", [&] {
    HttpClient client = server.unix_socket();
    client.get("/control/history");
    const json::value history = json::parse(client.read_reply().body);
    const json::array& rows = history.at("requests").as_array();
    if (!rows.empty()) found = rows.front();
    return !rows.empty();
  });
  return found;
}

TEST(Keys, TheUnixSocketNeedsNone) {
  KeysFile file;
  file.add("alice", KeyScope::infer);
  ServerHarness server(with_keys(file));
  for (const char* headers : {"", "Authorization: Bearer none\r\n", "Authorization: Bearer a\r\nX-Api-Key: b\r\n"}) {
    HttpClient client = server.unix_socket();
    client.post("/v1/completions", kPrompt, headers);
    EXPECT_EQ(client.read_reply().status, 200) << headers;
    client.get("/control/status", headers);
    EXPECT_EQ(client.read_reply().status, 200) << headers;
  }
}

TEST(Keys, NameTheTenantOnBothSockets) {
  KeysFile file;
  const std::string key = file.add("alice", KeyScope::infer, 0, "team", 3);
  {
    ServerHarness server(with_keys(file));
    EXPECT_EQ(server.post("/v1/completions", kPrompt, bearer(key)).status, 200);
    EXPECT_EQ(last_ended(server).at("tenant"), "team");
  }
  ServerHarness server(with_keys(file));
  HttpClient client = server.unix_socket();
  client.post("/v1/completions", kPrompt, bearer(key));
  EXPECT_EQ(client.read_reply().status, 200);
  EXPECT_EQ(last_ended(server).at("tenant"), "team");
}

TEST(Keys, AReloadChangesWhoGetsInAndNotWhoIsIn) {
  KeysFile file;
  const std::string alice = file.add("alice", KeyScope::infer), bob = file.add("bob", KeyScope::infer);
  ServerHarnessOptions options = with_keys(file);
  options.gated = true;
  ServerHarness server(options);
  HttpClient running = server.tcp();
  running.post("/v1/completions", R"({"prompt":"a","max_tokens":5})", bearer(alice));
  server.gate.wait_for_arrival(1);
  file.revoke("alice");
  const std::string carol = file.add("carol", KeyScope::read);
  EXPECT_EQ(server.get("/v1/models", bearer(alice)).status, 200) << "not before the file is read again";
  EXPECT_EQ(server.get("/v1/models", bearer(carol)).status, 401);
  server.reload();
  EXPECT_EQ(server.get("/v1/models", bearer(alice)).status, 401);
  EXPECT_EQ(server.get("/v1/models", bearer(bob)).status, 200);
  EXPECT_EQ(server.get("/v1/models", bearer(carol)).status, 200);
  server.gate.open();
  EXPECT_EQ(json::parse(running.read_reply().body).at("choices").at(0).at("text"), "bcdef");
  running.get("/v1/models", bearer(alice));
  EXPECT_EQ(running.read_reply().status, 401) << "an open connection is no key";
}

TEST(Keys, AFileThatCannotBeReadAgainOpensNothing) {
  KeysFile file;
  const std::string alice = file.add("alice", KeyScope::infer);
  ServerHarness server(with_keys(file));
  std::ofstream(file.path, std::ios::trunc) << "[]";
  server.reload();
  EXPECT_EQ(server.get("/v1/models").status, 401);
  EXPECT_EQ(server.get("/v1/models", bearer(alice)).status, 200);
  ::unlink(file.path.c_str());
  server.reload();
  EXPECT_EQ(server.get("/v1/models").status, 401);
  EXPECT_EQ(server.get("/v1/models", bearer(alice)).status, 200);
}

TEST(Keys, NobodyGetsInByAFileWithoutKeys) {
  KeysFile file;
  const std::string alice = file.add("alice", KeyScope::infer);
  file.revoke("alice");
  ServerHarness server(with_keys(file));
  EXPECT_EQ(server.get("/v1/models").status, 401);
  EXPECT_EQ(server.get("/v1/models", bearer(alice)).status, 401);
}

TEST(Keys, WhereTheFileMayBeMissingItsFirstKeyClosesTheServer) {
  KeysFile file;
  ServerHarness server(with_keys(file, false));
  EXPECT_EQ(server.get("/v1/models").status, 200);
  EXPECT_EQ(server.get("/control/status").status, 404);
  const std::string key = file.add("alice", KeyScope::read);
  server.reload();
  EXPECT_EQ(server.get("/v1/models").status, 401);
  EXPECT_EQ(server.get("/v1/models", bearer(key)).status, 200);
}

TEST(Keys, ABrokenFileIsNoStart) {
  const TempDir dir;
  boost::asio::io_context io;
  const auto start = [&](const std::string& path) {
    return server::Listeners::open(io, {.port = 0, .keys_file = path});
  };
  EXPECT_EQ(start(dir.path("none.json")).error().code, Errc::not_found);
  const std::string path = dir.write("keys.json", "{}");
  EXPECT_EQ(start(path).error().code, Errc::bad_input) << "mode";
  ASSERT_EQ(::chmod(path.c_str(), 0600), 0);
  EXPECT_EQ(start(path).error().code, Errc::corrupt);
}

}  // namespace
}  // namespace quern::test
