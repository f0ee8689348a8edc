// Who gets which token, and what registries of either kind say.
#include "tests/registry/pull/pull_fixture.hpp"

namespace quern::registry::pull {
namespace {

class SecretsTest : public PullTest {
 protected:
  SecretsTest() {
    HubRepo repo;
    repo.files["x-Q8_0.gguf"] = HubFile::of(bytes);
    repo.token = "hf_secret";
    hub.set_repo("org/private", repo);
  }
  Result<PullResult> pull_with(const std::string& token, const std::string& name) {
    PullOptions asked = options(name);
    asked.hub.hf_token = token;
    return pull(asked);
  }
  std::string registry(const std::string& rest) const { return hub.authority() + "/" + rest; }
  void set_tiny(std::string config = R"({"model_format":"gguf","model_family":"llama","file_type":"Q8_0"})") {
    hub.set_model("library/tiny:latest", {.config = std::move(config),
                                          .layers = {{"application/vnd.ollama.image.params", R"({"temperature":0})"},
                                                     {"application/vnd.ollama.image.model", bytes},
                                                     {"application/vnd.ollama.image.system", "Be brief."},
                                                     {"application/vnd.ollama.image.embed", "old"}}});
  }
};

TEST_F(SecretsTest, TheTokenGoesToTheHubAndNowhereElse) {
  const auto result = pull_with("hf_secret", "hf.co/org/private");
  ASSERT_TRUE(result) << result.error().detail;
  EXPECT_TRUE(content_of(result->files[0].path) == bytes);
  std::size_t n_hub = 0, n_cdn = 0;
  for (const test::HubRecord& record : hub.records()) {
    (record.origin == "hub" ? n_hub : n_cdn)++;
    EXPECT_EQ(record.authorization, record.origin == "hub" ? "Bearer hf_secret" : "");
  }
  EXPECT_GT(n_hub, 2u);
  EXPECT_GT(n_cdn, 2u);
  for (const PullEvent& event : events) EXPECT_EQ(event.text.find("hf_secret"), std::string::npos);
}

// Whatever is redirected to, by whichever answer: the other host never sees the token.
TEST_F(SecretsTest, NoRedirectCarriesTheToken) {
  for (const char* const where : {"/revision/", "/tree/", "/resolve/"}) {
    hub.clear_faults();
    hub.commit({.kind = FaultKind::redirect,
                .where = where,
                .times = 1,
                .headers = {{"Location", hub.cdn_url() + "/cdn/elsewhere"}}});
    // The last one finds nothing there and asks the hub again.
    EXPECT_EQ(pull_with("hf_secret", "hf.co/org/private").has_value(), where == std::string_view("/resolve/")) << where;
  }
  hub.commit({.kind = FaultKind::redirect,
              .where = "/tree/",
              .times = 1,
              .headers = {{"Location", "http://localhost:1/tree"}}});
  const auto result = pull_with("hf_secret", "hf.co/org/private");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("not encrypted"), std::string::npos) << result.error().detail;
  expect_no_leak();
}

// A mirror passes on the addresses of the hub: they are asked at the mirror.
TEST_F(SecretsTest, APageOfAListingIsNotAskedElsewhere) {
  const std::string next = "/api/models/org/private/tree/" + std::string(40, 'c') + "?recursive=true&cursor=1";
  hub.commit({.kind = FaultKind::chunked,
              .where = "/tree/",
              .times = 1,
              .headers = {{"Link", "<" + hub.cdn_url() + next + ">; rel=\"next\""}}});
  const auto result = pull_with("hf_secret", "hf.co/org/private");
  ASSERT_TRUE(result) << result.error().detail;
  std::size_t n_asked = 0;
  for (const test::HubRecord& record : hub.records())
    n_asked += record.target == next && record.origin == "hub" ? 1 : 0;
  EXPECT_EQ(n_asked, 1u);
  expect_no_leak();
}

TEST_F(SecretsTest, ARenamedRepositoryIsFollowedOnItsHost) {
  hub.commit({.kind = FaultKind::redirect,
              .where = "org/old/revision",
              .times = -1,
              .headers = {{"Location", "/api/models/org/repo/revision/main"}}});
  hub.commit({.kind = FaultKind::redirect,
              .where = "org/old/tree",
              .times = -1,
              .headers = {{"Location", "/api/models/org/repo/tree/" + std::string(40, 'c') + "?recursive=true"}}});
  hub.commit({.kind = FaultKind::redirect,
              .where = "org/old/resolve",
              .times = -1,
              .headers = {{"Location", "/org/repo/resolve/" + std::string(40, 'c') + "/x-Q8_0.gguf"}}});
  expect_right("hf.co/org/old");
}

TEST_F(SecretsTest, RefusalsInWords) {
  auto result = pull_with("", "hf.co/org/private");
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().detail.find("HF_TOKEN"), std::string::npos) << result.error().detail;
  result = pull_with("hf_wrong", "hf.co/org/private");
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().detail.find("hf_wrong"), std::string::npos);
  expect_refusal("no such branch, tag or commit", "hf.co/org/repo/tree/missing");
  expect_refusal("it has no 'Q4_K_M'; it has Q8_0", "hf.co/org/repo:Q4_K_M");
  hub.set_repo("org/gated", {.error_code = "GatedRepo", .status = 403});
  expect_refusal("its licence has to be accepted first", "hf.co/org/gated");
}

