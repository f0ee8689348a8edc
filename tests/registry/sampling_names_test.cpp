#include "registry/sampling_names.hpp"

#include <gtest/gtest.h>

namespace quern::registry {
namespace {

using engine::sampling::SamplingParams;
using std::chrono::seconds;

Settings with(std::string_view name, std::string_view value) {
  Settings settings;
  const Result<std::string> set = set_parameter(name, value, settings);
  EXPECT_TRUE(set) << name << ": " << set.error().detail;
  return settings;
}

std::string error(std::string_view name, std::string_view value) {
  Settings settings;
  const Result<std::string> set = set_parameter(name, value, settings);
  EXPECT_FALSE(set) << name;
  return set ? "" : set.error().detail;
}

TEST(SamplingNames, ParametersOfModelfiles) {
  EXPECT_EQ(with("temperature", "0.6").sampling.at(0), (std::pair<std::string, std::string>{"temperature", "0.6"}));
  EXPECT_EQ(with("TOP_K", "20").sampling.at(0).first, "top_k");
  EXPECT_EQ(with("num_ctx", "4096").ctx, 4096u);
  EXPECT_EQ(with("num_predict", "100").max_tokens, 100u);
  EXPECT_EQ(with("num_predict", "-1").max_tokens, std::nullopt);
  EXPECT_EQ(with("stop", "\n").stop.at(0), "\n");
  Settings notes;
  EXPECT_NE(set_parameter("num_gpu", "99", notes)->find("num_gpu: not used here"), std::string::npos);
  EXPECT_TRUE(notes.empty());
  ASSERT_TRUE(set_parameter("temperature", "1", notes));
  ASSERT_TRUE(set_parameter("temperature", "0.5", notes));
  EXPECT_EQ(notes.sampling.size(), 1u);  // the last one counts
}

TEST(SamplingNames, RefusesByName) {
  EXPECT_EQ(error("temprature", "1"), "temprature: there is no such parameter");
  EXPECT_EQ(error("temperature", "warm"), "temperature: want a number, found 'warm'");
  EXPECT_EQ(error("temperature", "nan"), "temperature: want a number, found 'nan'");
  EXPECT_EQ(error("top_k", "1.5"), "top_k: want an integer, found '1.5'");
  EXPECT_NE(error("top_p", "7").find("top_p: must be between 0 and 1, found 7"), std::string::npos);
  EXPECT_NE(error("num_ctx", "-1").find("num_ctx: want an integer"), std::string::npos);
  EXPECT_NE(error("stop", "").find("stop: want"), std::string::npos);
  EXPECT_NE(error("seed", "x").find("seed: want an integer"), std::string::npos);
}

TEST(SamplingNames, SettingsOverTheFilesOwn) {
  SamplingParams base;
  base.top_k = 7;
  Settings settings;
  settings.sampling = {{"temperature", "0"}, {"seed", "42"}, {"mirostat", "2"}};
  const Result<SamplingParams> params = sampling_over(base, settings);
  ASSERT_TRUE(params);
  EXPECT_EQ(params->temperature, 0);
  EXPECT_EQ(params->top_k, 7);
  EXPECT_TRUE(params->has_seed);
  EXPECT_EQ(params->seed, 42u);
  EXPECT_EQ(params->mirostat, 2);
  settings.sampling = {{"bogus", "1"}};
  EXPECT_FALSE(sampling_over(base, settings));
}

TEST(SamplingNames, KeepAlive) {
  EXPECT_EQ(parse_keep_alive("300").value(), seconds(300));
  EXPECT_EQ(parse_keep_alive("5m").value(), seconds(300));
  EXPECT_EQ(parse_keep_alive("1h30m").value(), seconds(5400));
  EXPECT_EQ(parse_keep_alive("0").value(), seconds(0));
  EXPECT_EQ(parse_keep_alive("100ms").value(), seconds(1));
  EXPECT_EQ(parse_keep_alive("-1").value(), seconds(-1));
  EXPECT_EQ(parse_keep_alive("-5m").value(), seconds(-1));
  for (const char* bad : {"", "-", "x", "5x", "m", "1e99", "5m3", "nan", "inf"})
    EXPECT_FALSE(parse_keep_alive(bad)) << bad;
}

}  // namespace
}  // namespace quern::registry
