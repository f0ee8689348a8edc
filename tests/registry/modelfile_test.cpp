#include "registry/modelfile.hpp"

#include "base/xoshiro.hpp"
#include "registry/create.hpp"
#include "tests/registry/gguf_files.hpp"
#include "tests/registry/registry_fixture.hpp"

#include <fmt/ranges.h>

namespace quern::registry {
namespace {

using Texts = std::vector<std::string>;

Modelfile parsed(std::string_view text) {
  const Result<Modelfile> out = parse_modelfile(text, "Modelfile");
  EXPECT_TRUE(out) << out.error().detail;
  return out ? *out : Modelfile();
}
std::string error(std::string_view text) {
  const Result<Modelfile> out = parse_modelfile(text, "Modelfile");
  EXPECT_FALSE(out) << text;
  return out ? "" : out.error().detail;
}

constexpr const char* kModelfile = R"(# a model
FROM qwen3:8b
PARAMETER temperature 0.3
parameter stop "<|im_end|>"
PARAMETER stop </s>
PARAMETER num_ctx 4096
PARAMETER keep_alive 5m
PARAMETER num_gpu 99

SYSTEM """
You are "Mario".
  Answer briefly.
"""
MESSAGE user Hello there
MESSAGE assistant """It's-a me!"""
LICENSE MIT
REQUIRES 0.6.0
TEMPLATE """{{ .System }} {{ .Prompt }}"""
ADAPTER ./lora.gguf
)";

TEST(ModelfileTest, EveryCommand) {
  const Modelfile file = parsed(kModelfile);
  EXPECT_EQ(file.from, "qwen3:8b");
  EXPECT_EQ(file.settings.sampling, (std::vector<std::pair<std::string, std::string>>{{"temperature", "0.3"}}));
  EXPECT_EQ(file.settings.stop, (Texts{"<|im_end|>", "</s>"}));
  EXPECT_EQ(file.settings.ctx, 4096u);
  EXPECT_EQ(file.settings.keep_alive, std::chrono::seconds(300));
  EXPECT_EQ(file.settings.system, "You are \"Mario\".\n  Answer briefly.");
  EXPECT_EQ(file.settings.messages, (std::vector<SampleMessage>{{"user", "Hello there"}, {"assistant", "It's-a me!"}}));
  EXPECT_EQ(file.settings.licenses, Texts{"MIT"});
  EXPECT_EQ(file.settings.go_template, "{{ .System }} {{ .Prompt }}");
  EXPECT_EQ(file.adapters, Texts{"./lora.gguf"});
  EXPECT_EQ(file.tags.at("requires"), "0.6.0");
  EXPECT_EQ(file.notes.size(), 2u);
}

TEST(ModelfileTest, FormsOfTexts) {
  EXPECT_EQ(parsed("from \"./a model.gguf\"  ").from, "./a model.gguf");
  EXPECT_EQ(parsed("FROM a\r\nSYSTEM \"\"\"one\r\ntwo\"\"\"\r\n").settings.system, "one\ntwo");
  EXPECT_EQ(parsed("FROM a\nSYSTEM not # a comment").settings.system, "not # a comment");
  EXPECT_EQ(parsed("\xef\xbb\xbf"
                   "FROM a")
                .from,
            "a");
  EXPECT_EQ(parsed("FROM a\nTEMPLATE {% for m in messages %}{% endfor %}").settings.template_text,
            "{% for m in messages %}{% endfor %}");
  EXPECT_EQ(parsed("FROM a\nSYSTEM \"\"\"\n\nx\n\n\"\"\"").settings.system, "\nx\n");
}

TEST(ModelfileTest, ErrorsNameTheLine) {
  EXPECT_EQ(error(""), "Modelfile: want a line FROM with a name or a path, found none");
  EXPECT_EQ(error("FROM a\nFROM b"), "Modelfile:2: FROM: want it once, found it again");
  EXPECT_NE(error("FROM a\n\nBOGUS x").find("Modelfile:3: want FROM, PARAMETER"), std::string::npos);
  EXPECT_NE(error("FROM a\nPARAMETER temprature 1").find("Modelfile:2: temprature: there is no such parameter"),
            std::string::npos);
  EXPECT_NE(error("FROM a\nPARAMETER top_p 7").find("Modelfile:2: top_p: must be between"), std::string::npos);
  EXPECT_NE(error("FROM a\nPARAMETER top_p").find("want a name and a value"), std::string::npos);
  EXPECT_NE(error("FROM a\nMESSAGE robot hi").find("Modelfile:2: MESSAGE: want system, user or assistant"),
            std::string::npos);
  EXPECT_EQ(error("FROM a\nSYSTEM \"\"\"x\ny"),
            "Modelfile:2: want \"\"\" that end the text, found the end of the file");
  EXPECT_NE(error("FROM a\nSYSTEM \"x").find("Modelfile:2: want a quote"), std::string::npos);
  EXPECT_NE(error("FROM a\nSYSTEM \"\"\"x\"\"\" y").find("want nothing behind"), std::string::npos);
  EXPECT_NE(error("FROM a\nSYSTEM").find("SYSTEM: want a value"), std::string::npos);
  EXPECT_NE(error("FROM a\nDRAFT d").find("not supported"), std::string::npos);
  EXPECT_NE(error(std::string(kMaxModelfileBytes + 1, '#')).find("at most"), std::string::npos);
}

TEST(ModelfileTest, YamlSaysTheSame) {
  const Result<Modelfile> file = parse_model_yaml(
      "from: qwen3:8b\n"
      "parameters: {temperature: 0.3, stop: ['<|im_end|>', '</s>'], num_ctx: 4096, num_gpu: 99}\n"
      "keep_alive: 5m\n"
      "system: |-\n  You are \"Mario\".\n    Answer briefly.\n"
      "messages:\n  - {role: user, content: Hello there}\n  - {role: assistant, content: \"It's-a me!\"}\n"
      "license: MIT\nrequires: 0.6.0\nadapters: [./lora.gguf]\n"
      "variants:\n  precise: {parameters: {temperature: 0}, system: Think.}\naliases: [m]\npin: true\n",
      "model.yaml");
  ASSERT_TRUE(file) << file.error().detail;
  Modelfile want = parsed(kModelfile);
  want.settings.go_template.clear();
  EXPECT_EQ(file->settings, want.settings);
  EXPECT_EQ(file->from, want.from);
  EXPECT_EQ(file->adapters, want.adapters);
  EXPECT_EQ(file->tags, want.tags);
  EXPECT_EQ(file->variants.at("precise").system, "Think.");
  EXPECT_EQ(file->variants.at("precise").sampling.at(0).second, "0");
  EXPECT_EQ(file->aliases, Texts{"m"});
  EXPECT_TRUE(file->pin);
}

TEST(ModelfileTest, YamlErrorsNameTheLine) {
  const std::pair<std::string, std::string> cases[] = {
      {"", "want lines of the form key: value"},
      {"[]", "want lines of the form key: value"},
      {"system: x", "want from:"},
      {"from: a\nbogus: 1", "m.yaml:2: bogus: there is no such key"},
      {"from: a\nparameters: {bogus: 1}", "m.yaml:2: bogus: there is no such parameter"},
      {"from: a\nparameters: 1", "m.yaml:2: parameters: want names"},
      {"from: [a, b]", "m.yaml:1: from: want a text"},
      {"from: a\nvariants: {'a b': {}}", "m.yaml:2: variant: want 1 to 40"},
      {"from: a\nvariants: {x: {from: b}}", "from: there is no such key"},
      {"from: a\nmessages: [{role: robot, content: x}]", "m.yaml:2: messages: want system, user or assistant"},
      {"from: a\npin: maybe", "m.yaml:2: pin: want true or false"},
      {"from: a\nkeep_alive: soon", "m.yaml:2: keep_alive"},
      {"from: \"a", "m.yaml:1:"},
      {"from: " + std::string(100'000, '['), "less nesting"},
  };
  for (const auto& [text, want] : cases) {
    const Result<Modelfile> file = parse_model_yaml(text, "m.yaml");
    ASSERT_FALSE(file) << text;
    EXPECT_NE(file.error().detail.find(want), std::string::npos) << text.substr(0, 80) << ": " << file.error().detail;
  }
}

TEST(ModelfileTest, AnyBytes) {
  Xoshiro256 random(3);
  for (int round = 0; round < 3000; ++round) {
    std::string text = kModelfile;
    for (int i = 0; i < 4; ++i) text[random.next() % text.size()] = static_cast<char>(random.next());
    text.resize(random.next() % (text.size() + 1));
    const Result<Modelfile> file = parse_modelfile(text, "m");
    EXPECT_TRUE(file || !file.error().detail.empty());
    const Result<Modelfile> yaml = parse_model_yaml(text, "m");
    EXPECT_TRUE(yaml || !yaml.error().detail.empty());
  }
}

TEST(ModelfileTest, WrittenAndReadAgain) {
  Model model;
  model.name = named("base");
  model.settings = parsed(kModelfile).settings;
  const Modelfile again = parsed(modelfile_text(model));
  EXPECT_EQ(again.from, "base:latest");
  EXPECT_EQ(again.settings, model.settings);
}

class CreateTest : public RegistryFixture {
 protected:
  Result<std::vector<std::string>> make(std::string_view name, std::string_view text, bool copy = false) {
    const Result<Modelfile> file = parse_modelfile(text, "Modelfile");
    if (!file) return file.error();
    return create(*registry_, folders_, named(name), *file, {.folder = dir_.path(), .copy = copy, .on_bytes = {}});
  }
  StoreFolders folders_;
};

TEST_F(CreateTest, FromAFileInPlaceOrCopied) {
  const std::string path = dir_.write("m.gguf", tiny_gguf());
  const auto notes = make("in-place", "FROM ./m.gguf\nSYSTEM Hi");
  ASSERT_TRUE(notes) << notes.error().detail;
  EXPECT_NE(fmt::format("{}", fmt::join(*notes, "")).find("read where it is"), std::string::npos);
  Model model = registry_->find(named("in-place")).value();
  EXPECT_EQ(model.files[0].path, path);
  EXPECT_EQ(model.facts.n_layer, 3u);
  EXPECT_EQ(model.settings.system, "Hi");
  ASSERT_TRUE(make("copied", "FROM ./m.gguf", true));
  EXPECT_TRUE(has(tiny_gguf()));
  EXPECT_EQ(registry_->find(named("copied"))->files[0].digest, digest_of(tiny_gguf()).value());
  ASSERT_TRUE(registry_->remove(named("copied")));
  ASSERT_TRUE(registry_->remove(named("in-place")));
  EXPECT_FALSE(has(tiny_gguf()));
  EXPECT_EQ(content_of(path), tiny_gguf());
}

TEST_F(CreateTest, FromAModelSharesItsFilesAndSettings) {
  Model base = model("base", tiny_gguf());
  base.settings.sampling = {{"temperature", "0.9"}, {"top_k", "10"}};
  base.settings.system = "Base.";
  ASSERT_TRUE(registry_->add(base));
  ASSERT_TRUE(make("mine", "FROM base\nPARAMETER temperature 0.1"));
  const Model mine = registry_->find(named("mine")).value();
  EXPECT_EQ(mine.files, base.files);
  EXPECT_EQ(mine.settings.sampling,
            (std::vector<std::pair<std::string, std::string>>{{"temperature", "0.1"}, {"top_k", "10"}}));
  EXPECT_EQ(mine.settings.system, "Base.");
  EXPECT_EQ(mine.origin, named("base").canonical());
  ASSERT_TRUE(make("mine", "FROM base\nSYSTEM Other."));  // again: the first one is kept as the previous version
  EXPECT_EQ(registry_->find(named("mine"))->settings.system, "Other.");
  EXPECT_EQ(registry_->previous(named("mine")).value()->settings.system, "Base.");
}

TEST_F(CreateTest, RefusesWhatIsNoModel) {
  dir_.write("lora.gguf", tiny_adapter());
  dir_.write("m.gguf", tiny_gguf());
  dir_.write("text.gguf", "text");
  EXPECT_EQ(make("x", "FROM nothing").error().code, Errc::not_found);
  EXPECT_NE(make("x", "FROM ./lora.gguf").error().detail.find("found a LoRA adapter"), std::string::npos);
  EXPECT_NE(make("x", "FROM ./m.gguf\nADAPTER ./m.gguf").error().detail.find("found a model"), std::string::npos);
  EXPECT_NE(make("x", "FROM ./m.gguf\nADAPTER other").error().detail.find("want a path"), std::string::npos);
  EXPECT_NE(make("x", "FROM ./text.gguf").error().detail.find("text.gguf"), std::string::npos);
  EXPECT_FALSE(make("./x.gguf", "FROM ./m.gguf"));
  EXPECT_TRUE(names().empty());
  ASSERT_TRUE(make("x", "FROM ./m.gguf\nADAPTER ./lora.gguf"));
  EXPECT_EQ(registry_->find(named("x"))->files[1].role, FileRole::adapter);
}

}  // namespace
}  // namespace quern::registry
