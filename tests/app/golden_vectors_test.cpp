// What encoders and rerankers answer over HTTP is what the golden data has: every model there is. A rerank request has
// texts, the golden data tokens: copies of the models get a vocabulary in which each token is a word of its own.
#include "tests/app/served_process.hpp"
#include "tests/app/vectors.hpp"
#include "tests/support/golden_json.hpp"
#include "tests/support/model_editor.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <map>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quern::app {
namespace {

using Tokens = std::vector<std::int32_t>;

// Tiers that multiply in bf16 round; the others are far closer.
constexpr double kFar = 0.02;

bool embeds(const json::value& golden) {
  const json::array& sequences = golden.at("sequences").as_array();
  return !sequences.empty() && sequences[0].as_object().contains("embeddings") &&
         !sequences[0].at("embeddings").as_object().contains("rank");
}

// The name in the golden data of what the model does where nothing else is asked.
const char* pooling_name(const json::value& golden) {
  switch (golden.at("pooling_default").to_number<int>()) {
    case 1:
      return "mean";
    case 2:
      return "cls";
    case 3:
      return "last";
    default:
      return "none";
  }
}

TEST(GoldenVectors, EveryEncoderOverHttp) {
  std::map<std::string, json::value> golden;
  std::vector<ModelFile> files;
  for (const auto& entry : std::filesystem::directory_iterator(golden_models())) {
    if (entry.path().extension() != ".json") continue;
    json::value read = test::read_json(entry.path());
    if (!embeds(read)) continue;
    const std::string name = entry.path().stem().string();
    files.push_back({.path = std::filesystem::path(entry.path()).replace_extension(".gguf").string(), .names = {name}});
    golden[name] = std::move(read);
  }
  ASSERT_FALSE(golden.empty());
  if (golden.size() < 6) std::printf("only the encoders of %s\n", golden_models().c_str());
  ServedProcess process(options_for({ModelFile{}}, files));
  for (const auto& [name, want] : golden) {
    const json::array& sequences = want.at("sequences").as_array();
    json::array inputs;
    for (const json::value& sequence : sequences) inputs.push_back(sequence.at("tokens"));
    const json::value got = process.answer("/v1/embeddings", {{"model", name}, {"input", inputs}});
    for (std::size_t i = 0; i < sequences.size(); ++i) {
      const auto wanted = unit(test::to_floats(sequences[i].at("embeddings").at(pooling_name(want))));
      EXPECT_LT(distance(test::to_floats(got.at("data").at(i).at("embedding")), wanted), kFar) << name << " " << i;
    }
  }
}

// A copy of the model whose tokens are words that stand for nothing else. SPM: marks that are found in any text;
// WordPiece: whole words. `keep`: so many at the beginning stay what they are.
struct Renamed {
  std::string path;
  std::vector<std::string> words;

