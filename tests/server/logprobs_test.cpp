// Log-probabilities and their alternatives over sockets, in each dialect. The scripted model gives the next letter a
// logit of 10 and the other 95 tokens 0, so all values are known.
#include "tests/server/server_harness.hpp"

#include <cmath>

namespace quern::test {
namespace {

const double kNext = -std::log(1.0 + 95.0 * std::exp(-10.0));
const double kOther = kNext - 10.0;

double number(const json::value& value) {
  return value.to_number<double>();
}

TEST(Logprobs, CompletionsHaveAMapPerToken) {
  ServerHarness server;
  const Reply reply = server.post(
      "/v1/completions", R"({"prompt":"a","max_tokens":2,"temperature":0,"logprobs":2,"logit_bias":{"5":100}})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json::value logprobs = json::parse(reply.body).at("choices").at(0).at("logprobs");
  EXPECT_EQ(logprobs.at("tokens"), json::parse(R"(["%","%"])"));
  EXPECT_NEAR(number(logprobs.at("token_logprobs").at(0)), kOther, 1e-5) << "before the bias";
  const json::object& first = logprobs.at("top_logprobs").at(0).as_object();
  ASSERT_EQ(first.size(), 3u) << "two, and the one that was drawn";
  EXPECT_NEAR(number(first.at("b")), kNext, 1e-5);
  EXPECT_NEAR(number(first.at(" ")), kOther, 1e-5) << "of equal ones the lowest id";
  EXPECT_NEAR(number(first.at("%")), kOther, 1e-5);
}

TEST(Logprobs, ChatStreamedAndWholeAreTheSame) {
  ServerHarness server;
  const auto body = [](bool stream) {
    return fmt::format(R"({{"messages":[{{"role":"user","content":"x"}}],"max_tokens":4,"temperature":0,
                            "logprobs":true,"top_logprobs":3,"stream":{}}})",
                       stream);
  };
  const Reply reply = server.post("/v1/chat/completions", body(false));
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json::array whole = json::parse(reply.body).at("choices").at(0).at("logprobs").at("content").as_array();
  ASSERT_EQ(whole.size(), 4u);
  for (const json::value& entry : whole) {
    const json::array& top = entry.at("top_logprobs").as_array();
    ASSERT_EQ(top.size(), 3u);
    EXPECT_EQ(top[0].at("token"), entry.at("token"));
    EXPECT_EQ(top[0].at("bytes"), entry.at("bytes"));
    EXPECT_NEAR(number(top[0].at("logprob")), kNext, 1e-5);
    EXPECT_NEAR(number(top[2].at("logprob")), kOther, 1e-5);
  }
  HttpClient client = server.tcp();
  client.post("/v1/chat/completions", body(true));
  EXPECT_EQ(client.read_head().status, 200);
  json::array streamed;
  for (std::string event = client.read_event(); event != "data: [DONE]"; event = client.read_event()) {
    const json::value choice = event_json(event).at("choices").at(0);
    if (!choice.at("logprobs").is_object()) continue;
    for (const json::value& entry : choice.at("logprobs").at("content").as_array()) streamed.push_back(entry);
  }
  EXPECT_EQ(streamed, whole);
}

