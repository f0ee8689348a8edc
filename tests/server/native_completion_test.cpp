// llama-server's own endpoints over sockets, with a scripted model.
#include "tests/server/server_harness.hpp"

#include <cmath>

namespace quern::test {
namespace {

json::value completion(ServerHarness& server, std::string_view body) {
  const Reply reply = server.post("/completion", body);
  EXPECT_EQ(reply.status, 200) << reply.body;
  return json::parse(reply.body);
}

TEST(NativeCompletion, WholeAnswer) {
  ServerHarness server;
  const json::value answer = completion(
      server,
      R"({"prompt":"xa","n_predict":5,"temperature":0,"seed":7,"samplers":["top_k","temperature"],"id_slot":-1})");
  EXPECT_EQ(answer.at("content"), "bcdef");
  EXPECT_EQ(answer.at("index"), 0);
  EXPECT_EQ(answer.at("stop"), true);
  EXPECT_EQ(answer.at("stop_type"), "limit");
  EXPECT_EQ(answer.at("stopping_word"), "");
  EXPECT_EQ(answer.at("model"), "test-model");
  EXPECT_EQ(answer.at("prompt"), "xa");
  EXPECT_EQ(answer.at("tokens"), json::array());
  EXPECT_EQ(answer.at("tokens_predicted"), 5);
  EXPECT_EQ(answer.at("tokens_evaluated"), 2);
  EXPECT_EQ(answer.at("truncated"), false);
  EXPECT_EQ(answer.at("has_new_line"), false);
  EXPECT_EQ(answer.at("timings").at("predicted_n"), 5);
  EXPECT_EQ(answer.at("timings").at("prompt_n"), 2);
  const json::value& settings = answer.at("generation_settings");
  EXPECT_EQ(settings.at("n_predict"), 5);
  EXPECT_EQ(settings.at("seed"), 7);
  EXPECT_EQ(settings.at("samplers"), json::parse(R"(["top_k","temperature"])"));
  EXPECT_FALSE(answer.as_object().contains("completion_probabilities"));
  EXPECT_EQ(server.post("/completions", R"({"prompt":"xa","n_predict":1,"temperature":0})").status, 200);
}

TEST(NativeCompletion, AStreamEndsWithTheWholeStory) {
  ServerHarness server;
  HttpClient client = server.tcp();
  client.post("/completion",
              R"({"prompt":"a","n_predict":50,"stop":["fg"],"stream":true,"temperature":0,"timings_per_token":true,
                  "return_tokens":true})");
  EXPECT_EQ(client.read_head().status, 200);
  std::string text;
  json::array tokens;
  json::value last;
  for (std::string event = client.read_event(); !event.empty(); event = client.read_event()) {
    EXPECT_TRUE(last.is_null()) << "an event after the last";
    const json::value data = event_json(event);
    if (data.at("stop").as_bool()) {
      last = data;
      continue;
    }
    text += data.at("content").as_string();
    for (const json::value& token : data.at("tokens").as_array()) tokens.push_back(token);
    EXPECT_TRUE(data.as_object().contains("timings"));
  }
  EXPECT_EQ(text, "bcde");
  EXPECT_EQ(tokens, json::parse("[66,67,68,69]")) << "those of the text";
  ASSERT_TRUE(last.is_object());
  EXPECT_EQ(last.at("content"), "");
  EXPECT_EQ(last.at("stop_type"), "word");
  EXPECT_EQ(last.at("stopping_word"), "fg");
  EXPECT_EQ(last.at("tokens_predicted"), 6) << "up to the one that completed the stop string";
  EXPECT_EQ(last.at("prompt"), "a");
}

TEST(NativeCompletion, PromptsOfEveryKind) {
  ServerHarness server;
  EXPECT_EQ(completion(server, R"({"prompt":[65,"bc",68],"n_predict":2,"temperature":0})").at("content"), "ef");
  const json::value mixed = completion(server, R"({"prompt":[65,"bc",68],"n_predict":1,"temperature":0})");
  EXPECT_EQ(mixed.at("prompt"), "abcd");
  EXPECT_EQ(mixed.at("tokens_evaluated"), 4);
  const json::value several =
      completion(server, R"({"prompt":["a",[75],["p",81]],"n_predict":2,"temperature":0,"n":2})");
  ASSERT_EQ(several.as_array().size(), 6u);
  const std::array<const char*, 6> texts{"bc", "bc", "lm", "lm", "rs", "rs"};
  const std::array<const char*, 6> prompts{"a", "a", "k", "k", "pq", "pq"};
  for (std::size_t i = 0; i < 6; ++i) {
    EXPECT_EQ(several.at(i).at("index"), i);
    EXPECT_EQ(several.at(i).at("content"), texts[i]);
    EXPECT_EQ(several.at(i).at("prompt"), prompts[i]);
    EXPECT_EQ(several.at(i).at("tokens_predicted"), 2);
    EXPECT_EQ(several.at(i).at("tokens_evaluated"), i < 4 ? 1 : 2);
  }
}

TEST(NativeCompletion, NothingToPredictLeavesThePromptForOthers) {
  ServerHarness server;
  const std::string prompt(33, 'a');
  const json::value prefill = completion(server, fmt::format(R"({{"prompt":"{}","n_predict":0}})", prompt));
  EXPECT_EQ(prefill.at("content"), "");
  EXPECT_EQ(prefill.at("tokens_predicted"), 0);
  EXPECT_EQ(prefill.at("tokens_evaluated"), 33);
  EXPECT_EQ(prefill.at("stop_type"), "limit");
  const json::value after = completion(server, fmt::format(R"({{"prompt":"{}","n_predict":2}})", prompt));
  EXPECT_EQ(after.at("tokens_cached"), 32);
  EXPECT_EQ(after.at("timings").at("cache_n"), 32);
  EXPECT_EQ(after.at("timings").at("prompt_n"), 1);
}

TEST(NativeCompletion, MinusOneIsWhatFitsWhateverTheDefault) {
  ServerHarnessOptions options;
  options.server.limits.max_tokens_default = 3;
  ServerHarness server(options);
  EXPECT_EQ(completion(server, R"({"prompt":"a"})").at("tokens_predicted"), 3);
  EXPECT_EQ(completion(server, R"({"prompt":"a","n_predict":-1})").at("tokens_predicted"), 1023)
      << "the context is 1024";
}

TEST(NativeCompletion, ProbabilitiesBeforeAndAfterTheSamplers) {
  ServerHarness server;
  const double next = 1.0 / (1.0 + 95.0 * std::exp(-10.0));
  const json::value before =
      completion(server, R"({"prompt":"a","n_predict":1,"n_probs":2,"temperature":0.5,"top_k":1})")
          .at("completion_probabilities")
          .at(0);
  EXPECT_EQ(before.at("id"), 66);
  EXPECT_EQ(before.at("token"), "b");
  EXPECT_EQ(before.at("bytes"), json::parse("[98]"));
  EXPECT_NEAR(before.at("logprob").to_number<double>(), std::log(next), 1e-5);
  ASSERT_EQ(before.at("top_logprobs").as_array().size(), 2u);
  EXPECT_EQ(before.at("top_logprobs").at(1).at("id"), 0);
  const json::value after = completion(server, R"({"prompt":"a","n_predict":1,"n_probs":20,"post_sampling_probs":true,
                                                   "samplers":"kt","temperature":5,"top_k":2,"seed":1})")
                                .at("completion_probabilities")
                                .at(0);
  ASSERT_EQ(after.at("top_probs").as_array().size(), 2u) << "what top_k has left";
  const double p = 1.0 / (1.0 + std::exp(-2.0));
  EXPECT_NEAR(after.at("top_probs").at(0).at("prob").to_number<double>(), p, 1e-5);
  EXPECT_NEAR(after.at("top_probs").at(1).at("prob").to_number<double>(), 1 - p, 1e-5);
  EXPECT_DOUBLE_EQ(
      completion(server, R"({"prompt":"a","n_predict":1,"n_probs":3,"post_sampling_probs":true,"temperature":0})")
          .at("completion_probabilities")
          .at(0)
          .at("prob")
          .to_number<double>(),
      1.0);
}

