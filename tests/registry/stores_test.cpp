// The stores of other tools, laid out as those do it; nothing in them may change.
#include "registry/resolve.hpp"
#include "registry/stores/hf_cache.hpp"
#include "registry/stores/ollama_store.hpp"
#include "tests/registry/gguf_files.hpp"
#include "tests/registry/registry_fixture.hpp"

#include <cstdlib>
#include <filesystem>
#include <map>
#include <optional>

#include <unistd.h>

namespace quern::registry {
namespace {

namespace fs = std::filesystem;

const std::string kCommit(40, 'c'), kOldCommit(40, 'd');

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// A cache of the hub's tools.
class HfCache {
 public:
  explicit HfCache(const test::TempDir& dir) : dir_(dir) {}
  std::string folder() const { return dir_.path("hub"); }

  void revision(const std::string& repo, const std::string& name, const std::string& commit) {
    dir_.write("hub/models--" + repo + "/refs/" + name, commit + "\n");
  }
  void file(const std::string& repo, const std::string& commit, const std::string& inner, const std::string& text) {
    const std::string root = "hub/models--" + repo, hex = digest_of(text)->hex();
    dir_.write(root + "/blobs/" + hex, text);
    const fs::path link = dir_.path(root + "/snapshots/" + commit + "/" + inner);
    fs::create_directories(link.parent_path());
    fs::create_symlink(fs::path(dir_.path(root + "/blobs/" + hex)).lexically_relative(link.parent_path()), link);
  }

 private:
  const test::TempDir& dir_;
};

// An Ollama's folder.
class OllamaStore {
 public:
  explicit OllamaStore(const test::TempDir& dir) : dir_(dir) {}
  std::string folder() const { return dir_.path("ollama"); }
  std::string blob(const std::string& text) { return dir_.write("ollama/blobs/" + digest_of(text)->file_name(), text); }
  std::string layer(const std::string& type, const std::string& text) {
    blob(text);
    return fmt::format(R"({{"mediaType":"application/vnd.ollama.image.{}","digest":"{}","size":{}}})", type,
                       digest_of(text)->text(), text.size());
  }
  // layers: with commas between them.
  std::string manifest(const std::string& name, const std::string& layers, const std::string& config = "{}") {
    blob(config);
    const std::string text =
        fmt::format(R"({{"schemaVersion":2,"config":{{"mediaType":"x","digest":"{}","size":{}}},"layers":[{}]}})",
                    digest_of(config)->text(), config.size(), layers);
    dir_.write("ollama/manifests/" + name, text);
    return text;
  }

