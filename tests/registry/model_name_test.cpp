#include "registry/model_name.hpp"

#include "base/xoshiro.hpp"
#include "registry/name_parts.hpp"
#include "tests/support/temp_dir.hpp"

#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>

namespace quern::registry {
namespace {

const NameRules kRules{.hub_host = "mirror.example:8443", .working_folder = "/work/folder", .home = "/home/u"};
const std::string kHex(64, 'a');

ModelRef parsed(std::string_view text) {
  const Result<ModelRef> ref = ModelRef::parse(text, kRules);
  EXPECT_TRUE(ref) << text << ": " << ref.error().detail;
  return ref ? *ref : ModelRef();
}

std::string error_of(std::string_view text) {
  const Result<ModelRef> ref = ModelRef::parse(text, kRules);
  EXPECT_FALSE(ref) << text << " is " << ref->canonical();
  return ref ? "" : ref.error().detail;
}

struct Case {
  std::string text;
  RefKind kind;
  std::string canonical, display;
};

TEST(ModelName, AllSpellings) {
  const std::string q = "registry.ollama.ai/library/qwen3:latest", digest = "@sha256:" + kHex;
  const Case cases[] = {
      {"qwen3", RefKind::ollama, q, "qwen3:latest"},
      {"qwen3:8b", RefKind::ollama, "registry.ollama.ai/library/qwen3:8b", "qwen3:8b"},
      {"qwen3:8b@precise", RefKind::ollama, "registry.ollama.ai/library/qwen3:8b@precise", "qwen3:8b@precise"},
      {"qwen3@sha256-" + kHex, RefKind::ollama, q + digest, "qwen3:latest" + digest},
      {"qwen3@sha256:" + kHex + "@fast", RefKind::ollama, q + digest + "@fast", "qwen3:latest" + digest + "@fast"},
      {"me/Mine:v1.2_b-c", RefKind::ollama, "registry.ollama.ai/me/Mine:v1.2_b-c", "me/Mine:v1.2_b-c"},
      {"HOST:5000/me/m", RefKind::ollama, "host:5000/me/m:latest", "host:5000/me/m:latest"},
      {"registry.ollama.ai/library/qwen3", RefKind::ollama, q, "qwen3:latest"},
      {"ollama.com/library/qwen3", RefKind::ollama, q, "qwen3:latest"},
      {"https://ollama.com/library/qwen3:8b", RefKind::ollama, "registry.ollama.ai/library/qwen3:8b", "qwen3:8b"},
      {"hf.co/org/Repo-GGUF", RefKind::hugging_face, "hf.co/org/Repo-GGUF", "hf.co/org/Repo-GGUF"},
      {"hf.co/org/repo:latest", RefKind::hugging_face, "hf.co/org/repo", "hf.co/org/repo"},
      {"hf:org/repo:Q4_K_M", RefKind::hugging_face, "hf.co/org/repo:Q4_K_M", "hf.co/org/repo:Q4_K_M"},
      {"HuggingFace.co/org/repo:Q8_0@fast", RefKind::hugging_face, "hf.co/org/repo:Q8_0@fast",
       "hf.co/org/repo:Q8_0@fast"},
      {"mirror.example:8443/org/repo", RefKind::hugging_face, "hf.co/org/repo", "hf.co/org/repo"},
      {"https://mirror.example:8443/org/repo/", RefKind::hugging_face, "hf.co/org/repo", "hf.co/org/repo"},
      {"hf.co/org/repo/sub/x-Q4.gguf", RefKind::hugging_face, "hf.co/org/repo/sub/x-Q4.gguf",
       "hf.co/org/repo/sub/x-Q4.gguf"},
      {"https://huggingface.co/org/repo/resolve/main/x.gguf?download=true", RefKind::hugging_face,
       "hf.co/org/repo/x.gguf", "hf.co/org/repo/x.gguf"},
      {"https://huggingface.co/org/repo/blob/refs%2Fpr%2F1/x.GGUF", RefKind::hugging_face,
       "hf.co/org/repo/resolve/refs%2Fpr%2F1/x.GGUF", "hf.co/org/repo/resolve/refs%2Fpr%2F1/x.GGUF"},
      {"hf.co/org/repo/tree/v1.0:Q4_0", RefKind::hugging_face, "hf.co/org/repo/tree/v1.0:Q4_0",
       "hf.co/org/repo/tree/v1.0:Q4_0"},
      {"hf.co/org/repo/resolve/main/tree/x.gguf", RefKind::hugging_face, "hf.co/org/repo/resolve/main/tree/x.gguf",
       "hf.co/org/repo/resolve/main/tree/x.gguf"},
      {"hf.co/org/repo/a@b.gguf@fast", RefKind::hugging_face, "hf.co/org/repo/a@b.gguf@fast",
       "hf.co/org/repo/a@b.gguf@fast"},
      {"docker.io/ai/smollm2", RefKind::oci, "oci://docker.io/ai/smollm2:latest", "docker.io/ai/smollm2:latest"},
      {"docker.io/smollm2:360M-Q4", RefKind::oci, "oci://docker.io/ai/smollm2:360M-Q4", "docker.io/ai/smollm2:360M-Q4"},
      {"oci://ghcr.io/a/b/c:1", RefKind::oci, "oci://ghcr.io/a/b/c:1", "oci://ghcr.io/a/b/c:1"},
      {"oci://localhost:5000/m" + digest + "@fast", RefKind::oci, "oci://localhost:5000/m:latest" + digest + "@fast",
       "oci://localhost:5000/m:latest" + digest + "@fast"},
      {"https://h.example/a/x.gguf?sig=a@b", RefKind::url, "https://h.example/a/x.gguf?sig=a@b",
       "https://h.example/a/x.gguf?sig=a@b"},
      {"HTTPS://H.example/X.gguf@fast", RefKind::url, "https://h.example/X.gguf@fast", "https://h.example/X.gguf@fast"},
      {"https://h/x.gguf" + digest, RefKind::url, "https://h/x.gguf" + digest, "https://h/x.gguf" + digest},
      {"http://127.0.0.1:8000/x.gguf", RefKind::url, "http://127.0.0.1:8000/x.gguf", "http://127.0.0.1:8000/x.gguf"},
      {"http://[::1]:80/x.gguf", RefKind::url, "http://[::1]:80/x.gguf", "http://[::1]:80/x.gguf"},
      {"/m/x.gguf", RefKind::path, "/m/x.gguf", "/m/x.gguf"},
      {"./x.gguf@fast", RefKind::path, "/work/folder/x.gguf@fast", "/work/folder/x.gguf@fast"},
      {"../up/./x.gguf", RefKind::path, "/work/up/x.gguf", "/work/up/x.gguf"},
      {"~/models/x", RefKind::path, "/home/u/models/x", "/home/u/models/x"},
      {"/m/a@b", RefKind::path, "/m/a@b", "/m/a@b"},
      {"/m/a@b.gguf", RefKind::path, "/m/a@b.gguf", "/m/a@b.gguf"},
      {"/m/folder/", RefKind::path, "/m/folder", "/m/folder"},
  };
  for (const Case& c : cases) {
    const ModelRef ref = parsed(c.text);
    EXPECT_EQ(ref_kind_name(ref.kind), ref_kind_name(c.kind)) << c.text;
    EXPECT_EQ(ref.canonical(), c.canonical) << c.text;
    EXPECT_EQ(ref.display(), c.display) << c.text;
    EXPECT_EQ(parsed(ref.canonical()), ref) << c.text;
    EXPECT_EQ(parsed(ref.display()), ref) << c.text;
  }
}

TEST(ModelName, Parts) {
  const ModelRef ollama = parsed("host:5000/me/m:v1@precise");
  EXPECT_EQ(ollama.host, "host:5000");
  EXPECT_EQ(ollama.namespace_, "me");
  EXPECT_EQ(ollama.model, "m");
  EXPECT_EQ(ollama.tag, "v1");
  EXPECT_EQ(ollama.variant, "precise");
  EXPECT_EQ(ollama.base().canonical(), "host:5000/me/m:v1");
  const ModelRef file = parsed("hf.co/org/repo/resolve/refs%2Fpr%2F1/sub/x.gguf");
  EXPECT_EQ(file.revision, "refs/pr/1");
  EXPECT_EQ(file.file, "sub/x.gguf");
  EXPECT_EQ(file.tag, "");
  const ModelRef url = parsed("https://h.example/a/Model-Q4.gguf?x=1");
  EXPECT_EQ(url.host, "h.example");
  EXPECT_EQ(url.model, "Model-Q4");
  EXPECT_EQ(parsed("oci://ghcr.io/a/b/c:1").namespace_, "a/b");
}

TEST(ModelName, ANameThatCouldBeAPathIsOneWhereTheFileIs) {
  const test::TempDir dir;
  dir.write("here.gguf", "");
  dir.write("sub/here.gguf", "");
  const NameRules rules{.hub_host = "", .working_folder = dir.path(), .home = ""};
  EXPECT_EQ(ModelRef::parse("here.gguf", rules)->file, dir.path("here.gguf"));
  EXPECT_EQ(ModelRef::parse("here.gguf@fast", rules)->variant, "fast");
  EXPECT_EQ(ModelRef::parse("sub/here.gguf", rules)->kind, RefKind::path);
  EXPECT_EQ(ModelRef::parse("there.gguf", rules)->kind, RefKind::ollama);
  EXPECT_FALSE(ModelRef::parse("~/x.gguf", rules));
  // What is written with a registry's host is that registry's, whatever lies here.
  dir.write("hf.co/org/repo/x.gguf", "");
  EXPECT_EQ(ModelRef::parse("hf.co/org/repo/x.gguf", rules)->kind, RefKind::hugging_face);
}

TEST(ModelName, RefusesAndSaysWhy) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "found nothing"},
      {std::string(5000, 'a'), "at most 4096 bytes, found 5000"},
      {"a\nb", "control characters"},
      {std::string("a\0b", 3), "control characters"},
      {"a b", "model: want 1 to 80 letters"},
      {std::string(81, 'a'), "model: want 1 to 80"},
      {"m:", "tag: want"},
      {"m:" + std::string(81, 'a'), "tag: want"},
      {"m:a b", "tag: want"},
      {"a.b/m", "namespace: want"},
      {"-a/m", "namespace: want"},
      {"a/b/c/d", "[host/][namespace/]model[:tag]"},
      {"/", "path: want that of a file"},
      {"/...gguf", "path: want that of a file"},
      {"a//m", "namespace"},
      {"m@", "variant: want 1 to 40"},
      {"m@a b", "variant: want"},
      {"m@" + std::string(41, 'a'), "variant: want"},
      {"m@sha256:12", "digest: want sha256:"},
      {"m@sha256-" + std::string(64, 'g'), "digest: want sha256:"},
      {"m@sha256:" + kHex + "@", "variant: want"},
      {"ftp://h/x.gguf", "found 'ftp://'"},
      {"hf.co/gpt2", "hf.co/organisation/repository"},
      {"hf.co/", "hf.co/organisation/repository"},
      {"hf.co/datasets/x/y", "hf.co/organisation/repository"},
      {"hf.co/org/a--b", "no '..' and no '--'"},
      {"hf.co/org/a..b", "no '..' and no '--'"},
      {"hf.co/org/repo:Q4/x", "repository"},
      {"hf.co/org/repo/readme.md", "want one that ends in .gguf"},
      {"hf.co/org/repo/.gguf", "want one that ends in .gguf"},
      {"hf.co/org/repo/../../etc/x.gguf", "path inside of a repository"},
      {"hf.co/org/repo/a/./x.gguf", "path inside of a repository"},
      {"hf.co/org/repo/a//x.gguf", "path inside of a repository"},
      {"hf.co/org/repo/C:x.gguf", "drive"},
      {"hf.co/org/repo/a\\..\\x.gguf", "backslash"},
      {"hf.co/org/repo/tree/..%2F..", "revision"},
      {"hf.co/org/repo@sha256:" + kHex, "digest: want none"},
      {"https://user:pw@h/x.gguf", "host: want"},
      {"https:///x.gguf", "host: want"},
      {"https://h/x.bin", "ends in .gguf"},
      {"https://h/.gguf", "ends in .gguf"},
      {"https://h/a b.gguf", "other characters"},
      {"https://h/x.gguf#a", "without a #"},
      {"http://h/x.gguf", "https:// beyond this machine"},
      {"http://127.evil.example/x.gguf", "https:// beyond this machine"},
      {"oci://h/Upper", "lower-case"},
      {"oci://h/a/../b", "repository"},
      {"oci://h/", "repository"},
      {"oci://h/a//b", "repository"},
      {"oci:///a", "host: want"},
      {"/m/x.gguf@sha256:" + kHex, "digest: want none"},
  };
  for (const auto& [text, want] : cases) {
    const std::string found = error_of(text);
    EXPECT_NE(found.find(want), std::string::npos) << text << ": " << found;
  }
}

