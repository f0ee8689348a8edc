#include "registry/pull/add_pulled.hpp"

#include "registry/pull/ollama_lines.hpp"
#include "tests/registry/pull/pull_fixture.hpp"

namespace quern::registry::pull {
namespace {

class AddPulledTest : public PullTest {
 protected:
  AddPulledTest()
      : story(content_of(QUERN_SOURCE_DIR "/etc/models/stories260K.gguf")),
        models(Registry::open(dir.path("models")).value()) {
    HubRepo repo;
    repo.files["story-F32.gguf"] = HubFile::of(story);
    repo.files["mmproj-F16.gguf"] = HubFile::of(random_bytes(50'000, 2), true);
    hub.set_repo("org/story", repo);
    hub.set_plain("story.gguf", story);
    hub.set_model("library/story:latest",
                  {.config = R"({"model_format":"gguf","model_family":"llama"})",
                   .layers = {{"application/vnd.ollama.image.model", story},
                              {"application/vnd.ollama.image.params", R"({"temperature":0.5,"stop":["x","y"]})"},
                              {"application/vnd.ollama.image.system", "Tell stories."},
                              {"application/vnd.ollama.image.license", "free"}}});
  }
  PullOptions asked_for(const std::string& name) {
    PullOptions out = options(name);
    out.have_all = [this, ref = out.ref](const sources::PullPlan& plan) { return has_all(*models, ref, plan); };
    return out;
  }
  Result<Added> add(const std::string& name) {
    const auto pulled = pull(asked_for(name));
    if (!pulled) return pulled.error();
    return add_pulled(*models, options(name).ref, *pulled);
  }
  Model found(const std::string& name) { return models->find(ModelRef::parse(name, NameRules{}).value()).value(); }

  const std::string story;
  std::unique_ptr<Registry> models;
};

TEST_F(AddPulledTest, AModelOfTheHubHasTheQuantisationInItsName) {
  const auto added = add("hf.co/org/story");
  ASSERT_TRUE(added) << added.error().detail;
  EXPECT_EQ(added->name.display(), "hf.co/org/story:F32");
  EXPECT_FALSE(added->replaced);
  const Model model = found("hf.co/org/story");
  EXPECT_EQ(model.facts.family, "llama");
  ASSERT_EQ(model.files.size(), 2u);
  EXPECT_EQ(model.files[0].digest.hex(), HubFile::of(story).sha256);
  EXPECT_EQ(model.files[0].source, (Source{"hf.co/org/story", std::string(40, 'c'), "story-F32.gguf"}));
  EXPECT_EQ(model.files[1].role, FileRole::projector);
}

TEST_F(AddPulledTest, WhatIsThereIsSeenWhateverItsDigestIs) {
  for (const std::string& name :
       {std::string("hf.co/org/story"), hub.url() + "/files/story.gguf", hub.authority() + "/library/story"}) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(add(name));
    const std::uint64_t sent = hub.body_bytes();
    auto again = pull(asked_for(name));
    ASSERT_TRUE(again);
    EXPECT_TRUE(again->up_to_date);
    EXPECT_LE(hub.body_bytes() - sent, 100u);  // the config of a registry
  }
  std::filesystem::remove(found("hf.co/org/story").files[1].path);
  EXPECT_FALSE(pull(asked_for("hf.co/org/story"))->up_to_date);
}

TEST_F(AddPulledTest, OllamasLayersBecomeSettings) {
  const std::string name = hub.authority() + "/library/story";
  const auto added = add(name);
  ASSERT_TRUE(added) << added.error().detail;
  const Model model = found(name);
  EXPECT_EQ(model.settings.system, "Tell stories.");
  EXPECT_EQ(model.settings.stop, (std::vector<std::string>{"x", "y"}));
  EXPECT_EQ(model.settings.licenses, std::vector<std::string>{"free"});
  EXPECT_EQ(model.settings.sampling.at(0).second, "0.5");
  EXPECT_FALSE(model.digest.empty());
  EXPECT_EQ(model.weights().size(), 1u);
}

TEST_F(AddPulledTest, ANewVersionKeepsTheOneBefore) {
  ASSERT_TRUE(add("hf.co/org/story"));
  HubRepo repo;
  repo.commit = std::string(40, 'd');
  repo.files["story-F32.gguf"] =
      HubFile::of(content_of(QUERN_SOURCE_DIR "/etc/models/stories260K.gguf") + std::string(32, '\0'));
  hub.set_repo("org/story", repo);
  const auto added = add("hf.co/org/story");
  ASSERT_TRUE(added) << added.error().detail;
  EXPECT_TRUE(added->replaced);
  EXPECT_EQ(found("hf.co/org/story").files[0].source.commit, repo.commit);
  const auto previous = models->previous(added->name);
  ASSERT_TRUE(previous && *previous);
  EXPECT_EQ((*previous)->files[0].digest.hex(), HubFile::of(story).sha256);
}

TEST_F(AddPulledTest, WhatIsNoModelIsNotListed) {
  const auto added = add("hf.co/org/repo");  // random bytes
  EXPECT_FALSE(added);
  EXPECT_TRUE(models->list()->empty());
}

TEST(OllamaLines, HaveTheShapeThatItsClientsRead) {
  EXPECT_EQ(ollama_line({.stage = Stage::asking}), R"({"status":"pulling manifest"})");
  EXPECT_EQ(
      ollama_line(
          {.stage = Stage::downloading, .file = "x", .digest = "sha256:0123456789abcdef", .bytes = 5, .total = 9}),
      R"({"status":"pulling 0123456789ab","digest":"sha256:0123456789abcdef","total":9,"completed":5})");
  EXPECT_EQ(ollama_line({.stage = Stage::done}), R"({"status":"writing manifest"})");
  EXPECT_EQ(ollama_line({.stage = Stage::planned}), "");
  EXPECT_EQ(ollama_error_line("a \"b\""), R"({"error":"a \"b\""})");
}

}  // namespace
}  // namespace quern::registry::pull
