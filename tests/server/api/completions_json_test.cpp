#include "server/api/openai/completions_json.hpp"

#include "tests/server/api/document_of.hpp"
#include "tests/support/piece_tokenizer.hpp"

#include <array>
#include <cmath>
#include <limits>

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

const ServerLimits kLimits;
const RequestRules kRules{kLimits, 100};

Result<CompletionRequest> parse(std::string_view body) {
  return parsed(&parse_completion_request, body, kRules);
}

TEST(CompletionRequest, DefaultsAreThoseOfTheSampler) {
  const Result<CompletionRequest> request = parse(R"({"prompt":"x"})");
  ASSERT_TRUE(request) << request.error().detail;
  const engine::sampling::SamplingParams defaults;
  EXPECT_EQ(std::get<std::string>(request->prompts.at(0)), "x");
  EXPECT_EQ(request->fields.sampling.temperature, defaults.temperature);
  EXPECT_EQ(request->fields.sampling.order, defaults.order);
  EXPECT_FALSE(request->fields.sampling.has_seed);
  EXPECT_FALSE(request->fields.max_tokens);
  EXPECT_EQ(request->fields.n, 1u);
  EXPECT_FALSE(request->fields.stream || request->fields.logprobs.wanted || request->fields.ignore_eos);
}

TEST(CompletionRequest, TheServersDefaultsHoldWhereTheRequestSaysNothing) {
  RequestRules rules{kLimits, 100};
  rules.sampling.temperature = 0.6f;
  rules.sampling.top_k = 20;
  rules.sampling.logit_bias = {{7, -1.0f}};
  const auto request = parsed(&parse_completion_request, R"({"prompt":"x","top_k":5,"logit_bias":{"8":1}})", rules);
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->fields.sampling.temperature, 0.6f);
  EXPECT_EQ(request->fields.sampling.top_k, 5);
  EXPECT_EQ(request->fields.sampling.logit_bias, (std::vector<std::pair<std::int32_t, float>>{{7, -1.0f}, {8, 1.0f}}));
}

TEST(CompletionRequest, ReadsEveryField) {
  const Result<CompletionRequest> request = parse(R"({
    "model":"m","prompt":[1,2,99],"max_tokens":7,"n":2,"best_of":2,"stop":["a","b"],"stream":true,
    "stream_options":{"include_usage":true,"include_obfuscation":false},"temperature":0,"top_p":0.5,"presence_penalty":-1,
    "frequency_penalty":1,"logit_bias":{"5":-100,"6":1.5},"seed":-3,"logprobs":0,"top_k":3,"min_p":0.1,"typical_p":0.9,
    "top_n_sigma":1,"xtc_probability":0.2,"xtc_threshold":0.3,"repeat_penalty":1.1,"repeat_last_n":-1,"dry_multiplier":0.8,
    "dry_base":2,"dry_allowed_length":3,"dry_penalty_last_n":10,"dry_sequence_breakers":["\n"],"dynatemp_range":0.1,
    "dynatemp_exponent":2,"min_keep":2,"samplers":["top_k","typ_p","temperature"],"ignore_eos":true,"user":"u","store":false,
    "metadata":{"a":"b"},"service_tier":"auto","echo":false,"suffix":null,"cache_prompt":true})");
  ASSERT_TRUE(request) << request.error().detail;
  using engine::sampling::Stage;
  const GenerationFields& fields = request->fields;
  EXPECT_EQ(std::get<std::vector<engine::TokenId>>(request->prompts.at(0)), (std::vector<engine::TokenId>{1, 2, 99}));
  EXPECT_EQ(fields.model, "m");
  EXPECT_EQ(fields.max_tokens, 7u);
  EXPECT_EQ(fields.n, 2u);
  EXPECT_EQ(fields.stop, (std::vector<std::string>{"a", "b"}));
  EXPECT_TRUE(fields.stream && fields.include_usage && fields.logprobs.wanted && fields.ignore_eos);
  EXPECT_EQ(fields.sampling.seed, static_cast<std::uint64_t>(-3));
  EXPECT_TRUE(fields.sampling.has_seed);
  EXPECT_EQ(fields.sampling.order,
            (std::vector<Stage>{Stage::logit_bias, Stage::top_k, Stage::typical, Stage::temperature}));
  EXPECT_EQ(fields.sampling.logit_bias, (std::vector<std::pair<std::int32_t, float>>{{5, -100.0f}, {6, 1.5f}}));
  EXPECT_EQ(fields.sampling.dry_sequence_breakers, (std::vector<std::string>{"\n"}));
  EXPECT_EQ(fields.sampling.top_k, 3);
  EXPECT_EQ(fields.sampling.min_keep, 2u);
  EXPECT_EQ(fields.sampling.xtc_threshold, 0.3f);
  EXPECT_EQ(fields.sampling.repeat_last_n, -1);
}

