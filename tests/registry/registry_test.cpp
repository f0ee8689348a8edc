#include "registry/registry.hpp"

#include "registry/manifest.hpp"
#include "tests/registry/registry_fixture.hpp"

#include <filesystem>
#include <thread>

namespace quern::registry {
namespace {

using RegistryTest = RegistryFixture;
using Names = std::vector<std::string>;

TEST_F(RegistryTest, AModelComesBackAsItWasAdded) {
  Model model = this->model("me/mine:v1", "weights one");
  model.files.push_back(blob("weights two"));
  model.files.push_back(blob("projector", FileRole::projector));
  ModelFile adapter = blob("adapter", FileRole::adapter);
  adapter.scale = 0.5f;
  adapter.rank = 16;
  adapter.source = {.repo = "hf.co/org/repo", .commit = "c0ffee", .file = "sub/lora.gguf"};
  model.files.push_back(adapter);
  model.origin = "hf.co/org/repo:Q4_K_M";
  model.digest = digest_of("manifest").value();
  model.settings.sampling = {{"temperature", "0.6"}, {"top_k", "20"}};
  model.settings.stop = {"</s>", "\n\n"};
  model.settings.system = "Be brief.\nAnswer in \"English\".";
  model.settings.template_text = "{{ messages }}";
  model.settings.go_template = "{{ .Prompt }}";
  model.settings.ctx = 4096;
  model.settings.max_tokens = 100;
  model.settings.keep_alive = std::chrono::seconds(-1);
  model.settings.messages = {{"user", "Hi"}, {"assistant", "Hello"}, {"user", "Bye"}};
  model.settings.licenses = {"MIT"};
  model.variants["precise"].sampling = {{"temperature", "0"}};
  model.variants["plain"];
  model.aliases = {named("my-alias").canonical()};
  model.tags = {{"requires", "0.6.0"}};
  model.pinned = true;
  model.created_unix_s = 1000;
  model.last_used_unix_s = 2000;
  const Status added = registry_->add(model);
  ASSERT_TRUE(added) << added.error().detail;
  for (int round = 0; round < 2; ++round) {
    const Result<Model> found = registry_->find(named("me/mine:v1"));
    ASSERT_TRUE(found) << found.error().detail;
    EXPECT_EQ(*found, model);
    reopen();
  }
  const Result<Model> read = read_manifest(manifest("registry.ollama.ai/me/mine/v1.json"), dir_.path("models"));
  ASSERT_TRUE(read) << read.error().detail;
  EXPECT_EQ(*read, model);
}

TEST_F(RegistryTest, FindsByAnySpelling) {
  Model model = this->model("qwen3:8b", "a");
  model.aliases = {named("q").canonical()};
  model.variants["precise"];
  model.digest = digest_of("m").value();
  ASSERT_TRUE(registry_->add(model));
  for (const char* text : {"qwen3:8b", "QWEN3:8B", "library/qwen3:8b", "registry.ollama.ai/library/qwen3:8b", "q",
                           "Q:latest", "qwen3:8b@precise"}) {
    EXPECT_TRUE(registry_->find(named(text))) << text;
  }
  EXPECT_TRUE(registry_->find(named("qwen3:8b@" + model.digest.text())));
  const auto error = [&](std::string_view text) { return registry_->find(named(text)).error(); };
  EXPECT_EQ(error("qwen3").code, Errc::not_found);
  EXPECT_EQ(error("qwen3").detail, "model 'qwen3:latest' not found; there is qwen3:8b");
  EXPECT_EQ(error("gemma").detail, "model 'gemma:latest' not found");
  EXPECT_NE(error("qwen3:8b@fast").detail.find("it has @precise"), std::string::npos);
  EXPECT_NE(error("qwen3:8b@" + digest_of("x")->text()).detail.find(model.digest.text()), std::string::npos);
}

TEST_F(RegistryTest, AQuantisationOfTheHubMayBeLeftOut) {
  ASSERT_TRUE(registry_->add(model("hf.co/org/repo:Q8_0", "a")));
  EXPECT_EQ(registry_->find(named("hf.co/org/repo"))->name.tag, "Q8_0");
  ASSERT_TRUE(registry_->add(model("hf.co/org/repo:Q5_0", "b")));
  EXPECT_EQ(registry_->find(named("hf.co/org/repo")).error().detail,
            "hf.co/org/repo: want one of its quantisations: hf.co/org/repo:Q5_0, hf.co/org/repo:Q8_0");
  ASSERT_TRUE(registry_->add(model("hf.co/org/repo:Q4_K_M", "c")));
  EXPECT_EQ(registry_->find(named("HF.co/Org/Repo"))->name.tag, "Q4_K_M");
  EXPECT_FALSE(registry_->find(named("hf.co/org/rep")));
}

TEST_F(RegistryTest, RefusesWhatIsNotWhole) {
  Model missing = model("m", "a");
  missing.files[0].path += "0";
  EXPECT_EQ(registry_->add(missing).error().code, Errc::not_found);
  Model shorter = model("m", "a");
  shorter.files[0].size_bytes = 2;
  EXPECT_NE(registry_->add(shorter).error().detail.find("want 2 bytes, found 1"), std::string::npos);
  Model twice = model("m", "a");
  twice.files.push_back(twice.files[0]);
  EXPECT_NE(registry_->add(twice).error().detail.find("each file once"), std::string::npos);
  Model none = model("m", "a");
  none.files[0].role = FileRole::projector;
  EXPECT_NE(registry_->add(none).error().detail.find("weights among them"), std::string::npos);
  Model path = model("m", "a");
  path.name = named("/m.gguf");
  EXPECT_NE(registry_->add(path).error().detail.find("found the path"), std::string::npos);
  Model bad = model("m", "a");
  bad.settings.sampling = {{"temperature", "-3"}};
  EXPECT_NE(registry_->add(bad).error().detail.find("temperature"), std::string::npos);
  EXPECT_EQ(names(), Names());
  EXPECT_FALSE(std::filesystem::exists(dir_.path("models/manifests")));
}

TEST_F(RegistryTest, ANameIsTakenOnce) {
  ASSERT_TRUE(registry_->add(model("m", "a")));
  EXPECT_EQ(registry_->add(model("M", "b")).error().detail, "M:latest: there is a model of that name");
  ASSERT_TRUE(
      registry_->update(named("m"), [](Model& m) { return m.aliases = {named("alias").canonical()}, Status(); }));
  EXPECT_EQ(registry_->add(model("alias", "b"), OnConflict::replace).error().detail,
            "alias:latest: there is an alias of that name");
  ASSERT_TRUE(registry_->add(model("other", "b")));
  for (const char* alias : {"m", "alias", "third"}) {
    Model third = model("third", "b");
    third.aliases = {named(alias).canonical()};
    EXPECT_EQ(registry_->add(third).error().code, Errc::bad_input) << alias;
  }
  EXPECT_FALSE(
      registry_->update(named("other"), [](Model& m) { return m.aliases = {named("alias").canonical()}, Status(); }));
  EXPECT_FALSE(
      registry_->update(named("other"), [](Model& m) { return m.aliases = {named("m").canonical()}, Status(); }));
}

TEST_F(RegistryTest, FilesGoWithTheLastModelThatNamesThem) {
  const std::string foreign = dir_.write("foreign.gguf", "foreign");
  Model a = model("a", "shared"), b = model("b", "shared");
  a.files.push_back(blob("own"));
  b.files.push_back({.role = FileRole::adapter, .path = foreign, .size_bytes = 7});
  ASSERT_TRUE(registry_->add(a));
  ASSERT_TRUE(registry_->add(b));
  const Result<Freed> freed = registry_->remove(named("a"));
  ASSERT_TRUE(freed);
  EXPECT_EQ(freed->n_bytes, 3u);
  EXPECT_EQ(freed->paths, Names{a.files[1].path});
  EXPECT_TRUE(has("shared"));
  EXPECT_FALSE(has("own"));
  EXPECT_EQ(manifest("registry.ollama.ai/library/a/latest.json"), "");
  ASSERT_TRUE(registry_->remove(named("b")));
  EXPECT_FALSE(has("shared"));
  EXPECT_EQ(content_of(foreign), "foreign");
  EXPECT_EQ(registry_->remove(named("b")).error().code, Errc::not_found);
}

TEST_F(RegistryTest, WhatSomebodyHoldsStaysUntilLater) {
  ASSERT_TRUE(registry_->add(model("a", "held")));
  const BlobHold hold = registry_->blobs().hold(digest_of("held").value()).value();
  const Result<Freed> freed = registry_->remove(named("a"));
  ASSERT_TRUE(freed);
  EXPECT_EQ(freed->n_bytes, 0u);
  EXPECT_EQ(freed->in_use.size(), 1u);
  EXPECT_TRUE(has("held"));
  EXPECT_EQ(names(), Names());
}

TEST_F(RegistryTest, RemovingAnAliasLeavesTheModel) {
  Model a = model("a", "a");
  a.aliases = {named("x").canonical(), named("y").canonical()};
  ASSERT_TRUE(registry_->add(a));
  ASSERT_TRUE(registry_->remove(named("X")));
  EXPECT_EQ(registry_->find(named("a"))->aliases, Names{named("y").canonical()});
  EXPECT_FALSE(registry_->find(named("x")));
  EXPECT_TRUE(registry_->find(named("y")));
}

TEST_F(RegistryTest, ACopySharesFiles) {
  Model a = model("a", "w");
  a.variants["precise"].sampling = {{"temperature", "0"}};
  a.aliases = {named("alias").canonical()};
  a.pinned = true;
  ASSERT_TRUE(registry_->add(a));
  ASSERT_TRUE(registry_->copy(named("alias@precise"), named("b")));
  const Model b = registry_->find(named("b")).value();
  EXPECT_EQ(b.files, a.files);
  EXPECT_EQ(b.settings.sampling, a.variants["precise"].sampling);
  EXPECT_EQ(b.origin, named("a").canonical());
  EXPECT_TRUE(b.aliases.empty());
  EXPECT_FALSE(b.pinned);
  EXPECT_FALSE(registry_->copy(named("a"), named("b")));
  EXPECT_FALSE(registry_->copy(named("none"), named("c")));
  ASSERT_TRUE(registry_->remove(named("a")));
  EXPECT_TRUE(has("w"));
}

TEST_F(RegistryTest, APreviousVersionComesBack) {
  Model first = model("m", "one");
  first.pinned = true;
  first.aliases = {named("alias").canonical()};
  first.variants["precise"];
  ASSERT_TRUE(registry_->add(first));
  EXPECT_EQ(registry_->restore(named("m")).error().code, Errc::not_found);
  ASSERT_TRUE(registry_->add(model("m", "two"), OnConflict::replace));
  Model now = registry_->find(named("m")).value();
  EXPECT_EQ(now.files, model("m", "two").files);
  EXPECT_TRUE(now.pinned);
  EXPECT_EQ(now.aliases, first.aliases);
  EXPECT_TRUE(now.variants.contains("precise"));
  EXPECT_TRUE(has("one"));
  ASSERT_TRUE(registry_->restore(named("alias")));
  EXPECT_EQ(registry_->find(named("m"))->files, first.files);
  EXPECT_EQ(registry_->previous(named("m")).value()->files, now.files);
  // A third one: only the last that was replaced is kept.
  ASSERT_TRUE(registry_->add(model("m", "three"), OnConflict::replace));
  EXPECT_TRUE(has("one"));
  EXPECT_FALSE(has("two"));
  ASSERT_TRUE(registry_->add(model("m", "three"), OnConflict::replace));  // the same again replaces nothing
  EXPECT_TRUE(has("one"));
  EXPECT_EQ(registry_->forget_previous(named("m"))->n_bytes, 3u);
  EXPECT_FALSE(has("one"));
  EXPECT_FALSE(registry_->previous(named("m")).value());
  ASSERT_TRUE(registry_->add(model("m", "four"), OnConflict::replace));
  ASSERT_TRUE(registry_->remove(named("m")));
  EXPECT_FALSE(has("three") || has("four"));
}

TEST_F(RegistryTest, RemembersWhenItWasUsedAndWhatWasVerified) {
  Model a = model("a", "a");
  a.last_used_unix_s = 5;
  ASSERT_TRUE(registry_->add(a));
  registry_->touch(named("a"));
  registry_->touch(named("none"));
  reopen();  // the writer ends first
  EXPECT_GT(registry_->find(named("a"))->last_used_unix_s, 1'000'000);
  const std::string path = dir_.write("foreign", "text");
  EXPECT_FALSE(registry_->verified(path).value());
  ASSERT_TRUE(registry_->remember_verified(path, digest_of("text").value()));
  EXPECT_EQ(registry_->verified(path).value(), digest_of("text").value());
  dir_.write("foreign", "other text");
  EXPECT_FALSE(registry_->verified(path).value());
  EXPECT_FALSE(registry_->verified(dir_.path("none")));
}

TEST_F(RegistryTest, TheFolderMayMove) {
  ASSERT_TRUE(registry_->add(model("a", "weights")));
  registry_.reset();
  std::filesystem::rename(dir_.path("models"), dir_.path("moved"));
  registry_ = Registry::open(dir_.path("moved")).value();
  const Model a = registry_->find(named("a")).value();
  EXPECT_EQ(content_of(a.files[0].path), "weights");
  ASSERT_TRUE(registry_->remove(named("a")));
  EXPECT_FALSE(has("weights"));
}

TEST_F(RegistryTest, ManyThreadsAtOnce) {
  constexpr int kThreads = 4, kRounds = 15;
  std::vector<std::thread> threads;
  std::vector<std::string> errors(kThreads);
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < kRounds; ++i) {
        const std::string name = fmt::format("m{}:{}", t, i);
        Model added = model(name, name);
        const Status status = registry_->add(added);
        if (!status) errors[static_cast<std::size_t>(t)] += status.error().detail;
        if (!registry_->list() || !registry_->find(named(name)))
          errors[static_cast<std::size_t>(t)] += "not found " + name;
        if (i % 3 == 0 && !registry_->remove(named(name))) errors[static_cast<std::size_t>(t)] += "not removed " + name;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (const std::string& error : errors) EXPECT_EQ(error, "");
  EXPECT_EQ(names().size(), static_cast<std::size_t>(kThreads * kRounds * 2 / 3));
}

TEST(RegistryFolder, IsMadeOnlyWhereSomethingIsWritten) {
  const test::TempDir dir;
  EXPECT_EQ(Registry::existing(dir.path("models")).error().code, Errc::not_found);
  EXPECT_FALSE(std::filesystem::exists(dir.path("models")));
  ASSERT_TRUE(Registry::open(dir.path("models")));
  EXPECT_TRUE(Registry::existing(dir.path("models")));
}

}  // namespace
}  // namespace quern::registry