 private:
  const test::TempDir& dir_;
};

std::map<std::string, std::string> contents(const std::string& folder) {
  std::map<std::string, std::string> out;
  if (!fs::exists(folder)) return out;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    out[entry.path().string()] = entry.is_symlink()     ? fs::read_symlink(entry.path()).string()
                                 : entry.is_directory() ? ""
                                                        : content_of(entry.path().string());
  }
  return out;
}

TEST(HfCacheTest, ListsModelsByQuantisationAndFile) {
  const test::TempDir dir;
  HfCache cache(dir);
  cache.revision("org--repo", "main", kCommit);
  cache.revision("org--repo", "refs/pr/1", kOldCommit);
  cache.file("org--repo", kCommit, "M-Q4_K_M.gguf", "four");
  cache.file("org--repo", kCommit, "M-Q8_0.gguf", "eight");
  cache.file("org--repo", kCommit, "mmproj-F16.gguf", "sees");
  cache.file("org--repo", kCommit, "special/other.gguf", "other");
  cache.file("org--repo", kCommit, "README.md", "text");
  cache.file("org--repo", kCommit, "big/B-BF16-00001-of-00002.gguf", "first");
  cache.file("org--repo", kCommit, "big/B-BF16-00002-of-00002.gguf", "second");
  cache.file("org--repo", kOldCommit, "M-Q4_K_M.gguf", "older");
  dir.write("hub/datasets--x--y/refs/main", kCommit);
  dir.write("hub/version.txt", "1");
  const StoreListing found = list_hf_cache(cache.folder());
  EXPECT_TRUE(found.notes.empty());
  std::map<std::string, const StoreModel*> by_name;
  for (const StoreModel& model : found.models) by_name[model.model.name.display()] = &model;
  ASSERT_EQ(by_name.size(), 5u);
  const Model& four = by_name.at("hf.co/org/repo:Q4_K_M")->model;
  EXPECT_EQ(four.files[0].path, cache.folder() + "/models--org--repo/snapshots/" + kCommit + "/M-Q4_K_M.gguf");
  EXPECT_EQ(four.files[0].digest, digest_of("four").value());
  EXPECT_EQ(four.files[0].size_bytes, 4u);
  EXPECT_EQ(four.files[0].source, (Source{"hf.co/org/repo", kCommit, "M-Q4_K_M.gguf"}));
  ASSERT_EQ(four.files.size(), 2u);
  EXPECT_EQ(four.files[1].role, FileRole::projector);
  EXPECT_EQ(by_name.at("hf.co/org/repo:BF16")->model.weights().size(), 2u);
  EXPECT_EQ(by_name.at("hf.co/org/repo/special/other.gguf")->model.weights().size(), 1u);
  EXPECT_EQ(by_name.at("hf.co/org/repo/tree/refs%2Fpr%2F1:Q4_K_M")->model.files[0].digest, digest_of("older").value());
}

TEST(HfCacheTest, FindsAsTheHubWouldChoose) {
  const test::TempDir dir;
  HfCache cache(dir);
  cache.revision("Org--Repo", "main", kCommit);
  cache.file("Org--Repo", kCommit, "M-Q2_K.gguf", "two");
  cache.file("Org--Repo", kCommit, "M-Q8_0.gguf", "eight");
  const auto digest = [&](std::string_view name) {
    const Result<StoreModel> found = find_in_hf_cache(cache.folder(), named(name));
    return found ? found->model.files[0].digest : Digest();
  };
  EXPECT_EQ(digest("hf.co/org/repo"), digest_of("eight").value());
  EXPECT_EQ(digest("hf.co/org/repo:q2_k"), digest_of("two").value());
  EXPECT_EQ(digest("hf.co/org/repo/m-q2_k.gguf"), digest_of("two").value());
  EXPECT_EQ(digest("hf.co/org/repo/tree/" + kCommit), digest_of("eight").value());
  cache.file("Org--Repo", kCommit, "M-Q4_K_M.gguf", "four");
  EXPECT_EQ(digest("hf.co/org/repo"), digest_of("four").value());
  for (const char* missing :
       {"hf.co/org/repo:Q5_0", "hf.co/org/other", "hf.co/org/repo/tree/v2", "hf.co/org/repo/x.gguf"}) {
    EXPECT_EQ(find_in_hf_cache(cache.folder(), named(missing)).error().code, Errc::not_found) << missing;
  }
}

TEST(HfCacheTest, WhatIsBrokenIsANote) {
  const test::TempDir dir;
  HfCache cache(dir);
  cache.revision("org--repo", "main", kCommit);
  cache.revision("org--repo", "bad", "../../../etc");
  cache.file("org--repo", kCommit, "M-Q4_0.gguf", "four");
  cache.file("org--repo", kCommit, "B-Q8_0-00001-of-00002.gguf", "half");
  fs::remove(cache.folder() + "/models--org--repo/blobs/" + digest_of("four")->hex());
  const StoreListing found = list_hf_cache(cache.folder());
  EXPECT_TRUE(found.models.empty());
  ASSERT_EQ(found.notes.size(), 3u);
  EXPECT_TRUE(contains(found.notes[0], "refs/bad: want a commit"));
  EXPECT_TRUE(contains(found.notes[1], "not whole") && contains(found.notes[2], "not whole"));
  EXPECT_TRUE(contains(find_in_hf_cache(cache.folder(), named("hf.co/org/repo:Q4_0")).error().detail, "not whole"));
  EXPECT_TRUE(list_hf_cache(dir.path("none")).models.empty());
  EXPECT_TRUE(list_hf_cache(dir.path("none")).notes.empty());
  EXPECT_FALSE(list_hf_cache(dir.write("file", "")).notes.empty());
}

TEST(OllamaStoreTest, ReadsAManifestWithAllItsLayers) {
  const test::TempDir dir;
  OllamaStore store(dir);
  const std::string layers =
      store.layer("model", tiny_gguf()) + "," + store.layer("projector", "sees") + "," +
      store.layer("template", "{{ .Prompt }}") + "," + store.layer("system", "Be kind.") + "," +
      store.layer("license", "MIT") + "," +
      store.layer("params", R"({"temperature":0.6,"stop":["<a>","<b>"],"num_ctx":4096,"num_gpu":1,"bogus":2})") + "," +
      store.layer("messages", R"([{"role":"user","content":"Hi"}])") + "," + store.layer("future", "x");
  const std::string text = store.manifest(
      "registry.ollama.ai/library/qwen3/8b", layers,
      R"({"model_format":"gguf","model_family":"qwen3","model_type":"8.2B","file_type":"Q4_K_M","requires":"0.6.0"})");
  const auto before = contents(store.folder());
  const StoreListing found = list_ollama_store(store.folder());
  ASSERT_EQ(found.models.size(), 1u);
  const Model& model = found.models[0].model;
  EXPECT_EQ(model.name.display(), "qwen3:8b");
  EXPECT_EQ(model.digest, digest_of(text).value());
  EXPECT_EQ(model.weights(),
            std::vector<std::string>{store.folder() + "/blobs/" + digest_of(tiny_gguf())->file_name()});
  EXPECT_EQ(model.files[0].digest, digest_of(tiny_gguf()).value());
  EXPECT_EQ(model.files[1].role, FileRole::projector);
  EXPECT_EQ(model.facts.family, "qwen3");
  EXPECT_EQ(model.facts.quant, "q4_k_m");
  EXPECT_EQ(model.settings.go_template, "{{ .Prompt }}");
  EXPECT_EQ(model.settings.template_text, "");
  EXPECT_EQ(model.settings.system, "Be kind.");
  EXPECT_EQ(model.settings.stop, (std::vector<std::string>{"<a>", "<b>"}));
  EXPECT_EQ(model.settings.ctx, 4096u);
  EXPECT_EQ(model.settings.sampling.at(0).first, "temperature");
  EXPECT_EQ(model.settings.messages.size(), 1u);
  EXPECT_EQ(model.tags.at("requires"), "0.6.0");
  const std::string notes = fmt::format("{}", fmt::join(found.models[0].notes, "\n"));
  for (const char* part : {"Go, not used", "num_gpu: not used", "bogus: there is no such parameter", "layer future"}) {
    EXPECT_TRUE(contains(notes, part)) << part << " in " << notes;
  }
  EXPECT_TRUE(find_in_ollama_store(store.folder(), named("QWEN3:8b")));
  EXPECT_TRUE(find_in_ollama_store(store.folder(), named("qwen3:8b@" + digest_of(text)->text())));
  EXPECT_EQ(find_in_ollama_store(store.folder(), named("qwen3:8b@" + digest_of("x")->text())).error().code,
            Errc::not_found);
  EXPECT_EQ(find_in_ollama_store(store.folder(), named("qwen3")).error().code, Errc::not_found);
  EXPECT_EQ(contents(store.folder()), before);
}

TEST(OllamaStoreTest, NamesOfOtherRegistries) {
  const test::TempDir dir;
  OllamaStore store(dir);
  store.manifest("hf.co/org/Repo-GGUF/Q4_K_M", store.layer("model", "a"));
  store.manifest("host:5000/me/mine/v1", store.layer("model", "b"));
  EXPECT_EQ(find_in_ollama_store(store.folder(), named("hf.co/org/repo-gguf:q4_k_m"))->model.name.kind,
            RefKind::hugging_face);
  EXPECT_TRUE(find_in_ollama_store(store.folder(), named("host:5000/me/mine:v1")));
}

TEST(OllamaStoreTest, WhatCannotBeUsedIsSaid) {
  const test::TempDir dir;
  OllamaStore store(dir);
  const std::string root = "registry.ollama.ai/library/";
  store.manifest(root + "mlx/latest", store.layer("tensor", "t"));
  store.manifest(root + "cloud/latest", store.layer("model", "m"), R"({"remote_host":"https://ollama.com"})");
  store.manifest(root + "empty/latest", "");
  store.manifest(root + "missing/latest",
                 fmt::format(R"({{"mediaType":"application/vnd.ollama.image.model","digest":"{}","size":1}})",
                             digest_of("nobody has it")->text()));
  store.manifest(
      root + "attack/latest",
      R"({"mediaType":"application/vnd.ollama.image.model","digest":"sha256:../../../../etc/passwd","size":1})");
  dir.write("ollama/manifests/" + root + "noise/latest", "\x01\x02");
  dir.write("ollama/manifests/stray", "x");
  const auto error = [&](const char* name) { return find_in_ollama_store(store.folder(), named(name)).error(); };
  EXPECT_EQ(error("mlx").code, Errc::unsupported);
  EXPECT_TRUE(contains(error("mlx").detail, "safetensors"));
  EXPECT_TRUE(contains(error("cloud").detail, "it runs on https://ollama.com"));
  EXPECT_TRUE(contains(error("empty").detail, "names no model file"));
  EXPECT_TRUE(contains(error("missing").detail, "not whole"));
  EXPECT_EQ(error("attack").code, Errc::corrupt);
  EXPECT_TRUE(contains(error("attack").detail, "digest: want sha256:"));
  EXPECT_EQ(error("noise").code, Errc::corrupt);
  const StoreListing listing = list_ollama_store(store.folder());
  EXPECT_TRUE(listing.models.empty());
  EXPECT_EQ(listing.notes.size(), 6u);
  // A small layer that was changed under its name.
  const std::string layers = store.layer("model", "m") + "," + store.layer("system", "Be kind.");
  store.manifest(root + "changed/latest", layers);
  dir.write("ollama/blobs/" + digest_of("Be kind.")->file_name(), "Be evil.");
  EXPECT_EQ(error("changed").code, Errc::corrupt);
}

class Environment {
 public:
  explicit Environment(const std::map<std::string, std::string>& values) {
    for (const char* name : {"LLAMA_CACHE", "HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE", "HF_HOME", "XDG_CACHE_HOME",
                             "OLLAMA_MODELS", "HOME"}) {
      const char* const old = std::getenv(name);
      old_[name] = old == nullptr ? std::nullopt : std::optional<std::string>(old);
      ::unsetenv(name);
    }
    for (const auto& [name, value] : values) ::setenv(name.c_str(), value.c_str(), 1);
  }
  ~Environment() {
    for (const auto& [name, value] : old_) value ? ::setenv(name.c_str(), value->c_str(), 1) : ::unsetenv(name.c_str());
  }

 private:
  std::map<std::string, std::optional<std::string>> old_;
};

TEST(StoreFoldersTest, InTheOrderOfTheirTools) {
  using Paths = std::vector<std::string>;
  const auto hub = [](std::map<std::string, std::string> values) {
    const Environment environment(values);
    return store_folders().hugging_face;
  };
  EXPECT_EQ(hub({{"HOME", "/h"}}), Paths{"/h/.cache/huggingface/hub"});
  EXPECT_EQ(hub({{"HOME", "/h"}, {"XDG_CACHE_HOME", "/x"}}), Paths{"/x/huggingface/hub"});
  EXPECT_EQ(hub({{"HF_HOME", "/f"}, {"XDG_CACHE_HOME", "/x"}}), Paths{"/f/hub"});
  EXPECT_EQ(hub({{"HUGGINGFACE_HUB_CACHE", "/o"}, {"HF_HOME", "/f"}}), Paths{"/o"});
  EXPECT_EQ(hub({{"HF_HUB_CACHE", "~/c"}, {"HUGGINGFACE_HUB_CACHE", "/o"}, {"HOME", "/h"}}), Paths{"/h/c"});
  EXPECT_EQ(hub({{"LLAMA_CACHE", "/l"}, {"HF_HUB_CACHE", "/c"}}), (Paths{"/l", "/c"}));
  const Environment environment(std::map<std::string, std::string>{{"HOME", "/h"}});
  EXPECT_EQ(store_folders().ollama, (Paths{"/h/.ollama/models", "/usr/share/ollama/.ollama/models"}));
  ::setenv("OLLAMA_MODELS", "/o", 1);
  EXPECT_EQ(store_folders().ollama, Paths{"/o"});
}

class ResolveTest : public RegistryFixture {
 protected:
  ResolveTest() : ollama_(dir_), cache_(dir_), folders_{{cache_.folder()}, {ollama_.folder()}} {}
  Result<ResolvedModel> found(std::string_view name) { return resolve(registry_.get(), folders_, named(name)); }
  OllamaStore ollama_;
  HfCache cache_;
  StoreFolders folders_;
};

TEST_F(ResolveTest, ThePathThenTheRegistryThenTheStores) {
  const std::string path = dir_.write("m.gguf", tiny_gguf());
  EXPECT_EQ(found(path)->paths, std::vector<std::string>{path});
  EXPECT_EQ(found(path)->found_in, FoundIn::path);
  EXPECT_EQ(found(dir_.path("none.gguf")).error().code, Errc::not_found);
  EXPECT_FALSE(found(path + "@fast"));
  ollama_.manifest("registry.ollama.ai/library/m/latest", ollama_.layer("model", tiny_gguf(1)));
  EXPECT_EQ(found("m")->found_in, FoundIn::ollama);
  EXPECT_TRUE(check_runnable(*found("m")));
  EXPECT_TRUE(contains(found("m@fast").error().detail, "has no variants here"));
  cache_.revision("org--repo", "main", kCommit);
  cache_.file("org--repo", kCommit, "M-Q4_0.gguf", tiny_gguf(2));
  EXPECT_EQ(found("hf.co/org/repo")->found_in, FoundIn::hugging_face);
  Model mine = model("m", tiny_gguf(3));
  mine.settings.system = "Be brief.";
  mine.variants["precise"].sampling = {{"temperature", "0"}};
  ASSERT_TRUE(registry_->add(mine));
  EXPECT_EQ(found("m")->found_in, FoundIn::registry);
  EXPECT_EQ(found("m")->paths, mine.weights());
  EXPECT_EQ(found("m")->settings.sampling.size(), 0u);
  EXPECT_EQ(found("m@precise")->settings.sampling.size(), 1u);
  EXPECT_EQ(found("m@precise")->settings.system, "Be brief.");
  EXPECT_TRUE(contains(found("m@fast").error().detail, "no such variant"));
  const Error none = found("nothing").error();
  EXPECT_EQ(none.code, Errc::not_found);
  for (const char* part : {"model 'nothing:latest' not found", "the registry", "ollama", "quern pull nothing:latest"}) {
    EXPECT_TRUE(contains(none.detail, part)) << none.detail;
  }
  EXPECT_EQ(resolve(nullptr, folders_, named("hf.co/org/repo"))->found_in, FoundIn::hugging_face);
}

TEST_F(ResolveTest, WhatOnlyOllamaReadsIsRefused) {
  const std::string seeing = text_of(tiny_builder().tensor("v.patch", kernels::TensorType::f32, {8}).build());
  ollama_.manifest("registry.ollama.ai/library/gemma3/latest", ollama_.layer("model", seeing));
  const Status runnable = check_runnable(*found("gemma3"));
  ASSERT_FALSE(runnable);
  EXPECT_TRUE(contains(runnable.error().detail, "v.patch")) << runnable.error().detail;
  ollama_.manifest("registry.ollama.ai/library/tuned/latest",
                   ollama_.layer("model", tiny_gguf()) + "," + ollama_.layer("adapter", tiny_adapter()));
  EXPECT_TRUE(contains(check_runnable(*found("tuned")).error().detail, "adapters cannot be applied"));
}

TEST_F(ResolveTest, ABrokenManifestIsNoMissingModel) {
  dir_.write("ollama/manifests/registry.ollama.ai/library/m/latest", "{");
  EXPECT_EQ(found("m").error().code, Errc::corrupt);
}

}  // namespace
}  // namespace quern::registry
