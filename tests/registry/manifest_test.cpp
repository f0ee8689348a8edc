#include "registry/manifest.hpp"

#include "base/xoshiro.hpp"
#include "tests/registry/registry_fixture.hpp"

#include <set>

namespace quern::registry {
namespace {

constexpr const char* kFolder = "/data/models";

Model sample() {
  Model out;
  out.name = named("mine:v1");
  out.files.push_back({.role = FileRole::weights,
                       .path = std::string(kFolder) + "/blobs/" + digest_of("a")->file_name(),
                       .digest = digest_of("a").value(),
                       .size_bytes = 1});
  out.files.push_back(
      {.role = FileRole::adapter, .path = "/elsewhere/lora.gguf", .size_bytes = 2, .scale = 0.5f, .rank = 8});
  out.settings.system = "\"quoted\"\n\tand more";
  out.variants["precise"].sampling = {{"top_k", "1"}};
  out.aliases = {named("other").canonical()};
  out.tags["k"] = "v";
  return out;
}

TEST(Manifest, ReadsWhatItWrites) {
  const std::string text = manifest_text(sample(), kFolder);
  const Result<Model> read = read_manifest(text, kFolder);
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, sample());
  EXPECT_EQ(text.find(kFolder), std::string::npos);  // so that the folder may move
  EXPECT_EQ(read_manifest(text, "/moved")->files[0].path, "/moved/blobs/" + digest_of("a")->file_name());
  EXPECT_EQ(read_manifest(text, "/moved")->files[1].path, "/elsewhere/lora.gguf");
}

TEST(Manifest, PathsStayInsideAndTellNamesApart) {
  EXPECT_EQ(manifest_path(named("qwen3:8b")), "manifests/registry.ollama.ai/library/qwen3/8b.json");
  EXPECT_EQ(manifest_path(named("host:5000/me/m")), "manifests/host%3A5000/me/m/latest.json");
  EXPECT_EQ(manifest_path(named("hf.co/org/repo:Q4_K_M")), "manifests/hf.co/org/repo/Q4_K_M.json");
  EXPECT_EQ(manifest_path(named("oci://ghcr.io/a/b/c:1")), "manifests/ghcr.io/a%2Fb/c/1.json");
  std::set<std::string> paths;
  const std::string names[] = {"m",
                               "m:a",
                               "n/m",
                               "h/n/m",
                               "hf.co/o/r",
                               "hf.co/o/r:Q4_0",
                               "hf.co/o/r/tree/v1:Q4_0",
                               "hf.co/o/r/a.gguf",
                               "hf.co/o/r/b/a.gguf",
                               "hf.co/o/r/resolve/v1/a.gguf",
                               "oci://h/a/b:c",
                               "oci://h/b:c",
                               "https://h/a.gguf",
                               "https://h/a.gguf?x=1",
                               "https://h/b/a.gguf",
                               "oci://h/" + std::string(200, 'a') + "/b",
                               "oci://h/" + std::string(201, 'a') + "/b"};
  for (const std::string& name : names) {
    const std::string path = manifest_path(named(name));
    EXPECT_TRUE(paths.insert(path).second) << path;
    EXPECT_TRUE(check_inner_path(path)) << path;
    for (std::size_t at = 0; at < path.size();
         at = path.find('/', at) == std::string::npos ? path.size() : path.find('/', at) + 1)
      EXPECT_LE(path.find('/', at) - at, path.find('/', at) == std::string::npos ? std::string::npos : 255u);
  }
}

TEST(Manifest, RefusesWhatIsWrong) {
  const std::string good = manifest_text(sample(), kFolder);
  const std::pair<std::string, std::string> changes[] = {
      {"\"quern_manifest\": 1", "\"quern_manifest\": 2"},
      {"\"quern_manifest\": 1", "\"quern_manifest\": \"x\""},
      {"\"registry.ollama.ai/library/mine:v1\"", "\"../../etc\""},
      {"\"registry.ollama.ai/library/mine:v1\"", "null"},
      {"\"role\":\"weights\"", "\"role\":\"evil\""},
      {"\"path\":\"blobs/", "\"path\":\"../blobs/"},
      {"\"path\":\"blobs/", "\"path\":\"blobs/../../"},
      {"\"digest\":\"sha256:", "\"digest\":\"sha256:x"},
      {"\"size_bytes\":1,", "\"size_bytes\":-1,"},
      {"\"size_bytes\":1}", "\"size_bytes\":-1}"},
      {"\"rank\":8", "\"rank\":{}"},
      {"[\"system\"", "[\"nonsense\""},
      {"[\"system\",", "[1,"},
      {"\"sampling.top_k\"", "\"sampling.top_z\""},
      {"\"precise\":", "\"pre cise\":"},
      {"\"aliases\": [", "\"aliases\": [7,"},
      {"\"tags\": {\"k\":\"v\"}", "\"tags\": {\"k\":7}"},
      {"\"files\": [", "\"files\": [7,"},
  };
  for (const auto& [from, to] : changes) {
    std::string text = good;
    const std::size_t at = text.find(from);
    if (at == std::string::npos) continue;  // one of the two orders of members
    text.replace(at, from.size(), to);
    EXPECT_FALSE(read_manifest(text, kFolder)) << from << " -> " << to;
  }
  for (const char* text : {"", "{}", "[]", "nonsense", "{\"quern_manifest\": 1}"})
    EXPECT_FALSE(read_manifest(text, kFolder));
}

// Cut and changed anywhere: an error or a model that could have been written, never a crash.
TEST(Manifest, AnyBytes) {
  const std::string good = manifest_text(sample(), kFolder);
  for (std::size_t n = 0; n + 2 < good.size(); ++n) EXPECT_FALSE(read_manifest(good.substr(0, n), kFolder)) << n;
  Xoshiro256 random(11);
  for (int round = 0; round < 5000; ++round) {
    std::string text = good;
    for (int i = 0; i < 3; ++i) text[random.next() % text.size()] = static_cast<char>(random.next());
    const Result<Model> read = read_manifest(text, kFolder);
    if (!read) continue;
    EXPECT_TRUE(check_model(*read));
    EXPECT_TRUE(check_inner_path(manifest_path(read->name)));
  }
}

}  // namespace
}  // namespace quern::registry
