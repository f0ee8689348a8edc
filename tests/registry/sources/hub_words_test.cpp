// What a hub's refusals, limits and the environment mean.
#include "registry/sources/hub_words.hpp"

#include "registry/sources/hub_options.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <map>

#include <gtest/gtest.h>

namespace quern::registry::sources {
namespace {

using namespace std::chrono_literals;

std::string hub_says(int status, std::vector<net::Header> headers, bool sent_token = false) {
  return words_for_hub({.status = status, .headers = std::move(headers)}, *net::parse_url("https://huggingface.co"),
                       "hf.co/org/repo", sent_token)
      .detail;
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

TEST(HubWords, EachRefusalHasItsOwnSentence) {
  EXPECT_TRUE(has(hub_says(404, {{"X-Error-Code", "RepoNotFound"}}), "no such repository"));
  EXPECT_TRUE(has(hub_says(404, {{"X-Error-Code", "RevisionNotFound"}}), "no such branch, tag or commit"));
  EXPECT_TRUE(has(hub_says(404, {{"X-Error-Code", "EntryNotFound"}}), "no such file"));
  EXPECT_TRUE(has(hub_says(401, {{"X-Error-Code", "RepoNotFound"}}), "private, or its licence"));
  EXPECT_TRUE(has(hub_says(401, {}), "HF_TOKEN"));
  EXPECT_FALSE(has(hub_says(401, {}, true), "HF_TOKEN"));
  EXPECT_TRUE(has(hub_says(401, {{"X-Error-Message", "Invalid credentials in Authorization header"}}, true),
                  "does not know this token"));
  EXPECT_TRUE(has(hub_says(403, {{"X-Error-Code", "GatedRepo"}}, true), "https://huggingface.co/org/repo"));
  EXPECT_TRUE(has(hub_says(403, {{"X-Error-Message", "Access to this resource is disabled."}}), "taken it down"));
  EXPECT_TRUE(has(hub_says(500, {{"X-Request-Id", "Root=1-5"}}), "Root=1-5"));
}

TEST(HubWords, OutsideTextIsQuotedAndShort) {
  const std::string text = hub_says(500, {{"X-Error-Message", "a\x1b[31m" + std::string(500, 'x')}});
  EXPECT_FALSE(has(text, "\x1b"));
  EXPECT_LT(text.size(), 300u);
}

TEST(RetryPolicy, PausesGrowAndHaveAnEnd) {
  const RetryLimits limits{.first_pause = 100ms, .longest_pause = 1000ms};
  EXPECT_EQ(pause_of(limits, 0, 0), 50ms);
  EXPECT_EQ(pause_of(limits, 0, 0.999999), 99ms);
  EXPECT_EQ(pause_of(limits, 2, 0), 200ms);
  EXPECT_EQ(pause_of(limits, 30, 0), 500ms);
  EXPECT_EQ(pause_of(limits, UINT32_MAX, 0), 500ms);
}

TEST(RetryPolicy, WhatAHubAsksFor) {
  EXPECT_EQ(pause_asked(R"("api";r=0;t=55)", ""), 56s);
  EXPECT_FALSE(pause_asked(R"("api";r=3;t=55)", ""));
  EXPECT_EQ(pause_asked(R"("api"; r=0; t=5)", "9"), 6s);
  EXPECT_EQ(pause_asked("", " 12 "), 12s);
  EXPECT_FALSE(pause_asked("", "Wed, 21 Oct 2026 07:28:00 GMT"));
  EXPECT_FALSE(pause_asked("nonsense;;=;r=;t", "-1"));
  EXPECT_LE(*pause_asked("", "18446744073709551615"), 24h * 366);
  EXPECT_TRUE(may_succeed_later(429));
  EXPECT_FALSE(may_succeed_later(403));
}

class HubOptionsTest : public ::testing::Test {
 protected:
  Result<HubOptions> read() {
    return hub_options([this](const char* name) -> const char* {
      const auto found = variables.find(name);
      return found == variables.end() ? nullptr : found->second.c_str();
    });
  }
  test::TempDir dir;
  std::map<std::string, std::string> variables{{"HOME", dir.path()}};
};

TEST_F(HubOptionsTest, TheEndpoint) {
  EXPECT_EQ(read()->hf_endpoint.origin(), "https://huggingface.co");
  variables["HF_ENDPOINT"] = "https://hf-mirror.example/";
  EXPECT_EQ(read()->hf_endpoint.origin(), "https://hf-mirror.example");
  variables["HF_ENDPOINT"] = "mirror";
  EXPECT_TRUE(has(read().error().detail, "HF_ENDPOINT"));
  variables["HF_ENDPOINT"] = "https://mirror.example/path";
  EXPECT_TRUE(has(read().error().detail, "without a path"));
}

TEST_F(HubOptionsTest, TheTokenOfVariableOrFile) {
  EXPECT_EQ(read()->hf_token, "");
  const std::string file = dir.write(".cache/huggingface/token", "hf_file\n");
  std::filesystem::permissions(file, std::filesystem::perms::owner_read);
  EXPECT_EQ(read()->hf_token, "hf_file");
  EXPECT_TRUE(read()->warnings.empty());
  std::filesystem::permissions(file, std::filesystem::perms::owner_read | std::filesystem::perms::others_read);
  ASSERT_EQ(read()->warnings.size(), 1u);
  EXPECT_TRUE(has(read()->warnings[0], "chmod 600"));
  EXPECT_FALSE(has(read()->warnings[0], "hf_file"));
  variables["HF_TOKEN"] = "hf_variable";
  EXPECT_EQ(read()->hf_token, "hf_variable");
  variables["HF_HUB_DISABLE_IMPLICIT_TOKEN"] = "1";
  EXPECT_EQ(read()->hf_token, "");
}

TEST_F(HubOptionsTest, ATokenIsOneWord) {
  variables["HF_TOKEN"] = "hf_a\r\nX-Evil: 1";
  ASSERT_FALSE(read());
  EXPECT_FALSE(has(read().error().detail, "hf_a"));
  variables.erase("HF_TOKEN");
  variables["HF_TOKEN_PATH"] = dir.path("missing");
  EXPECT_TRUE(has(read().error().detail, "HF_TOKEN_PATH"));
}

TEST_F(HubOptionsTest, ATokenIsNotSentInTheOpen) {
  variables["HF_TOKEN"] = "hf_x";
  variables["HF_ENDPOINT"] = "http://mirror.lan";
  EXPECT_EQ(read()->hf_token, "");
  EXPECT_EQ(read()->warnings.size(), 1u);
  variables["HF_ENDPOINT"] = "http://127.0.0.1:8080";
  EXPECT_EQ(read()->hf_token, "hf_x");
}

TEST_F(HubOptionsTest, Offline) {
  EXPECT_FALSE(read()->offline);
  variables["HF_HUB_OFFLINE"] = "1";
  EXPECT_TRUE(read()->offline);
}

}  // namespace
}  // namespace quern::registry::sources
