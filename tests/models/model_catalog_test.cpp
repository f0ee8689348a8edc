#include "models/model_catalog.hpp"

#include "tests/support/piece_tokenizer.hpp"

#include <gtest/gtest.h>

namespace quern::models {
namespace {

const test::PieceTokenizer& tokenizer() {
  static const test::PieceTokenizer instance({"a"});
  return instance;
}

ByteLedger ledger(1 << 20);
const SteadyClock clock;

std::shared_ptr<ServedModel> model(std::string id, std::vector<std::string> aliases = {}) {
  static const engine::chat::TemplateSet chat = engine::chat::TemplateSet::builtin("plain").value();
  return std::make_shared<ServedModel>(
      ServedModel{.id = std::move(id), .aliases = std::move(aliases), .tokenizer = tokenizer(), .chat = chat});
}

TEST(ModelCatalog, FindsByIdAliasAndDefaultTag) {
  ModelCatalog catalog(ledger, clock);
  ASSERT_TRUE(catalog.add(model("qwen3:8b", {"small"})));
  ASSERT_TRUE(catalog.add(model("llama:latest")));
  EXPECT_EQ((*catalog.find("qwen3:8b"))->id, "qwen3:8b");
  EXPECT_EQ((*catalog.find("small"))->id, "qwen3:8b");
  EXPECT_EQ((*catalog.find("small:latest"))->id, "qwen3:8b");
  EXPECT_EQ((*catalog.find("llama"))->id, "llama:latest");
  EXPECT_EQ((*catalog.find("llama:latest"))->id, "llama:latest");
  EXPECT_EQ((*catalog.find(""))->id, "qwen3:8b") << "the first one";
}

TEST(ModelCatalog, AnUnknownNameIsAnErrorThatShowsWhatThereIs) {
  ModelCatalog catalog(ledger, clock);
  ASSERT_TRUE(catalog.add(model("one")));
  ASSERT_TRUE(catalog.add(model("two")));
  const auto found = catalog.find("qwen3");
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, Errc::not_found);
  EXPECT_EQ(found.error().field, "model");
  EXPECT_EQ(found.error().detail, "model: this server has one, two, not \"qwen3\"");
  std::string long_name(79, 'x');
  for (int i = 0; i < 50; ++i) long_name += "\u00E9";
  EXPECT_NE(catalog.find(long_name).error().detail.find(std::string(79, 'x') + "\"..."), std::string::npos)
      << "no character is cut";
}

TEST(ModelCatalog, AModelCanBeDescribedAnewAndRemoved) {
  ModelCatalog catalog(ledger, clock);
  LoadableModel loadable{.card = {.id = "small:latest"}, .estimated_bytes = 10};
  EXPECT_FALSE(catalog.describe(loadable));
  ASSERT_TRUE(catalog.add(loadable));
  loadable.card.quantization = "Q4_K";
  EXPECT_TRUE(catalog.describe(loadable));
  EXPECT_EQ((*catalog.find("small"))->quantization, "Q4_K");
  EXPECT_EQ(catalog.views().size(), 1u);
  EXPECT_TRUE(catalog.add_name("small:latest", "tiny"));
  EXPECT_FALSE(catalog.add_name("nobody", "none"));
  EXPECT_EQ((*catalog.find("tiny"))->id, "small:latest");
  EXPECT_TRUE(catalog.remove("small"));
  EXPECT_FALSE(catalog.remove("small"));
  EXPECT_FALSE(catalog.find("small"));
  EXPECT_TRUE(catalog.views().empty());
}

TEST(ModelCatalog, AnyNameMayMeanTheDefault) {
  ModelCatalog catalog(ledger, clock, true);
  ASSERT_TRUE(catalog.add(model("one")));
  EXPECT_EQ((*catalog.find("gpt-4o"))->id, "one");
}

}  // namespace
}  // namespace quern::models