TEST(NativeCompletion, MirostatAndAdaptivePArePerSeed) {
  ServerHarness server;
  server.backend.fill_logits = [](std::span<const engine::TokenId> tokens, std::span<float> logits) {
    for (std::size_t i = 0; i < logits.size(); ++i) {
      logits[i] =
          static_cast<float>((i * 31 + tokens.size() * 17 + static_cast<std::size_t>(tokens.back())) % 13) / 3.0f;
    }
  };
  for (const char* fields : {R"("mirostat":1)", R"("mirostat":2,"mirostat_tau":3,"mirostat_eta":0.5)",
                             R"("adaptive_target":0.1,"min_p":0.01)"}) {
    const auto ask = [&](int seed) {
      return completion(server, fmt::format(R"({{"prompt":"a","n_predict":60,"seed":{},{}}})", seed, fields))
          .at("content");
    };
    const json::value first = ask(1);
    EXPECT_EQ(ask(1), first) << fields;
    EXPECT_NE(ask(2), first) << fields;
  }
}

TEST(NativeCompletion, SlotsShowWhatRunsWithoutItsText) {
  ServerHarnessOptions options;
  options.gated = true;
  ServerHarness server(options);
  EXPECT_EQ(server.get("/slots").body, "[]");
  HttpClient client = server.tcp();
  client.post("/completion", R"({"prompt":"secret words","n_predict":4})");
  server.gate.wait_for_arrival(1);
  const Reply reply = server.get("/slots");
  EXPECT_EQ(reply.body.find("secret"), std::string::npos);
  const json::value slots = json::parse(reply.body);
  ASSERT_EQ(slots.as_array().size(), 1u);
  EXPECT_EQ(slots.at(0).at("id"), 0);
  EXPECT_EQ(slots.at(0).at("is_processing"), true);
  EXPECT_EQ(slots.at(0).at("n_ctx"), 1024);
  EXPECT_EQ(slots.at(0).at("n_prompt_tokens"), 12);
  EXPECT_EQ(slots.at(0).at("next_token").at(0).at("n_remain"), 4);
  server.gate.open();
  EXPECT_EQ(client.read_reply().status, 200);
}

