#include "sched/request_check.hpp"

#include <limits>
#include <string>

#include <gtest/gtest.h>

namespace quern::sched {
namespace {

constexpr RequestBounds kBounds{.n_vocab = 100, .max_context = 64, .page_tokens = 8, .n_pages = 6};

GenerateRequest request(std::size_t n_prompt, std::uint32_t max_tokens) {
  GenerateRequest out;
  out.prompt.assign(n_prompt, 1);
  out.max_tokens = max_tokens;
  return out;
}

struct Refusal {
  std::string name;
  GenerateRequest request;
  std::string field;
  std::vector<std::string> numbers;  // that the message must contain
};

class Refuses : public testing::TestWithParam<Refusal> {};

TEST_P(Refuses, WithTheFieldAndTheNumbers) {
  const Status result = check_request(GetParam().request, kBounds);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Errc::bad_input);
  EXPECT_EQ(result.error().field, GetParam().field);
  for (const std::string& number : GetParam().numbers) {
    EXPECT_NE(result.error().detail.find(number), std::string::npos) << number << " in: " << result.error().detail;
  }
}

GenerateRequest with_token(engine::TokenId token) {
  GenerateRequest out = request(5, 5);
  out.prompt[3] = token;
  return out;
}
GenerateRequest with_temperature(float temperature) {
  GenerateRequest out = request(5, 5);
  out.sampling.temperature = temperature;
  return out;
}

INSTANTIATE_TEST_SUITE_P(
    Requests, Refuses,
    testing::Values(Refusal{"empty_prompt", request(0, 5), "prompt", {}},
                    Refusal{"longer_than_the_context", request(40, 25), "max_tokens", {"40", "25", "65", "64"}},
                    Refusal{"sum_does_not_wrap", request(40, UINT32_MAX), "max_tokens", {"4294967335", "64"}},
                    Refusal{"more_pages_than_there_are", request(40, 9), "max_tokens", {"40", "9", "7", "8", "6"}},
                    Refusal{"negative_token", with_token(-1), "prompt", {"-1", "3", "100"}},
                    Refusal{"token_beyond_the_vocabulary", with_token(100), "prompt", {"100", "3"}},
                    Refusal{
                        "bad_sampling", with_temperature(std::numeric_limits<float>::quiet_NaN()), "temperature", {}}),
    [](const auto& param_info) { return param_info.param.name; });

TEST(CheckRequest, TakesWhatJustFits) {
  EXPECT_TRUE(check_request(request(40, 8), kBounds));
}

TEST(CheckRequest, CountsThePagesOfPromptAndAnswer) {
  EXPECT_EQ(pages_needed(request(1, 1), kBounds), 1u);
  EXPECT_EQ(pages_needed(request(4, 4), kBounds), 1u);
  EXPECT_EQ(pages_needed(request(4, 5), kBounds), 2u);
  EXPECT_EQ(pages_needed(request(40, 8), kBounds), 6u);
  EXPECT_EQ(pages_needed(request(8, 0), kBounds), 1u) << "nothing to generate";
}

}  // namespace
}  // namespace quern::sched