TEST(ModelName, InnerPaths) {
  for (const char* good : {"x", "a/b/x.gguf", "..x", "a/.x", "a b"}) EXPECT_TRUE(check_inner_path(good)) << good;
  for (const char* bad :
       {"", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/../b", "c:\\x", "c:/x", "a\\b", "a\nb"}) {
    EXPECT_FALSE(check_inner_path(bad)) << bad;
  }
  EXPECT_FALSE(check_inner_path(std::string("a\0b", 3)));
  EXPECT_FALSE(check_inner_path(std::string(1025, 'a')));
}

// Random texts of what names are made of: what is accepted means the same when it is written out, and no part of it
// leads out of a folder.
TEST(ModelName, WhatIsAcceptedIsTheSameWhenWrittenOut) {
  const std::vector<std::string> pieces{
      "a",       "B2",       "_x",    "-",         ".",           "..",       "/",           "//",      ":",
      "@",       "hf.co/",   "hf:",   "oci://",    "https://",    "http://",  "docker.io/",  ".gguf",   "tree/",
      "main",    "resolve/", "blob/", "%2F",       "../",         "./",       "~/",          "sha256:", kHex,
      "\\",      "\n",       "C:",    "localhost", "[::1]",       "?q=1",     "org/",        "repo",    "@precise",
      ":Q4_K_M", "%2e%2e",   " ",     "#",         "ollama.com/", "\xc3\xa9", "127.0.0.1:1/"};
  Xoshiro256 random(7);
  std::size_t n_accepted = 0;
  for (int round = 0; round < 200'000; ++round) {
    std::string text;
    const std::size_t n_pieces = 1 + random.next() % 7;
    for (std::size_t i = 0; i < n_pieces; ++i) text += pieces[random.next() % pieces.size()];
    const Result<ModelRef> ref = ModelRef::parse(text, kRules);
    if (!ref) {
      EXPECT_FALSE(ref.error().detail.empty());
      continue;
    }
    ++n_accepted;
    for (const std::string& form : {ref->canonical(), ref->display()}) {
      const Result<ModelRef> again = ModelRef::parse(form, kRules);
      ASSERT_TRUE(again) << text << " -> " << form << ": " << again.error().detail;
      ASSERT_EQ(*again, *ref) << text << " -> " << form << " -> " << again->canonical();
    }
    const NameRules others{.hub_host = "", .working_folder = "/", .home = ""};
    ASSERT_EQ(ModelRef::parse(ref->canonical(), others).value(), *ref) << text;
    for (const std::string* part : {&ref->host, &ref->model, &ref->tag, &ref->variant}) {
      ASSERT_NE(*part, "..") << text;
      ASSERT_EQ(part->find('/'), std::string::npos) << text;
    }
    if (ref->kind == RefKind::hugging_face && !ref->file.empty()) {
      ASSERT_TRUE(check_inner_path(ref->file)) << text;
    }
    if (!ref->namespace_.empty()) {
      ASSERT_TRUE(check_inner_path(ref->namespace_)) << text;
    }
  }
  EXPECT_GT(n_accepted, 5'000u);
}

}  // namespace
}  // namespace quern::registry