TEST(CompletionRequest, TakesSeveralPrompts) {
  const Result<CompletionRequest> request = parse(R"({"prompt":["x",[4,5],"y"],"n":2})");
  ASSERT_TRUE(request) << request.error().detail;
  ASSERT_EQ(request->prompts.size(), 3u);
  EXPECT_EQ(std::get<std::vector<engine::TokenId>>(request->prompts[1]), (std::vector<engine::TokenId>{4, 5}));
}

TEST(CompletionRequest, TakesWhatLlamaServerCallsThem) {
  using engine::sampling::Stage;
  const auto fields =
      parse(R"({"prompt":"x","n_predict":-1,"t_max_predict_ms":250,"timings_per_token":true,"mirostat":2,
    "mirostat_tau":4,"mirostat_eta":0.2,"samplers":"dkaT","logprobs":3})");
  EXPECT_FALSE(fields) << "T is no letter";
  const Result<CompletionRequest> request =
      parse(R"({"prompt":"x","n_predict":-1,"t_max_predict_ms":250,"timings_per_token":true,"mirostat":2,
    "mirostat_tau":4,"mirostat_eta":0.2,"samplers":"dkat","logprobs":3,"echo":false})");
  ASSERT_TRUE(request) << request.error().detail;
  EXPECT_EQ(request->fields.max_tokens, kWhatFits);
  EXPECT_EQ(request->fields.max_decode, std::chrono::milliseconds(250));
  EXPECT_TRUE(request->fields.timings);
  EXPECT_EQ(request->fields.sampling.mirostat, 2);
  EXPECT_EQ(request->fields.sampling.mirostat_tau, 4.0f);
  EXPECT_EQ(request->fields.sampling.mirostat_eta, 0.2f);
  EXPECT_EQ(request->fields.sampling.order,
            (std::vector<Stage>{Stage::logit_bias, Stage::dry, Stage::top_k, Stage::temperature}));
  EXPECT_EQ(request->fields.logprobs.n_top, 3u);
  EXPECT_EQ(parse(R"({"prompt":"x","n_predict":0})")->fields.max_tokens, 0u);
  EXPECT_FALSE(parse(R"({"prompt":"x","t_max_predict_ms":-1})")->fields.max_decode);
  const Result<CompletionRequest> adaptive =
      parse(R"({"prompt":"x","adaptive_target":0.4,"adaptive_decay":0.5,"samplers":["adaptive_p","min_p"]})");
  ASSERT_TRUE(adaptive) << adaptive.error().detail;
  EXPECT_EQ(adaptive->fields.sampling.adaptive_target, 0.4f);
  EXPECT_EQ(adaptive->fields.sampling.adaptive_decay, 0.5f);
  EXPECT_EQ(adaptive->fields.sampling.order, (std::vector<Stage>{Stage::logit_bias, Stage::min_p}));
}

