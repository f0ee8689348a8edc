// Log-probabilities of a prompt's own tokens over sockets, as echo and as prompt_logprobs ask for them. The scripted
// model gives the next letter a logit of 10 and the other 95 tokens 0, so all values are known.
#include "tests/server/server_harness.hpp"

#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

namespace quern::test {
namespace {

const double kNext = -std::log(1.0 + 95.0 * std::exp(-10.0));
const double kOther = kNext - 10.0;

json::value choice_of(const Reply& reply, std::size_t index = 0) {
  EXPECT_EQ(reply.status, 200) << reply.body;
  return json::parse(reply.body).at("choices").at(index);
}

void expect_near(const json::value& values, const std::vector<double>& want) {
  ASSERT_EQ(values.as_array().size(), want.size());
  for (std::size_t i = 0; i < want.size(); ++i) {
    if (std::isnan(want[i]))
      EXPECT_TRUE(values.at(i).is_null()) << i;
    else
      EXPECT_NEAR(values.at(i).to_number<double>(), want[i], 1e-5) << i;
  }
}

const double kNone = std::numeric_limits<double>::quiet_NaN();

TEST(PromptLogprobs, EchoHasThemBeforeThoseOfTheAnswer) {
  ServerHarness server;
  const Reply reply =
      server.post("/v1/completions", R"({"prompt":"xabd","max_tokens":2,"temperature":0,"echo":true,"logprobs":1})");
  const json::value choice = choice_of(reply);
  EXPECT_EQ(choice.at("text"), "xabdef");
  const json::value& logprobs = choice.at("logprobs");
  EXPECT_EQ(logprobs.at("tokens"), json::parse(R"(["x","a","b","d","e","f"])"));
  expect_near(logprobs.at("token_logprobs"), {kNone, kOther, kNext, kOther, kNext, kNext});
  EXPECT_EQ(logprobs.at("text_offset"), json::parse("[0,1,2,3,4,5]"));
  EXPECT_TRUE(logprobs.at("top_logprobs").at(0).is_null());
  const json::object& second = logprobs.at("top_logprobs").at(1).as_object();
  ASSERT_EQ(second.size(), 2u) << "the likeliest, and the one that is there";
  EXPECT_NEAR(second.at("y").to_number<double>(), kNext, 1e-5);
  EXPECT_NEAR(second.at("a").to_number<double>(), kOther, 1e-5);
}

// What evaluations of models ask for: nothing is generated.
TEST(PromptLogprobs, OfALongPromptAloneWhateverTheCacheHas) {
  ServerHarness server;
  const std::string prompt = "x" + alphabet_after('c', 299);
  const std::string plain = fmt::format(R"({{"prompt":{},"max_tokens":1}})", json::serialize(json::value(prompt)));
  EXPECT_EQ(server.post("/v1/completions", plain).status, 200);  // now it is in the cache
  const std::string body =
      fmt::format(R"({{"prompt":{},"max_tokens":0,"echo":true,"logprobs":0}})", json::serialize(json::value(prompt)));
  const Reply reply = server.post("/v1/completions", body);
  const json::value choice = choice_of(reply);
  EXPECT_EQ(choice.at("text"), json::value(prompt));
  EXPECT_EQ(choice.at("finish_reason"), "length");
  std::vector<double> want(prompt.size(), kNext);
  want[0] = kNone;
  want[1] = kOther;
  expect_near(choice.at("logprobs").at("token_logprobs"), want);
  EXPECT_TRUE(choice.at("logprobs").at("top_logprobs").is_null());
  const json::value usage = json::parse(reply.body).at("usage");
  EXPECT_EQ(usage.at("prompt_tokens"), 300);
  EXPECT_EQ(usage.at("completion_tokens"), 0);
  EXPECT_EQ(usage.at("prompt_tokens_details").at("cached_tokens"), 0);
}

TEST(PromptLogprobs, AStreamHasTheSameInPieces) {
  ServerHarness server;
  const std::string prompt = "x" + alphabet_after('c', 199);
  const auto body = [&](bool stream) {
    return fmt::format(
        R"({{"prompt":[{0},"ab"],"n":2,"max_tokens":2,"temperature":0,"echo":true,"logprobs":2,"stream":{1}}})",
        json::serialize(json::value(prompt)), stream);
  };
  const json::value whole = json::parse(server.post("/v1/completions", body(false)).body);
  HttpClient client = server.tcp();
  client.post("/v1/completions", body(true));
  ASSERT_EQ(client.read_head().status, 200);
  std::vector<json::object> parts(4);
  std::vector<std::string> texts(4);
  for (std::string event = client.read_event(); event != "data: [DONE]"; event = client.read_event()) {
    const json::value choice = event_json(event).at("choices").at(0);
    const auto index = choice.at("index").to_number<std::size_t>();
    texts[index] += choice.at("text").get_string();
    if (choice.at("logprobs").is_null()) continue;
    for (const auto& [key, list] : choice.at("logprobs").as_object()) {
      json::value& all = parts[index][key];
      if (!all.is_array()) all = json::array();
      for (const json::value& value : list.as_array()) all.as_array().push_back(value);
    }
  }
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(json::value(texts[i]), whole.at("choices").at(i).at("text"));
    EXPECT_EQ(json::value(parts[i]), whole.at("choices").at(i).at("logprobs")) << i;
  }
  EXPECT_EQ(whole.at("choices").at(3).at("text"), "abcd");
  EXPECT_EQ(whole.at("choices").at(0).at("logprobs").at("tokens").as_array().size(), 202u);
}

TEST(PromptLogprobs, AsVllmHasThem) {
  ServerHarness server;
  const json::value choice = choice_of(
      server.post("/v1/completions", R"({"prompt":"xa","max_tokens":1,"temperature":0,"prompt_logprobs":2})"));
  EXPECT_EQ(choice.at("text"), "b");
  EXPECT_TRUE(choice.at("logprobs").is_null());
  const json::array& list = choice.at("prompt_logprobs").as_array();
  ASSERT_EQ(list.size(), 2u);
  EXPECT_TRUE(list[0].is_null());
  const json::object& second = list[1].as_object();
  ASSERT_EQ(second.size(), 3u);
  EXPECT_EQ(second.at("89").at("decoded_token"), "y");
  EXPECT_EQ(second.at("89").at("rank"), 1);
  EXPECT_NEAR(second.at("89").at("logprob").to_number<double>(), kNext, 1e-5);
  EXPECT_EQ(second.at("0").at("rank"), 2) << "of equal ones the lowest id";
  EXPECT_EQ(second.at("65").at("decoded_token"), "a");
  EXPECT_EQ(second.at("65").at("rank"), 2) << "one is likelier";
}

TEST(PromptLogprobs, ABrokenRowOfThePromptIsAnError) {
  ServerHarness server;
  server.backend.fill_logits = [](std::span<const engine::TokenId> tokens, std::span<float> logits) {
    if (tokens.size() == 2) logits[3] = std::numeric_limits<float>::quiet_NaN();
  };
  const Reply reply = server.post("/v1/completions", R"({"prompt":"abcdef","max_tokens":1,"echo":true,"logprobs":1})");
  EXPECT_EQ(reply.status, 500) << reply.body;
  EXPECT_EQ(json::parse(reply.body).at("error").at("code"), "model_output_invalid");
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"abcdef","max_tokens":1})").status, 200)
      << "nobody else looks at that row";
}

