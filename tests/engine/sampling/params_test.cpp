#include "engine/sampling/params.hpp"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr std::uint32_t kVocab = 100;

struct BadValue {
  const char* field;
  std::function<void(SamplingParams&)> spoil;
  const char* says;  // part of the message: expected and found
};

class Validate : public testing::TestWithParam<BadValue> {};

TEST_P(Validate, NamesFieldExpectedAndFound) {
  SamplingParams params;
  ASSERT_TRUE(validate(params, kVocab));
  GetParam().spoil(params);
  const Status status = validate(params, kVocab);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code, Errc::bad_input);
  EXPECT_EQ(status.error().field, GetParam().field);
  EXPECT_NE(status.error().detail.find(GetParam().says), std::string::npos) << status.error().detail;
  EXPECT_EQ(status.error().detail.rfind(std::string(GetParam().field) + ":", 0), 0u) << status.error().detail;
}

using P = SamplingParams;
INSTANTIATE_TEST_SUITE_P(
    Fields, Validate,
    testing::Values(
        BadValue{"temperature", [](P& p) { p.temperature = -0.1f; }, "between 0 and 100, found -0.1"},
        BadValue{"temperature", [](P& p) { p.temperature = kNan; }, "found nan"},
        BadValue{"temperature", [](P& p) { p.temperature = kInfinity; }, "found inf"},
        BadValue{"dynatemp_range", [](P& p) { p.dynatemp_range = -1.0f; }, "found -1"},
        BadValue{"dynatemp_exponent", [](P& p) { p.dynatemp_exponent = -kInfinity; }, "found -inf"},
        BadValue{"top_p", [](P& p) { p.top_p = 1.5f; }, "between 0 and 1, found 1.5"},
        BadValue{"min_p", [](P& p) { p.min_p = -0.5f; }, "between 0 and 1, found -0.5"},
        BadValue{"typical_p", [](P& p) { p.typical_p = 2.0f; }, "found 2"},
        BadValue{"top_n_sigma", [](P& p) { p.top_n_sigma = kNan; }, "between -1 and 100, found nan"},
        BadValue{"xtc_probability", [](P& p) { p.xtc_probability = 1.01f; }, "found 1.01"},
        BadValue{"xtc_threshold", [](P& p) { p.xtc_threshold = -0.01f; }, "found -0.01"},
        BadValue{"repeat_penalty", [](P& p) { p.repeat_penalty = 0.0f; }, "between 0.01 and 100, found 0"},
        BadValue{"frequency_penalty", [](P& p) { p.frequency_penalty = 2.5f; }, "between -2 and 2, found 2.5"},
        BadValue{"presence_penalty", [](P& p) { p.presence_penalty = -3.0f; }, "between -2 and 2, found -3"},
        BadValue{"dry_multiplier", [](P& p) { p.dry_multiplier = 101.0f; }, "found 101"},
        BadValue{"mirostat", [](P& p) { p.mirostat = 3; }, "must be 0, 1 or 2, found 3"},
        BadValue{"mirostat", [](P& p) { p.mirostat = -1; }, "must be 0, 1 or 2, found -1"},
        BadValue{"mirostat_tau", [](P& p) { p.mirostat_tau = -1.0f; }, "between 0 and 100, found -1"},
        BadValue{"mirostat_eta", [](P& p) { p.mirostat_eta = 11.0f; }, "between 0 and 10, found 11"},
        BadValue{"adaptive_target", [](P& p) { p.adaptive_target = 1.5f; }, "between -1 and 1, found 1.5"},
        BadValue{"adaptive_target", [](P& p) { p.adaptive_target = 0.5f, p.mirostat = 2; }, "combined with mirostat 2"},
        BadValue{"adaptive_decay", [](P& p) { p.adaptive_decay = 1.0f; }, "between 0 and 0.99, found 1"},
        BadValue{"dry_base", [](P& p) { p.dry_base = 0.5f; }, "between 1 and 100, found 0.5"},
        BadValue{"top_k", [](P& p) { p.top_k = -2; }, "at least -1, found -2"},
        BadValue{"repeat_last_n", [](P& p) { p.repeat_last_n = -2; }, "at least -1, found -2"},
        BadValue{"dry_allowed_length", [](P& p) { p.dry_allowed_length = -1; }, "at least 0, found -1"},
        BadValue{"dry_penalty_last_n", [](P& p) { p.dry_penalty_last_n = -9; }, "at least -1, found -9"},
        BadValue{"dry_sequence_breakers", [](P& p) { p.dry_sequence_breakers.resize(1000); },
                 "at most 32 are allowed, found 1000"},
        BadValue{"dry_sequence_breakers",
                 [](P& p) {
                   p.dry_sequence_breakers = {"a", std::string(41, 'b')};
                 },
                 "at most 40 bytes, found 41 in number 1"},
        BadValue{"logit_bias",
                 [](P& p) {
                   p.logit_bias = {{100, 1.0f}};
                 },
                 "between 0 and 99, found 100"},
        BadValue{"logit_bias",
                 [](P& p) {
                   p.logit_bias = {{-1, 1.0f}};
                 },
                 "found -1"},
        BadValue{"logit_bias",
                 [](P& p) {
                   p.logit_bias = {{3, kNan}};
                 },
                 "token 3 must be a finite number or -infinity, found nan"},
        BadValue{"logit_bias",
                 [](P& p) {
                   p.logit_bias = {{3, kInfinity}};
                 },
                 "found inf"},
        BadValue{"logit_bias", [](P& p) { p.logit_bias.resize(kLogitBiasMax + 1); }, "at most 16384 tokens"},
        BadValue{"order",
                 [](P& p) {
                   p.order = {Stage::top_k, Stage::min_p, Stage::top_k};
                 },
                 "\"top_k\" twice"},
        BadValue{"order", [](P& p) { p.order = {static_cast<Stage>(77)}; }, "numbered 0 to 9, found 77"}));

TEST(ValidateAccepts, TheEndsOfEachRange) {
  SamplingParams params;
  params.temperature = 0.0f;
  params.top_k = INT32_MAX;
  params.top_p = 0.0f;
  params.min_p = 1.0f;
  params.typical_p = 0.0f;
  params.xtc_probability = 1.0f;
  params.xtc_threshold = 0.0f;
  params.repeat_last_n = INT32_MAX;
  params.frequency_penalty = -2.0f;
  params.dry_base = 1.0f;
  params.dry_sequence_breakers.assign(kDryBreakersMax, std::string(kDryBreakerBytesMax, 'x'));
  params.logit_bias.assign(kLogitBiasMax, {99, -kInfinity});
  params.order = {};
  EXPECT_TRUE(validate(params, kVocab));
}

}  // namespace
}  // namespace quern::engine::sampling