  std::string text(const Tokens& tokens, std::size_t begin, std::size_t end) const {
    std::string out;
    for (std::size_t i = begin; i < end; ++i) out += words[static_cast<std::size_t>(tokens[i])];
    return out;
  }
};

Renamed rename_tokens(const test::TempDir& dir, const std::string& name, bool whole_words, const char* rank_template) {
  test::ModelEditor model = test::ModelEditor::read((golden_models() / (name + ".gguf")).string());
  std::vector<std::string> pieces = model.texts("tokenizer.ggml.tokens");
  std::vector<std::int32_t> types(pieces.size(), 4);  // "user defined"
  Renamed out{.path = dir.path(name + ".gguf"), .words = pieces};
  const std::size_t n_kept = whole_words ? 5 : 3;
  for (std::size_t i = n_kept; i < pieces.size(); ++i) {
    out.words[i] = whole_words ? fmt::format("w{}x ", i) : fmt::format("<t{}>", i);
    pieces[i] = whole_words ? fmt::format("\xE2\x96\x81w{}x", i) : out.words[i];
  }
  model.set("tokenizer.ggml.tokens", pieces);
  if (!whole_words) {
    std::fill_n(types.begin(), n_kept, 3);  // "control"
    model.set("tokenizer.ggml.token_type", types);
  }
  if (rank_template != nullptr) model.set("tokenizer.chat_template.rerank", rank_template);
  model.save(out.path);
  return out;
}

double score(ServedProcess& process, const std::string& query, const std::string& document) {
  const json::value got = process.answer(
      "/v1/rerank", {{"query", query}, {"documents", json::array{json::value(document)}}, {"raw_scores", true}});
  return got.at("results").at(0).at("relevance_score").to_number<double>();
}

// [CLS] query [SEP] document [SEP]: the request has what stands between the marks.
TEST(GoldenVectors, APairWithSeparators) {
  const test::TempDir dir;
  const Renamed model = rename_tokens(dir, "bert-rerank", true, nullptr);
  ServedProcess process(options_for({}, {{.path = model.path, .names = {"rank"}}}));
  const json::value golden = test::read_json(golden_models() / "bert-rerank.json");
  for (const json::value& sequence : golden.at("sequences").as_array()) {
    const Tokens tokens = test::to_ints(sequence.at("tokens"));
    const auto separator = std::find(tokens.begin(), tokens.end(), tokens.back());
    const auto middle = static_cast<std::size_t>(separator - tokens.begin());
    const double got = score(process, model.text(tokens, 1, middle), model.text(tokens, middle + 1, tokens.size() - 1));
    EXPECT_NEAR(got, sequence.at("embeddings").at("rank").at(0).to_number<double>(), kFar);
  }
}

// The file says how a pair is put to it.
TEST(GoldenVectors, APairInTheFilesOwnTemplate) {
  const test::TempDir dir;
  const Renamed model = rename_tokens(dir, "qwen3-rerank", false, "<s>{query}<t41><t42>{document}<t43>");
  ServedProcess process(options_for({}, {{.path = model.path, .names = {"rank"}}}));
  const Renamed bare = rename_tokens(dir, "qwen3-rerank", false, "{query}{document}");
  ServedProcess plain(options_for({}, {{.path = bare.path, .names = {"rank"}}}));
  const json::value golden = test::read_json(golden_models() / "qwen3-rerank.json");
  for (const json::value& sequence : golden.at("sequences").as_array()) {
    const Tokens tokens = test::to_ints(sequence.at("tokens"));
    const double got = score(plain, model.text(tokens, 0, 9), model.text(tokens, 9, tokens.size()));
    EXPECT_NEAR(got, sequence.at("embeddings").at("rank").at(0).to_number<double>(), kFar);
    const std::string query = model.text(tokens, 1, 9), document = model.text(tokens, 9, tokens.size());
    EXPECT_EQ(score(process, query, document), score(plain, "<s>" + query + "<t41><t42>", document + "<t43>"));
  }
  // What is too long for it is refused with numbers, or the document is cut and the template stays whole.
  const std::string many = model.text(Tokens(400, 50), 0, 400);
  const Reply refused = process.post("/v1/rerank", {{"query", "<t7>"}, {"documents", json::array{json::value(many)}}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.body.find("documents[0]"), std::string::npos) << refused.body;
  EXPECT_NE(refused.body.find("405 tokens"), std::string::npos) << refused.body;
  const json::value cut = process.answer(
      "/v1/rerank", {{"query", "<t7>"}, {"documents", json::array{json::value(many)}}, {"truncate", true}});
  EXPECT_GT(cut.at("usage").at("prompt_tokens").as_int64(), 200);
}

// A template that leaves out one of the two would rank nothing: the pair is put as without one.
TEST(GoldenVectors, ATemplateWithoutItsPlacesIsLeftOut) {
  const test::TempDir dir;
  const Renamed without = rename_tokens(dir, "qwen3-rerank", false, nullptr);
  ServedProcess process(options_for({}, {{.path = without.path, .names = {"rank"}}}));
  const double want = score(process, "<t7>", "<t8>");
  const Renamed wrong = rename_tokens(dir, "qwen3-rerank", false, "only the {query}");
  ServedProcess other(options_for({}, {{.path = wrong.path, .names = {"rank"}}}));
  EXPECT_EQ(score(other, "<t7>", "<t8>"), want);
}

}  // namespace
}  // namespace quern::app