TEST(CompletionRequest, BiasMayNameTokensByTheirText) {
  const test::PieceTokenizer tokenizer({"a", "b", "ab", "c"});
  const RequestRules rules{.limits = kLimits, .n_vocab = 4, .tokenizer = &tokenizer};
  constexpr float kNever = -std::numeric_limits<float>::infinity();
  using Bias = std::vector<std::pair<std::int32_t, float>>;
  const auto read = [&](std::string_view bias) {
    return parsed(&parse_completion_request, fmt::format(R"({{"prompt":"x","logit_bias":{}}})", bias), rules);
  };
  EXPECT_EQ(read(R"({"ca":2,"1":false,"3":null})")->fields.sampling.logit_bias,
            (Bias{{3, 2.0f}, {0, 2.0f}, {1, kNever}}));
  EXPECT_EQ(read(R"([["abc",-1.5],[0,3],["b",false]])")->fields.sampling.logit_bias,
            (Bias{{2, -1.5f}, {3, -1.5f}, {0, 3.0f}, {1, kNever}}));
  EXPECT_EQ(read(R"([["",1]])").error().field, "logit_bias[0]");
  EXPECT_EQ(read(fmt::format(R"({{"{}":1}})", std::string(513, 'a'))).error().field, "logit_bias");
  EXPECT_EQ(read(R"({"99999999999999999999":1})").error().field, "logit_bias");
  EXPECT_EQ(read(fmt::format(R"([["{0}",1],["{0}",1],["{0}",1]])", std::string(512, 'a'))).error().field, "logit_bias")
      << "1024 tokens are enough";
}

TEST(CompletionRequest, SeedMinusOneIsAFreshOne) {
  EXPECT_FALSE(parse(R"({"prompt":"x","seed":-1})")->fields.sampling.has_seed);
}

struct Bad {
  const char* body;
  const char* field;
};

