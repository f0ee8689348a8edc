// Filling in the middle over sockets: /infill, `suffix` of completions, and Ollama's. Ordinary letters of the scripted
// model's vocabulary stand for the tokens of that kind.
#include "tests/server/server_harness.hpp"

namespace quern::test {
namespace {

engine::TokenId letter(char c) {
  return c - ' ';
}

ServerHarnessOptions with_fill_tokens() {
  ServerHarnessOptions options;
  options.special_tokens.fill = {
      .prefix = letter('<'), .suffix = letter('^'), .middle = letter('`'), .pad = letter('d')};
  return options;
}

TEST(Infill, PrefixPromptSuffixMiddle) {
  ServerHarness server(with_fill_tokens());
  const Reply reply =
      server.post("/infill", R"({"input_prefix":"P","input_suffix":"S","prompt":"Q","n_predict":9,"temperature":0})");
  ASSERT_EQ(reply.status, 200) << reply.body;
  const json::value answer = json::parse(reply.body);
  EXPECT_EQ(answer.at("prompt"), "<PQ^S`");
  EXPECT_EQ(answer.at("content"), "abc") << "the letter after the last of the prompt, up to the pad";
  EXPECT_EQ(answer.at("stop_type"), "eos");
}

TEST(Infill, OtherFilesComeFirst) {
  ServerHarnessOptions options = with_fill_tokens();
  const char* body = R"({"input_prefix":"P","input_suffix":"S","n_predict":1,"temperature":0,
                         "input_extra":[{"filename":"f","text":"T"},{"text":"U"}]})";
  const auto prompt_of = [&](const ServerHarnessOptions& with) {
    ServerHarness server(with);
    return json::parse(server.post("/infill", body).body).at("prompt");
  };
  EXPECT_EQ(prompt_of(options), "\n\nf\nT\n\ntmp\nU\n\n<P^S`");
  options.special_tokens.fill.file = letter('#');
  EXPECT_EQ(prompt_of(options), "#f\nT#tmp\nU#file\n<P^S`");
  options.special_tokens.fill.repository = letter('%');
  options.special_tokens.bos = letter('!');
  options.special_tokens.add_bos = true;
  EXPECT_EQ(prompt_of(options), "!%repository\n#f\nT#tmp\nU#file\n<P^S`");
}

TEST(Infill, SuffixOfCompletionsAndOfOllama) {
  ServerHarness server(with_fill_tokens());
  const json::value completion = json::parse(
      server.post("/v1/completions", R"({"prompt":"P","suffix":"S","max_tokens":9,"temperature":0,"echo":true})").body);
  EXPECT_EQ(completion.at("choices").at(0).at("text"), "Pabc");
  EXPECT_EQ(completion.at("choices").at(0).at("finish_reason"), "stop");
  EXPECT_EQ(completion.at("usage").at("prompt_tokens"), 5);
  const json::value tokens = json::parse(
      server.post("/v1/completions", R"({"prompt":[48,49],"suffix":"S","max_tokens":1,"temperature":0})").body);
  EXPECT_EQ(tokens.at("usage").at("prompt_tokens"), 6);
  const json::value ollama = json::parse(
      server.post("/api/generate", R"({"prompt":"P","suffix":"S","stream":false,"options":{"temperature":0}})").body);
  EXPECT_EQ(ollama.at("response"), "abc");
  EXPECT_EQ(ollama.at("prompt_eval_count"), 5);
  const json::value show = json::parse(server.post("/api/show", R"({"model":"test-model"})").body);
  EXPECT_EQ(show.at("capabilities"), json::parse(R"(["completion","insert"])"));
}

TEST(Infill, AModelWithoutTheTokensIsNamed) {
  ServerHarness server;
  struct Case {
    const char* path;
    const char* body;
    const char* field;
  };
  for (const Case& c : {Case{"/v1/completions", R"({"prompt":"P","suffix":"S"})", "suffix"},
                        Case{"/infill", R"({"input_prefix":"P","input_suffix":"S"})", "input_suffix"}}) {
    const Reply reply = server.post(c.path, c.body);
    EXPECT_EQ(reply.status, 400);
    EXPECT_EQ(error_param(reply), c.field);
    EXPECT_NE(reply.body.find("test-model"), std::string::npos) << reply.body;
  }
  EXPECT_EQ(server.post("/v1/completions", R"({"prompt":"P","suffix":"","max_tokens":1})").status, 200);
}

TEST(Infill, WrongFieldsAreRefusedByName) {
  ServerHarness server(with_fill_tokens());
  struct Bad {
    const char* fields;
    const char* field;
  };
  for (const Bad& bad :
       {Bad{R"("input_suffix":"S")", "input_prefix"}, Bad{R"("input_prefix":"S")", "input_suffix"},
        Bad{R"("input_prefix":1,"input_suffix":"S")", "input_prefix"},
        Bad{R"("input_prefix":"P","input_suffix":"S","prompt":true)", "prompt"},
        Bad{R"("input_prefix":"P","input_suffix":"S","input_extra":"x")", "input_extra"},
        Bad{R"("input_prefix":"P","input_suffix":"S","input_extra":[1])", "input_extra[0]"},
        Bad{R"("input_prefix":"P","input_suffix":"S","input_extra":[{"filename":"f"}])", "input_extra[0].text"}}) {
    const Reply reply = server.post("/infill", fmt::format("{{{}}}", bad.fields));
    EXPECT_EQ(reply.status, 400) << bad.fields;
    EXPECT_EQ(error_param(reply), bad.field) << reply.body;
  }
  const Reply too_long =
      server.post("/infill", fmt::format(R"({{"input_prefix":"{}","input_suffix":"S"}})", std::string(2000, 'a')));
  EXPECT_EQ(too_long.status, 400);
  EXPECT_EQ(error_param(too_long), "input_prefix");
}

}  // namespace
}  // namespace quern::test
