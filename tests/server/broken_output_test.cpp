// What clients see of a model that gives no usable logits, over real sockets: an error, never a 200 with rubbish.
#include "tests/server/server_harness.hpp"

#include <limits>

namespace quern::test {
namespace {

// Continues the alphabet, and breaks behind every "f".
void break_at_f(ServerHarness& server, float value) {
  server.backend.fill_logits = [value](std::span<const engine::TokenId> tokens, std::span<float> logits) {
    logits[static_cast<std::size_t>((tokens.back() + 1) % 95)] = 10.0f;
    if (tokens.back() == 'f' - ' ') logits[7] = value;
  };
}

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

void expect_error(const json::value& body, std::string_view found) {
  const json::object& error = body.at("error").as_object();
  EXPECT_EQ(error.at("type"), "server_error");
  EXPECT_EQ(error.at("code"), "model_output_invalid");
  EXPECT_TRUE(error.at("param").is_null());
  EXPECT_NE(std::string_view(error.at("message").as_string()).find(found), std::string_view::npos);
}

TEST(BrokenOutput, IsA500ThatNamesWhatWasFound) {
  for (const auto& [value, found] : {std::pair{kNan, "NaN"}, {kInfinity, "+infinity"}}) {
    ServerHarness server;
    break_at_f(server, value);
    const Reply completion = server.post("/v1/completions", R"({"prompt":"a","max_tokens":50})");
    EXPECT_EQ(completion.status, 500);
    EXPECT_FALSE(completion.header("x-request-id").empty());
    expect_error(json::parse(completion.body), found);
    const Reply chat =
        server.post("/v1/chat/completions", R"({"messages":[{"role":"user","content":"f"}],"max_tokens":200})");
    EXPECT_EQ(chat.status, 500);
    expect_error(json::parse(chat.body), found);
    EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"g","max_tokens":5})").status, 200);
    server.eventually_all_pages_free();
    EXPECT_EQ(server.scheduler->snapshot().finished_failed, 2u);
  }
}

TEST(BrokenOutput, EndsAStreamWithAnErrorAndWithoutDone) {
  ServerHarnessOptions options;
  options.gated = true;  // what fails before the head is sent is a plain 500
  ServerHarness server(options);
  break_at_f(server, kNan);
  HttpClient client = server.tcp();
  client.post("/v1/completions", R"({"prompt":"a","max_tokens":50,"stream":true})");
  server.gate.wait_for_arrival(1);
  EXPECT_EQ(client.read_head().status, 200);
  server.gate.open();
  std::string event, text;
  for (event = client.read_event(); event_json(event).as_object().contains("choices"); event = client.read_event()) {
    text += event_json(event).at("choices").at(0).at("text").as_string();
    EXPECT_TRUE(event_json(event).at("choices").at(0).at("finish_reason").is_null());
  }
  EXPECT_TRUE(std::string_view("bcdef").starts_with(text)) << text;
  expect_error(event_json(event), "NaN");
  EXPECT_EQ(client.read_event(), "") << "no [DONE]";
  client.post("/v1/completions", R"({"prompt":"g","max_tokens":5})");
  EXPECT_EQ(client.read_reply().status, 200) << "the connection is as good as before";
}

TEST(BrokenOutput, OthersInTheSameStepsGoOn) {
  ServerHarness server;
  break_at_f(server, kNan);
  HttpClient sound = server.tcp(), broken = server.tcp();
  sound.post("/v1/completions", R"({"prompt":"g","max_tokens":80})");
  broken.post("/v1/completions", R"({"prompt":"a","max_tokens":80})");
  EXPECT_EQ(broken.read_reply().status, 500);
  const Reply reply = sound.read_reply();
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(json::parse(reply.body).at("choices").at(0).at("text").as_string(), alphabet_after('g', 80));
}

}  // namespace
}  // namespace quern::test
