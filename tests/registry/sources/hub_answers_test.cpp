// What hubs answer, right and wrong: listings, manifests, challenges, and any bytes at all.
#include "registry/sources/bearer_challenge.hpp"
#include "registry/sources/hf_listing.hpp"
#include "registry/sources/oci_manifest.hpp"
#include "registry/sources/ollama_families.hpp"

#include <random>

#include <gtest/gtest.h>

namespace quern::registry::sources {
namespace {

const std::string kSha256(64, 'b'), kSha1(40, 'c');

std::string tree_error(const std::string& json) {
  std::vector<RepoFile> files;
  const Status read = read_tree_page(json, files);
  EXPECT_FALSE(read) << json;
  return read ? "" : read.error().detail;
}

TEST(HfListing, ReadsFilesOfGitAndOfLfs) {
  std::vector<RepoFile> files;
  const std::string page = R"([{"type":"directory","path":"d","size":0,"oid":"x"},
    {"type":"file","path":"config.json","size":12,"oid":")" +
                           kSha1 + R"("},
    {"type":"file","path":"d/x.gguf","size":134,"oid":")" +
                           kSha1 + R"(","lfs":{"oid":")" + kSha256 + R"(","size":99}}])";
  ASSERT_TRUE(read_tree_page(page, files));
  ASSERT_EQ(files.size(), 2u);
  EXPECT_EQ(files[0].digest, (ContentDigest{DigestKind::git_sha1, kSha1}));
  EXPECT_EQ(files[1].size, 99u);
  EXPECT_EQ(files[1].digest, (ContentDigest{DigestKind::sha256, kSha256}));
}

TEST(HfListing, RefusesPathsThatLeadOut) {
  for (const char* path :
       {"../x", "a/../../x", "/etc/passwd", "a//b", "C:/x", "a\\\\b", "", ".", "a/.", "a\\u0000b", "a\\nb"}) {
    const std::string page =
        std::string(R"([{"type":"file","path":")") + path + R"(","size":1,"oid":")" + kSha1 + R"("}])";
    EXPECT_NE(tree_error(page).find("relative path"), std::string::npos) << path;
  }
}

TEST(HfListing, RefusesSizesAndDigestsThatCannotBe) {
  const auto entry = [](const std::string& size, const std::string& oid) {
    return R"([{"type":"file","path":"x","size":)" + size + R"(,"oid":")" + oid + R"("}])";
  };
  EXPECT_NE(tree_error(entry("-1", kSha1)).find("size"), std::string::npos);
  EXPECT_NE(tree_error(entry("1.5", kSha1)).find("size"), std::string::npos);
  EXPECT_NE(tree_error(entry("18446744073709551615", kSha1)).find("at most"), std::string::npos);
  EXPECT_NE(tree_error(entry("1", "../../x")).find("hex digits"), std::string::npos);
  EXPECT_NE(tree_error("{}").find("array"), std::string::npos);
  EXPECT_NE(tree_error("[1]").find("object"), std::string::npos);
  EXPECT_NE(tree_error("[").find("JSON"), std::string::npos);
  EXPECT_NE(tree_error(std::string(100, '[')).find("JSON"), std::string::npos);
}

TEST(HfListing, TheNextPage) {
  EXPECT_EQ(next_page(R"(<https://h/a?cursor=x>; rel="next")"), "https://h/a?cursor=x");
  EXPECT_EQ(next_page(R"(<https://h/0>; rel="prev", <https://h/2>; rel="next")"), "https://h/2");
  EXPECT_FALSE(next_page(R"(<https://h/0>; rel="prev")"));
  EXPECT_FALSE(next_page("<https://h/0"));
  EXPECT_FALSE(next_page(""));
}

TEST(HfListing, TheCommit) {
  EXPECT_EQ(read_repo_info(R"({"sha":")" + kSha1 + R"(","gated":"auto"})")->commit, kSha1);
  EXPECT_FALSE(read_repo_info(R"({"sha":"main"})"));
  EXPECT_FALSE(read_repo_info(R"({})"));
}

TEST(OciManifest, ReadsLayersAndIndexes) {
  const std::string layer = R"({"mediaType":"application/vnd.docker.ai.gguf.v3","digest":"sha256:)" + kSha256 +
                            R"(","size":5,"annotations":{"org.opencontainers.image.title":"x.gguf"}})";
  const auto manifest = read_manifest(R"({"config":)" + layer + R"(,"layers":[)" + layer + "]}");
  ASSERT_TRUE(manifest);
  ASSERT_EQ(manifest->layers.size(), 1u);
  EXPECT_EQ(manifest->layers[0].name, "x.gguf");
  EXPECT_EQ(role_of(manifest->layers[0].media_type), Role::weights);
  EXPECT_TRUE(manifest->config);
  const auto index = read_manifest(R"({"manifests":[)" + layer + "]}");
  ASSERT_TRUE(index);
  EXPECT_EQ(index->choices.size(), 1u);
}

TEST(OciManifest, RefusesDigestsAndNamesThatArePaths) {
  const auto error = [](const std::string& digest, const std::string& title) {
    const auto manifest =
        read_manifest(R"({"layers":[{"digest":")" + digest +
                      R"(","size":5,"annotations":{"org.cncf.model.filepath":")" + title + R"("}}]})");
    EXPECT_FALSE(manifest);
    return manifest ? "" : manifest.error().detail;
  };
  EXPECT_NE(error("sha256:../../../etc/passwd", "x").find("64 hex digits"), std::string::npos);
  EXPECT_NE(error("sha512:" + kSha256, "x").find("64 hex digits"), std::string::npos);
  EXPECT_NE(error("sha256:" + kSha256, "../x").find("relative path"), std::string::npos);
  EXPECT_FALSE(read_manifest(R"({"layers":[]})"));
  EXPECT_FALSE(read_manifest(R"({"manifests":[]})"));
}