// Places for rows of logits are few: whoever decodes has its own, the prompt takes what is left.
TEST(PromptLogprobs, BesideAnswersThatRun) {
  ServerHarness server;
  HttpClient other = server.tcp();
  other.post("/v1/completions", R"({"prompt":"a","max_tokens":300,"temperature":0,"stream":true})");
  ASSERT_EQ(other.read_head().status, 200);
  const std::string prompt = "c" + alphabet_after('c', 120);
  const json::value choice =
      choice_of(server.post("/v1/completions", fmt::format(R"({{"prompt":{},"max_tokens":0,"echo":true,"logprobs":0}})",
                                                           json::serialize(json::value(prompt)))));
  std::vector<double> want(prompt.size(), kNext);
  want[0] = kNone;
  expect_near(choice.at("logprobs").at("token_logprobs"), want);
  std::string text;
  for (std::string event = other.read_event(); event != "data: [DONE]"; event = other.read_event())
    text += event_json(event).at("choices").at(0).at("text").get_string();
  EXPECT_EQ(text, alphabet_after('a', 300));
}

TEST(Probabilities, NativeCompletionsHaveUpToAHundred) {
  ServerHarness server;
  const json::value reply =
      json::parse(server.post("/completion", R"({"prompt":"a","n_predict":1,"n_probs":60,"temperature":0})").body);
  const json::value& first = reply.at("completion_probabilities").at(0);
  EXPECT_EQ(first.at("top_logprobs").as_array().size(), 60u);
  EXPECT_EQ(first.at("top_logprobs").at(0).at("token"), "b");
  const json::value all =
      json::parse(server.post("/completion", R"({"prompt":"a","n_predict":1,"n_probs":100,"temperature":0})").body);
  EXPECT_EQ(all.at("completion_probabilities").at(0).at("top_logprobs").as_array().size(), 96u) << "the vocabulary";
}

}  // namespace
}  // namespace quern::test