TEST(NativeCompletion, PropsShowDefaultsTemplateAndPlaces) {
  ServerHarnessOptions options;
  options.chat_template = "{{ messages }}";
  options.sampling.temperature = 0.25f;
  options.scheduler.max_running = 5;
  ServerHarness server(options);
  const json::value props = json::parse(server.get("/props").body);
  EXPECT_EQ(props.at("total_slots"), 5);
  EXPECT_EQ(props.at("model_alias"), "test-model");
  EXPECT_EQ(props.at("chat_template"), "{{ messages }}");
  EXPECT_EQ(props.at("default_generation_settings").at("n_ctx"), 1024);
  EXPECT_EQ(props.at("default_generation_settings").at("params").at("temperature"), 0.25);
  EXPECT_EQ(props.at("modalities").at("vision"), false);
}

TEST(NativeCompletion, WrongFieldsAreRefusedByName) {
  ServerHarness server;
  struct Bad {
    const char* fields;
    const char* field;
  };
  for (const Bad& bad :
       {Bad{R"("prompt":{"prompt_string":"a"})", "prompt"}, Bad{R"("prompt":[])", "prompt"},
        Bad{R"("prompt":[1,true])", "prompt[1]"}, Bad{R"("prompt":[1,96])", "prompt[1]"},
        Bad{R"("prompt":["a",[]])", "prompt[1]"}, Bad{R"("prompt":["a",["b",-1]])", "prompt[1][1]"},
        Bad{R"("prompt":"a","n_predict":"5")", "n_predict"}, Bad{R"("prompt":"a","n_probs":"x")", "n_probs"},
        Bad{R"("prompt":"a","return_tokens":1)", "return_tokens"}, Bad{R"("prompt":"a","id_slot":"x")", "id_slot"},
        Bad{R"("prompt":"a","post_sampling_probs":1)", "post_sampling_probs"},
        Bad{R"("prompt":"a","n_indent":4)", "n_indent"},
        Bad{R"("prompt":"a","response_fields":["content"])", "response_fields"},
        Bad{R"("prompt":"a","n_cmpl":0)", "n_cmpl"}, Bad{R"("prompt":["a","b"],"n":17)", "n"},
        Bad{R"("prompt":"a","grammar":"root ::= x")", "grammar"}, Bad{R"("n_predict":1)", "prompt"}}) {
    const Reply reply = server.post("/completion", fmt::format("{{{}}}", bad.fields));
    EXPECT_EQ(reply.status, 400) << bad.fields;
    EXPECT_EQ(error_param(reply), bad.field) << reply.body;
  }
  const Reply long_prompt = server.post("/completion", fmt::format(R"({{"prompt":"{}"}})", std::string(2000, 'a')));
  EXPECT_EQ(long_prompt.status, 400);
  EXPECT_EQ(error_param(long_prompt), "prompt");
}

}  // namespace
}  // namespace quern::test