TEST_F(SecretsTest, AModelOfOllamasRegistry) {
  set_tiny();
  const auto result = pull(registry("library/tiny:latest"));
  ASSERT_TRUE(result) << result.error().detail;
  ASSERT_EQ(result->files.size(), 4u);
  EXPECT_EQ(result->files[0].plan.role, sources::Role::weights);
  EXPECT_EQ(result->files[3].plan.role, sources::Role::config);
  EXPECT_TRUE(content_of(result->files[0].path) == bytes);
  EXPECT_EQ(content_of(result->files[1].path), R"({"temperature":0})");
  EXPECT_EQ(content_of(result->files[2].path), "Be brief.");
  EXPECT_EQ(result->plan.quant, "Q8_0");
  EXPECT_TRUE(result->plan.commit.starts_with("sha256:"));
  expect_no_leak();
  expect_refusal("no such model or tag", registry("library/other:latest"));
}

TEST_F(SecretsTest, WhatOnlyOllamaReadsIsRefusedByName) {
  set_tiny(R"({"model_format":"gguf","model_family":"gemma3"})");
  expect_refusal("'gemma3'", registry("library/tiny:latest"));
  EXPECT_EQ(hub.body_bytes(), std::string(R"({"model_format":"gguf","model_family":"gemma3"})").size());
}

TEST_F(SecretsTest, ARegistrysTokenIsFetchedFromItsOwnHost) {
  set_tiny();
  hub.require_token();
  const auto result = pull(registry("library/tiny:latest"));
  ASSERT_TRUE(result) << result.error().detail;
  expect_no_leak();
  const auto records = hub.records();
  EXPECT_TRUE(std::ranges::any_of(records, [](const test::HubRecord& record) {
    return record.target == "/token?service=test&scope=repository%3Ax%3Apull" && record.authorization.empty();
  }));
}

TEST_F(SecretsTest, ARealmOnAnotherHostIsRefused) {
  set_tiny();
  hub.require_token(hub.cdn_url() + "/token");
  expect_refusal("another host", registry("library/tiny:latest"));
  for (const test::HubRecord& record : hub.records()) EXPECT_NE(record.origin, "cdn");
}

TEST_F(SecretsTest, AnArtifactOfAContainerRegistry) {
  hub.set_model("ai/tiny:8B", {.config = "{}",
                               .config_type = "application/vnd.docker.ai.model.config.v0.1+json",
                               .layers = {{"application/vnd.docker.ai.license", "free"},
                                          {"application/vnd.docker.ai.gguf.v3", bytes}},
                               .behind_index = true});
  expect_right("oci://" + registry("ai/tiny:8B"));
  hub.set_model("ai/other:1", {.config = "{}", .layers = {{"application/vnd.docker.ai.safetensors", "x"}}});
  expect_refusal("found one in safetensors", "oci://" + registry("ai/other:1"));
}

TEST_F(SecretsTest, AManifestThatIsNoManifest) {
  set_tiny();
  hub.commit({.kind = FaultKind::corrupt, .where = "/manifests/", .value = 0, .times = -1});
  expect_refusal("manifest", registry("library/tiny:latest"));
}

}  // namespace
}  // namespace quern::registry::pull