TEST(CompletionRequest, EveryErrorNamesItsField) {
  constexpr std::array kBad{
      Bad{R"({})", "prompt"},
      Bad{R"({"prompt":null})", "prompt"},
      Bad{R"({"prompt":7})", "prompt"},
      Bad{R"({"prompt":[]})", "prompt"},
      Bad{R"({"prompt":{}})", "prompt"},
      Bad{R"({"prompt":[1,100]})", "prompt[1]"},
      Bad{R"({"prompt":[1,-1]})", "prompt[1]"},
      Bad{R"({"prompt":[1,"x"]})", "prompt[1]"},
      Bad{R"({"prompt":["x",true]})", "prompt[1]"},
      Bad{R"({"prompt":["x",[1,2.5]]})", "prompt[1][1]"},
      Bad{R"({"prompt":["x",[]]})", "prompt[1]"},
      Bad{R"({"prompt":"x","model":1})", "model"},
      Bad{R"({"prompt":"x","max_tokens":0})", "max_tokens"},
      Bad{R"({"prompt":"x","max_tokens":-1})", "max_tokens"},
      Bad{R"({"prompt":"x","max_tokens":"16"})", "max_tokens"},
      Bad{R"({"prompt":"x","max_tokens":1.5})", "max_tokens"},
      Bad{R"({"prompt":"x","max_tokens":5,"max_completion_tokens":6})", "max_completion_tokens"},
      Bad{R"({"prompt":"x","temperature":-0.1})", "temperature"},
      Bad{R"({"prompt":"x","temperature":"hot"})", "temperature"},
      Bad{R"({"prompt":"x","top_p":1.1})", "top_p"},
      Bad{R"({"prompt":"x","min_p":-1})", "min_p"},
      Bad{R"({"prompt":"x","typical_p":2})", "typical_p"},
      Bad{R"({"prompt":"x","top_k":1.5})", "top_k"},
      Bad{R"({"prompt":"x","presence_penalty":2.1})", "presence_penalty"},
      Bad{R"({"prompt":"x","frequency_penalty":-2.1})", "frequency_penalty"},
      Bad{R"({"prompt":"x","repeat_penalty":0})", "repeat_penalty"},
      Bad{R"({"prompt":"x","repeat_last_n":-2})", "repeat_last_n"},
      Bad{R"({"prompt":"x","seed":1.5})", "seed"},
      Bad{R"({"prompt":"x","n":0})", "n"},
      Bad{R"({"prompt":"x","n":33})", "n"},
      Bad{R"({"prompt":["x","y"],"n":17})", "n"},
      Bad{R"({"prompt":"x","best_of":3})", "best_of"},
      Bad{R"({"prompt":"x","best_of":1,"n":2})", "best_of"},
      Bad{R"({"prompt":"x","best_of":"1"})", "best_of"},
      Bad{R"({"prompt":"x","stop":1})", "stop"},
      Bad{R"({"prompt":"x","stop":""})", "stop"},
      Bad{R"({"prompt":"x","stop":["a",""]})", "stop[1]"},
      Bad{R"({"prompt":"x","stop":["a",2]})", "stop[1]"},
      Bad{R"({"prompt":"x","stop":["","","","","","","","","","","","","","","","",""]})", "stop"},
      Bad{R"({"prompt":"x","logit_bias":7})", "logit_bias"},
      Bad{R"({"prompt":"x","logit_bias":[1,2]})", "logit_bias[0]"},
      Bad{R"({"prompt":"x","logit_bias":[[1,2],[1]]})", "logit_bias[1]"},
      Bad{R"({"prompt":"x","logit_bias":[[100,2]]})", "logit_bias[0]"},
      Bad{R"({"prompt":"x","logit_bias":[[1,true]]})", "logit_bias[0]"},
      Bad{R"({"prompt":"x","logit_bias":[[1.5,1]]})", "logit_bias[0]"},
      Bad{R"({"prompt":"x","logit_bias":{"a":1}})", "logit_bias"},
      Bad{R"({"prompt":"x","logit_bias":{"100":1}})", "logit_bias"},
      Bad{R"({"prompt":"x","logit_bias":{"-1":1}})", "logit_bias"},
      Bad{R"({"prompt":"x","logit_bias":{"":1}})", "logit_bias"},
      Bad{R"({"prompt":"x","logit_bias":{"1":101}})", "logit_bias.1"},
      Bad{R"({"prompt":"x","logit_bias":{"1":true}})", "logit_bias.1"},
      Bad{R"({"prompt":"x","logprobs":21})", "logprobs"},
      Bad{R"({"prompt":"x","logprobs":-1})", "logprobs"},
      Bad{R"({"prompt":"x","logprobs":true})", "logprobs"},
      Bad{R"({"prompt":"x","stream":"yes"})", "stream"},
      Bad{R"({"prompt":"x","stream_options":true})", "stream_options"},
      Bad{R"({"prompt":"x","stream_options":{"include_usage":1}})", "stream_options.include_usage"},
      Bad{R"({"prompt":"x","stream_options":{"usage":true}})", "stream_options.usage"},
      Bad{R"({"prompt":"x","samplers":["top_k","heat"]})", "samplers[1]"},
      Bad{R"({"prompt":"x","samplers":["typ_p","typical_p"]})", "samplers[1]"},
      Bad{R"({"prompt":"x","samplers":"kq"})", "samplers"},
      Bad{R"({"prompt":"x","samplers":"kpk"})", "samplers"},
      Bad{R"({"prompt":"x","samplers":7})", "samplers"},
      Bad{R"({"prompt":"x","samplers":["adaptive_p","adaptive_p"]})", "samplers[1]"},
      Bad{R"({"prompt":"x","dry_sequence_breakers":[1]})", "dry_sequence_breakers[0]"},
      Bad{R"({"prompt":"x","echo":1})", "echo"},
      Bad{R"({"prompt":"x","max_tokens":0})", "max_tokens"},
      Bad{R"({"prompt":"x","max_completion_tokens":0,"logprobs":1})", "max_completion_tokens"},
      Bad{R"({"prompt":"x","prompt_logprobs":21})", "prompt_logprobs"},
      Bad{R"({"prompt":"x","prompt_logprobs":true})", "prompt_logprobs"},
      Bad{R"({"prompt":"x","prompt_logprobs":1,"stream":true})", "prompt_logprobs"},
      Bad{R"({"prompt":"x","prompt_logprobs":1,"echo":true,"logprobs":2})", "prompt_logprobs"},
      Bad{R"({"prompt":"x","suffix":1})", "suffix"},
      Bad{R"({"prompt":"x","grammar":7})", "grammar"},
      Bad{R"({"prompt":"x","json_schema":[1]})", "json_schema"},
      Bad{R"({"prompt":"x","mirostat":3})", "mirostat"},
      Bad{R"({"prompt":"x","mirostat":true})", "mirostat"},
      Bad{R"({"prompt":"x","mirostat_tau":-1})", "mirostat_tau"},
      Bad{R"({"prompt":"x","mirostat_eta":"x"})", "mirostat_eta"},
      Bad{R"({"prompt":"x","adaptive_target":2})", "adaptive_target"},
      Bad{R"({"prompt":"x","adaptive_target":0.5,"mirostat":1})", "adaptive_target"},
      Bad{R"({"prompt":"x","adaptive_decay":1})", "adaptive_decay"},
      Bad{R"({"prompt":"x","n_predict":-2})", "n_predict"},
      Bad{R"({"prompt":"x","n_predict":5,"max_tokens":6})", "n_predict"},
      Bad{R"({"prompt":"x","t_max_predict_ms":-2})", "t_max_predict_ms"},
      Bad{R"({"prompt":"x","t_max_predict_ms":1.5})", "t_max_predict_ms"},
      Bad{R"({"prompt":"x","timings_per_token":1})", "timings_per_token"},
      Bad{R"({"prompt":"x","return_tokens":true})", "return_tokens"},
      Bad{R"({"prompt":"x","n_probs":3})", "n_probs"},
      Bad{R"({"prompt":"x","temprature":1})", "temprature"},
      Bad{R"({"prompt":"x","messages":[]})", "messages"},
  };
  for (const Bad& bad : kBad) {
    const Result<CompletionRequest> request = parse(bad.body);
    ASSERT_FALSE(request) << bad.body;
    EXPECT_EQ(request.error().field, bad.field) << bad.body << ": " << request.error().detail;
    EXPECT_FALSE(request.error().detail.empty());
  }
}