TEST(Logprobs, ResponsesOnlyWhenAsked) {
  ServerHarness server;
  const auto logprobs_of = [&](std::string_view fields) {
    const Reply reply =
        server.post("/v1/responses", fmt::format(R"({{"input":"a","max_output_tokens":2,"temperature":0{}}})", fields));
    EXPECT_EQ(reply.status, 200) << reply.body;
    return json::parse(reply.body).at("output").at(0).at("content").at(0).at("logprobs").as_array();
  };
  EXPECT_TRUE(logprobs_of("").empty());
  EXPECT_TRUE(logprobs_of(R"(,"include":["reasoning.encrypted_content"])").empty());
  const json::array plain = logprobs_of(R"(,"include":["message.output_text.logprobs"])");
  ASSERT_EQ(plain.size(), 2u);
  EXPECT_TRUE(plain[0].at("top_logprobs").as_array().empty());
  const json::array top = logprobs_of(R"(,"include":["message.output_text.logprobs"],"top_logprobs":2)");
  ASSERT_EQ(top.size(), 2u);
  EXPECT_EQ(top[1].at("top_logprobs").as_array().size(), 2u);

  HttpClient client = server.tcp();
  client.post("/v1/responses", R"({"input":"a","max_output_tokens":2,"temperature":0,"stream":true,
                                   "include":["message.output_text.logprobs"],"top_logprobs":2})");
  EXPECT_EQ(client.read_head().status, 200);
  json::array deltas, done, part;
  for (std::string event = client.read_event(); !event.empty(); event = client.read_event()) {
    const json::value data = json::parse(event.substr(event.find('\n') + 7));
    if (data.at("type") == "response.output_text.delta") {
      for (const json::value& entry : data.at("logprobs").as_array()) deltas.push_back(entry);
    } else if (data.at("type") == "response.output_text.done") {
      done = data.at("logprobs").as_array();
    } else if (data.at("type") == "response.incomplete") {
      part = data.at("response").at("output").at(0).at("content").at(0).at("logprobs").as_array();
    }
  }
  EXPECT_EQ(deltas, top);
  EXPECT_EQ(done, top);
  EXPECT_EQ(part, top);
}

TEST(Logprobs, OllamaHasThemBesideTheText) {
  ServerHarness server;
  const json::value whole = json::parse(
      server
          .post("/api/generate", R"({"prompt":"a","raw":true,"stream":false,"logprobs":true,"top_logprobs":2,
                                                 "options":{"num_predict":2,"temperature":0}})")
          .body);
  EXPECT_EQ(whole.at("response"), "bc");
  const json::array& entries = whole.at("logprobs").as_array();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].at("token"), "b");
  ASSERT_EQ(entries[0].at("top_logprobs").as_array().size(), 2u);
  EXPECT_NEAR(number(entries[0].at("top_logprobs").at(1).at("logprob")), kOther, 1e-5);
  const json::value without =
      json::parse(server
                      .post("/api/generate", R"({"prompt":"a","raw":true,"stream":false,"logprobs":true,
                                                 "options":{"num_predict":1}})")
                      .body);
  EXPECT_FALSE(without.at("logprobs").at(0).as_object().contains("top_logprobs"));
}

TEST(Logprobs, WrongOnesAreRefusedByName) {
  ServerHarness server;
  struct Bad {
    const char* path;
    const char* body;
    const char* field;
  };
  for (const Bad& bad : {Bad{"/v1/responses", R"({"input":"a","top_logprobs":21})", "top_logprobs"},
                         Bad{"/v1/responses", R"({"input":"a","include":"x"})", "include"},
                         Bad{"/v1/responses", R"({"input":"a","include":[1]})", "include[0]"},
                         Bad{"/completion", R"({"prompt":"a","n_probs":101})", "n_probs"},
                         Bad{"/v1/completions", R"({"prompt":"a","logprobs":21})", "logprobs"}}) {
    const Reply reply = server.post(bad.path, bad.body);
    EXPECT_EQ(reply.status, 400) << bad.body;
    EXPECT_EQ(error_param(reply), bad.field) << reply.body;
  }
}

TEST(Echo, ThePromptsTextComesFirstStreamedAndWhole) {
  ServerHarness server;
  const json::value whole = json::parse(
      server.post("/v1/completions", R"({"prompt":["xa",[65,66]],"max_tokens":2,"echo":true,"temperature":0})").body);
  EXPECT_EQ(whole.at("choices").at(0).at("text"), "xabc");
  EXPECT_EQ(whole.at("choices").at(1).at("text"), "abcd");
  HttpClient client = server.tcp();
  client.post("/v1/completions", R"({"prompt":"xa","max_tokens":2,"echo":true,"stream":true,"temperature":0})");
  EXPECT_EQ(client.read_head().status, 200);
  EXPECT_EQ(event_json(client.read_event()).at("choices").at(0).at("text"), "xa");
  std::string text;
  for (std::string event = client.read_event(); event != "data: [DONE]"; event = client.read_event()) {
    text += event_json(event).at("choices").at(0).at("text").get_string();
  }
  EXPECT_EQ(text, "bc");
}

}  // namespace
}  // namespace quern::test
