#include "engine/sampling/file_defaults.hpp"

#include "tests/support/gguf_builder.hpp"

#include <limits>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

using test::GgufBuilder;
using Texts = std::vector<std::string>;

FileDefaults read(const GgufBuilder& builder) {
  const std::vector<std::byte> bytes = builder.build();
  const auto file = gguf::GgufFile::parse(bytes, "test.gguf");
  EXPECT_TRUE(file) << file.error().detail;
  return file ? read_file_defaults(**file) : FileDefaults{};
}

TEST(FileDefaults, NothingSaidIsBuiltIn) {
  const FileDefaults defaults = read(GgufBuilder().key("general.name", "x"));
  EXPECT_EQ(defaults.params.temperature, SamplingParams{}.temperature);
  EXPECT_EQ(defaults.params.order, SamplingParams{}.order);
  EXPECT_TRUE(defaults.applied.empty() && defaults.ignored.empty());
}

TEST(FileDefaults, EveryKeyIsRead) {
  const FileDefaults defaults = read(GgufBuilder()
                                         .key("general.sampling.temp", 0.6f)
                                         .key("general.sampling.top_k", 20u)
                                         .key("general.sampling.top_p", 0.9)
                                         .key("general.sampling.min_p", 0u)
                                         .key("general.sampling.xtc_probability", 0.25f)
                                         .key("general.sampling.xtc_threshold", 0.2f)
                                         .key("general.sampling.penalty_last_n", std::int64_t{-1})
                                         .key("general.sampling.penalty_repeat", "1.05")
                                         .key("general.sampling.sequence", "temperature;typ_p;top_k")
                                         .key("general.sampling.mirostat", 0u)
                                         .key("general.sampling.mirostat_tau", 4.0f));
  const SamplingParams& p = defaults.params;
  EXPECT_EQ(p.temperature, 0.6f);
  EXPECT_EQ(p.top_k, 20);
  EXPECT_EQ(p.top_p, 0.9f);
  EXPECT_EQ(p.min_p, 0.0f);
  EXPECT_EQ(p.xtc_probability, 0.25f);
  EXPECT_EQ(p.xtc_threshold, 0.2f);
  EXPECT_EQ(p.repeat_last_n, -1);
  EXPECT_EQ(p.repeat_penalty, 1.05f);
  EXPECT_EQ(p.order, (std::vector<Stage>{Stage::logit_bias, Stage::temperature, Stage::typical, Stage::top_k}));
  EXPECT_EQ(p.mirostat, 0);
  EXPECT_EQ(p.mirostat_tau, 4.0f);
  EXPECT_EQ(defaults.applied.size(), 11u);
  EXPECT_NE(std::find(defaults.applied.begin(), defaults.applied.end(), "samplers temperature,typical,top_k"),
            defaults.applied.end());
  EXPECT_TRUE(defaults.ignored.empty()) << defaults.ignored.front();
}

TEST(FileDefaults, WhatCannotBeHonouredIsSaid) {
  const FileDefaults defaults = read(GgufBuilder()
                                         .key("general.sampling.mirostat", 3u)
                                         .key("general.sampling.mirostat_eta", -0.1f)
                                         .key("general.sampling.novelty", 1.0f)
                                         .key("general.sampling.penalty_repeat", 0.0f)
                                         .key("general.sampling.sequence", "top_k;infill")
                                         .key("general.sampling.temp", std::numeric_limits<float>::quiet_NaN())
                                         .key("general.sampling.top_k", 2.5f)
                                         .key("general.sampling.top_p", 7.0f)
                                         .key("general.sampling.xtc_threshold", "much"));
  EXPECT_TRUE(defaults.applied.empty());
  EXPECT_EQ(defaults.params.order, SamplingParams{}.order);
  EXPECT_EQ(
      defaults.ignored,
      (Texts{"general.sampling.mirostat: mirostat: must be 0, 1 or 2, found 3",
             "general.sampling.mirostat_eta: mirostat_eta: must be between 0 and 10, found -0.1",
             "general.sampling.novelty: no such parameter is known",
             "general.sampling.penalty_repeat: repeat_penalty: must be between 0.01 and 100, found 0",
             "general.sampling.sequence: stage 'infill' is not supported",
             "general.sampling.temp: want a number, found nan", "general.sampling.top_k: want an integer, found 2.5",
             "general.sampling.top_p: top_p: must be between 0 and 1, found 7",
             "general.sampling.xtc_threshold: want a number, found 'much'"}));
}

TEST(FileDefaults, IntegersBeyondTheirTypeAreSaid) {
  for (const double number : {4e9, -4e9, 1e300}) {
    const FileDefaults defaults = read(GgufBuilder().key("general.sampling.top_k", number));
    EXPECT_EQ(defaults.params.top_k, SamplingParams{}.top_k);
    EXPECT_EQ(defaults.ignored.size(), 1u);
  }
  EXPECT_EQ(read(GgufBuilder().key("general.sampling.top_k", std::uint64_t{1} << 63)).ignored.size(), 1u);
}

TEST(FileDefaults, SuppressedTokensAreBanned) {
  const Texts tokens{"a", "b", "c"};
  const auto with = [&](std::vector<std::int32_t> banned) {
    return read(GgufBuilder().key("tokenizer.ggml.tokens", tokens).key("tokenizer.ggml.suppress_tokens", banned));
  };
  const float never = -std::numeric_limits<float>::infinity();
  EXPECT_EQ(with({2, 0}).params.logit_bias, (std::vector<std::pair<std::int32_t, float>>{{2, never}, {0, never}}));
  EXPECT_EQ(with({2, 0}).applied, (Texts{"2 tokens banned"}));
  for (const std::int32_t bad : {3, -1}) {
    EXPECT_TRUE(with({0, bad}).params.logit_bias.empty());
    EXPECT_EQ(with({0, bad}).ignored.size(), 1u);
  }
}

}  // namespace
}  // namespace quern::engine::sampling