TEST(CompletionRequest, AsksAboutItsPrompt) {
  const CompletionRequest echoed = parse(R"({"prompt":"x","echo":true,"logprobs":3,"max_tokens":0})").value();
  EXPECT_TRUE(echoed.fields.prompt_logprobs.wanted && !echoed.lists_prompt);
  EXPECT_EQ(echoed.fields.prompt_logprobs.n_top, 3u);
  EXPECT_EQ(echoed.fields.max_tokens, 0u);
  const CompletionRequest listed = parse(R"({"prompt":"x","prompt_logprobs":0,"logprobs":2})").value();
  EXPECT_TRUE(listed.fields.prompt_logprobs.wanted && listed.lists_prompt);
  EXPECT_EQ(listed.fields.prompt_logprobs.n_top, 0u);
  EXPECT_FALSE(parse(R"({"prompt":"x","logprobs":3})")->fields.prompt_logprobs.wanted);
  EXPECT_FALSE(parse(R"({"prompt":"x","echo":true})")->fields.prompt_logprobs.wanted);
  EXPECT_EQ(parse(R"({"prompt":"x","n_predict":0})")->fields.max_tokens, 0u);
}

TEST(CompletionRequest, WhatIsNotSupportedIsSaidSo) {
  for (const char* body : {R"({"prompt":"x","prompt_logprobs":5,"stream":true})", R"({"prompt":"x","best_of":5})"}) {
    EXPECT_EQ(parse(body).error().code, Errc::unsupported) << body;
  }
}

}  // namespace
}  // namespace quern::server