TEST(OllamaConfig, FamiliesThatOnlyOllamaReads) {
  const auto status = [](const char* json) { return check_readable(*read_ollama_config(json), "gemma3:4b"); };
  EXPECT_TRUE(status(R"({"model_format":"gguf","model_family":"llama","model_families":["llama"]})"));
  const Status gemma = status(R"({"model_format":"gguf","model_family":"gemma3","file_type":"Q4_K_M"})");
  ASSERT_FALSE(gemma);
  EXPECT_NE(gemma.error().detail.find("only Ollama reads"), std::string::npos);
  EXPECT_NE(gemma.error().detail.find("hf.co/"), std::string::npos);
  EXPECT_FALSE(status(R"({"model_family":"llama","model_families":["llama","qwen3vl"]})"));
  EXPECT_FALSE(status(R"({"model_format":"safetensors"})"));
  EXPECT_NE(status(R"({"remote_host":"https://ollama.com:443"})").error().detail.find("runs at"), std::string::npos);
}

TEST(BearerChallenge, ReadsQuotedParameters) {
  const auto challenge =
      read_challenge(R"(Bearer realm="https://r/t?a=1,2",service="re\"g", scope="repository:x:pull")");
  ASSERT_TRUE(challenge);
  EXPECT_EQ(challenge->realm, "https://r/t?a=1,2");
  EXPECT_EQ(challenge->service, "re\"g");
  EXPECT_EQ(challenge->scope, "repository:x:pull");
  EXPECT_FALSE(read_challenge("Basic realm=\"x\""));
  EXPECT_FALSE(read_challenge("Bearer realm=\"x"));
  EXPECT_FALSE(read_challenge("Bearer service=\"x\""));
  EXPECT_FALSE(read_challenge("Bearer x"));
}

TEST(BearerChallenge, TheTokenComesFromTheRegistrysOwnHost) {
  const auto ask = [](const char* realm, const char* registry) {
    return token_address({.realm = realm, .service = "a b", .scope = "x"}, *net::parse_url(registry));
  };
  EXPECT_EQ(ask("https://r.example/token", "https://r.example")->target, "/token?service=a%20b&scope=x");
  EXPECT_EQ(ask("https://r.example/token?z=1", "https://r.example")->target, "/token?z=1&service=a%20b&scope=x");
  EXPECT_TRUE(ask("https://auth.docker.io/token", "https://registry-1.docker.io"));
  EXPECT_FALSE(ask("https://auth.docker.io/token", "https://r.example"));
  EXPECT_FALSE(ask("https://evil.example/token", "https://r.example"));
  EXPECT_FALSE(ask("https://r.example.evil.example/token", "https://r.example"));
  EXPECT_FALSE(ask("http://r.example/token", "https://r.example"));
}

TEST(BearerChallenge, TokensAreVisibleText) {
  EXPECT_EQ(*read_token(R"({"token":"abc"})"), "abc");
  EXPECT_EQ(*read_token(R"({"access_token":"abc"})"), "abc");
  EXPECT_FALSE(read_token(R"({"token":"a\r\nX: y"})"));
  EXPECT_FALSE(read_token(R"({})"));
}

// Pieces of good answers in any order, and bytes in between: an error or a checked value, never anything else.
TEST(HubAnswers, RandomDocuments) {
  const std::string pieces[] = {"[",
                                "]",
                                "{",
                                "}",
                                ",",
                                ":",
                                "\"type\"",
                                "\"file\"",
                                "\"path\"",
                                "\"a/b\"",
                                "\"../b\"",
                                "\"size\"",
                                "5",
                                "-1",
                                "1e99",
                                "\"oid\"",
                                '"' + kSha1 + '"',
                                '"' + kSha256 + '"',
                                "\"lfs\"",
                                "\"layers\"",
                                "\"manifests\"",
                                "\"digest\"",
                                "\"sha256:" + kSha256 + '"',
                                "\"config\"",
                                "null",
                                "true",
                                "\"\\ud800\"",
                                std::string("\0", 1),
                                "\"sha\"",
                                "\"token\"",
                                "realm=\"",
                                "Bearer ",
                                "<",
                                ">; rel=\"next\"",
                                "\"model_families\""};
  std::mt19937 engine(3);
  for (int i = 0; i < 30'000; ++i) {
    std::string text;
    for (auto n = engine() % 24; n > 0; --n) text += pieces[engine() % std::size(pieces)];
    std::vector<RepoFile> files;
    if (read_tree_page(text, files)) {
      for (const RepoFile& file : files) EXPECT_TRUE(check_file_name(file.path)) << text;
    }
    if (const auto manifest = read_manifest(text)) {
      for (const Layer& layer : manifest->layers) EXPECT_TRUE(is_hex(layer.digest.hex, 64)) << text;
    }
    if (const auto info = read_repo_info(text)) {
      EXPECT_TRUE(is_hex(info->commit, 40)) << text;
    }
    static_cast<void>(read_ollama_config(text));
    static_cast<void>(read_token(text));
    static_cast<void>(read_challenge(text));
    static_cast<void>(next_page(text));
  }
}

}  // namespace
}  // namespace quern::registry::sources
