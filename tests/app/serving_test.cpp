// Several models in one process, over HTTP: vectors and scores as the golden data has them, beside a model that
// generates.
#include "app/serving.hpp"

#include "tests/app/served_process.hpp"
#include "tests/app/vectors.hpp"
#include "tests/support/golden_json.hpp"

#include <cstring>
#include <string_view>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

std::vector<float> decoded(const std::string& base64) {
  const auto digit = [](char c) -> std::uint32_t {
    constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    return static_cast<std::uint32_t>(kDigits.find(c));
  };
  std::string bytes;
  std::uint32_t bits = 0, n_bits = 0;
  for (const char c : base64) {
    if (c == '=') break;
    bits = bits << 6 | digit(c);
    n_bits += 6;
    if (n_bits >= 8) bytes += static_cast<char>(bits >> (n_bits -= 8) & 0xff);
  }
  std::vector<float> out(bytes.size() / sizeof(float));
  std::memcpy(out.data(), bytes.data(), out.size() * sizeof(float));
  return out;
}

// One process for all tests: it answers whatever is asked of which model.
class ServingTest : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    shared_ = std::make_unique<ServedProcess>(options_for({{.path = {}, .names = {"stories", "small"}}},
                                                          {{.path = model_file("jina-bert-v2"), .names = {"embed"}},
                                                           {.path = model_file("bert-rerank"), .names = {"rank"}},
                                                           {.path = model_file("qwen3-rerank"), .names = {"rank2"}}}));
  }
  static void TearDownTestSuite() { shared_.reset(); }
  static ServedProcess& process() { return *shared_; }

 private:
  static inline std::unique_ptr<ServedProcess> shared_;
};

json::value golden() {
  return test::read_json(std::string(QUERN_TEST_DATA_DIR) + "/arch/jina-bert-v2.json");
}

TEST_F(ServingTest, EmbeddingsAreTheGoldenVectors) {
  json::array inputs;
  const json::value want = golden();
  for (const json::value& sequence : want.at("sequences").as_array()) inputs.push_back(sequence.at("tokens"));
  for (const char* const format : {"float", "base64"}) {
    const json::value got =
        process().answer("/v1/embeddings", {{"model", "embed"}, {"input", inputs}, {"encoding_format", format}});
    EXPECT_EQ(got.at("object"), "list");
    EXPECT_EQ(got.at("model"), "embed");
    std::size_t n_tokens = 0;
    for (std::size_t i = 0; i < inputs.size(); ++i) {
      n_tokens += inputs[i].as_array().size();
      const json::value& one = got.at("data").at(i);
      EXPECT_EQ(one.at("index"), i);
      const std::vector<float> vector = one.at("embedding").is_string()
                                            ? decoded(std::string(one.at("embedding").as_string()))
                                            : test::to_floats(one.at("embedding"));
      const auto golden_vector = unit(test::to_floats(want.at("sequences").at(i).at("embeddings").at("mean")));
      EXPECT_LT(distance(vector, golden_vector), 0.02) << "bf16 tiers round; others are far closer";
    }
    EXPECT_EQ(got.at("usage").at("prompt_tokens"), n_tokens);
  }
}

TEST_F(ServingTest, AnEmptyNameMeansTheFirstModelThatCanDoTheWork) {
  EXPECT_EQ(process().answer("/v1/embeddings", {{"input", "ab"}}).at("model"), "embed");
  EXPECT_EQ(process().answer("/v1/completions", {{"prompt", "Once"}, {"max_tokens", 2}}).at("model"), "stories");
  EXPECT_EQ(process().answer("/v1/rerank", {{"query", "a"}, {"documents", json::array{"b"}}}).at("model"), "rank");
}

TEST_F(ServingTest, AModelThatCannotDoTheWorkSaysWhoCan) {
  const Reply chat = process().post("/v1/completions", {{"model", "embed"}, {"prompt", "Once"}});
  EXPECT_EQ(chat.status, 400) << chat.body;
  EXPECT_NE(chat.body.find("embed computes embeddings, it cannot generate text; stories can"), std::string::npos)
      << chat.body;
  EXPECT_EQ(process().post("/v1/embeddings", {{"model", "small"}, {"input", "a"}}).status, 400);
  EXPECT_EQ(process().post("/v1/embeddings", {{"model", "nobody"}, {"input", "a"}}).status, 404);
  EXPECT_EQ(process().post("/api/chat", {{"model", "rank"}, {"messages", json::array()}}).status, 400);
}

TEST_F(ServingTest, TextsAndTokensAreTheSame) {
  const json::value text = process().answer("/v1/embeddings", {{"input", {"ab", "cd"}}});
  const json::value tokens =
      process().answer("/tokenize", {{"model", "embed"}, {"content", "ab"}, {"add_special", true}});
  const json::value again = process().answer("/v1/embeddings", {{"input", tokens.at("tokens")}});
  EXPECT_EQ(text.at("data").at(0).at("embedding"), again.at("data").at(0).at("embedding"));
  EXPECT_NE(text.at("data").at(1).at("embedding"), again.at("data").at(0).at("embedding"));
}

TEST_F(ServingTest, FewerDimensionsAreAUnitVectorToo) {
  const auto full =
      test::to_floats(process().answer("/v1/embeddings", {{"input", "ab"}}).at("data").at(0).at("embedding"));
  const auto cut = test::to_floats(
      process().answer("/v1/embeddings", {{"input", "ab"}, {"dimensions", 8}}).at("data").at(0).at("embedding"));
  EXPECT_LT(distance(cut, unit({full.begin(), full.begin() + 8})), 1e-5);
  const Reply reply = process().post("/v1/embeddings", {{"input", "ab"}, {"dimensions", 65}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("dimensions"), std::string::npos);
}

TEST_F(ServingTest, LongTextsAreRefusedWithNumbersOrCut) {
  std::string text;
  for (int i = 0; i < 2000; ++i) text += "ab ";
  const Reply reply = process().post("/v1/embeddings", {{"input", {"a", text}}});
  EXPECT_EQ(reply.status, 400);
  EXPECT_NE(reply.body.find("input[1]"), std::string::npos) << reply.body;
  const json::value cut = process().answer("/v1/embeddings", {{"input", text}, {"truncate", true}});
  EXPECT_GT(cut.at("usage").at("prompt_tokens").as_int64(), 100);
  EXPECT_EQ(process().answer("/api/embed", {{"model", "embed"}, {"input", text}}).at("embeddings").as_array().size(),
            1u)
      << "Ollama's default";
  EXPECT_EQ(process().post("/api/embed", {{"model", "embed"}, {"input", text}, {"truncate", false}}).status, 400);
}

TEST_F(ServingTest, WrongFieldsAreNamed) {
  const auto refused = [&](const char* path, const json::value& body, const char* field) {
    const Reply reply = process().post(path, body);
    EXPECT_EQ(reply.status, 400) << reply.body;
    EXPECT_NE(reply.body.find(field), std::string::npos) << reply.body;
  };
  refused("/v1/embeddings", json::object(), "input");
  refused("/v1/embeddings", {{"input", json::array()}}, "input");
  refused("/v1/embeddings", {{"input", 3}}, "input");
  refused("/v1/embeddings", {{"input", {"a", 3}}}, "input[1]");
  refused("/v1/embeddings", {{"input", {1, 700}}}, "input[1]");
  refused("/v1/embeddings", {{"input", "a"}, {"encoding_format", "hex"}}, "encoding_format");
  refused("/v1/rerank", {{"documents", json::array{"a"}}}, "query");
  refused("/v1/rerank", {{"query", "a"}}, "documents");
  refused("/v1/rerank", {{"query", "a"}, {"documents", {"a", 1}}}, "documents[1]");
  refused("/v1/rerank", {{"query", "a"}, {"documents", json::array{"a"}}, {"top_n", 0}}, "top_n");
  refused("/api/embed", {{"input", 3}}, "input");
  refused("/api/embed", {{"input", {"a", 3}}}, "input[1]");
}

TEST_F(ServingTest, OllamasEmbeddings) {
  const json::value two = process().answer("/api/embed", {{"model", "embed:latest"}, {"input", {"ab", "cd"}}});
  EXPECT_EQ(two.at("model"), "embed:latest");
  ASSERT_EQ(two.at("embeddings").as_array().size(), 2u);
  const auto vector = test::to_floats(two.at("embeddings").at(0));
  EXPECT_LT(distance(vector, unit(vector)), 1e-5);
  EXPECT_GT(two.at("total_duration").as_int64(), 0);
  const json::value older = process().answer("/api/embeddings", {{"model", "embed"}, {"prompt", "ab"}});
  EXPECT_LT(distance(unit(test::to_floats(older.at("embedding"))), vector), 1e-5);
  EXPECT_TRUE(process().answer("/api/embed", {{"model", "embed"}}).at("embeddings").as_array().empty());
  const json::value cut = process().answer("/api/embed", {{"model", "embed"}, {"input", "ab"}, {"dimensions", 4}});
  EXPECT_EQ(cut.at("embeddings").at(0).as_array().size(), 4u);
}

TEST_F(ServingTest, RankingPutsTheBestFirst) {
  const json::array documents{"a", "b", "c", json::object{{"text", "d"}}};
  for (const char* const model : {"rank", "rank2"}) {
    const json::value got = process().answer(
        "/v1/rerank", {{"model", model}, {"query", "a"}, {"documents", documents}, {"return_documents", true}});
    const json::array& results = got.at("results").as_array();
    ASSERT_EQ(results.size(), 4u);
    double before = 1;
    for (const json::value& result : results) {
      const double score = result.at("relevance_score").to_number<double>();
      EXPECT_LE(score, before);
      EXPECT_GE(score, 0);
      before = score;
      const std::string text(1, static_cast<char>('a' + result.at("index").as_int64()));
      EXPECT_EQ(std::string(result.at("document").at("text").as_string()), text);
    }
    const json::value best =
        process().answer("/v1/rerank", {{"model", model}, {"query", "a"}, {"documents", documents}, {"top_n", 1}});
    ASSERT_EQ(best.at("results").as_array().size(), 1u);
    EXPECT_EQ(best.at("results").at(0).at("index"), results[0].at("index"));
    EXPECT_FALSE(best.at("results").at(0).as_object().contains("document"));
  }
}

TEST_F(ServingTest, ScoresAreThoseOfThePairAlone) {
  const json::value both = process().answer(
      "/v1/rerank", {{"model", "rank"}, {"query", "ab"}, {"documents", {"cd", "a"}}, {"raw_scores", true}});
  for (const json::value& result : both.at("results").as_array()) {
    const char* const document = result.at("index").as_int64() == 0 ? "cd" : "a";
    const json::value list = process().answer(
        "/rerank", {{"model", "rank"}, {"query", "ab"}, {"texts", json::array{document}}, {"raw_scores", true}});
    ASSERT_TRUE(list.is_array()) << "as text-embeddings-inference has it";
    EXPECT_EQ(list.at(0).at("score"), result.at("relevance_score"));
  }
}

TEST_F(ServingTest, OperatorsSeeEveryModel) {
  const json::value models = json::parse(process().get("/v1/models").body);
  ASSERT_EQ(models.at("data").as_array().size(), 4u);
  EXPECT_EQ(models.at("data").at(0).at("meta").at("work"), json::array{"generate"});
  EXPECT_EQ(models.at("data").at(1).at("meta").at("work"), json::array{"embed"});
  EXPECT_EQ(models.at("data").at(2).at("meta").at("work"), json::array{"rank"});
  const std::string metrics = process().get("/metrics").body;
  for (const char* const name : {"stories", "embed", "rank"}) {
    EXPECT_NE(metrics.find(fmt::format("vllm:num_requests_running{{model_name=\"{}\"}}", name)), std::string::npos);
  }
  EXPECT_EQ(metrics.find("# HELP vllm:num_requests_running"), metrics.rfind("# HELP vllm:num_requests_running"));
  const json::value tags = json::parse(process().get("/api/tags").body);
  EXPECT_EQ(tags.at("models").at(1).at("capabilities"), json::array{"embedding"});
}

TEST(ServingAlone, ModelsOfTheSameNameAreRefused) {
  const Options options = options_for({ModelFile{}}, {{.path = model_file("jina-bert-v2"), .names = {"stories260K"}}});
  const auto machine = Machine::create(options.model).value();
  const auto serving = Serving::create(*machine, options);
  ASSERT_FALSE(serving);
  EXPECT_NE(serving.error().detail.find("stories260K"), std::string::npos) << serving.error().detail;
}

TEST(ServingAlone, AModelThatWasNotMadeForVectorsIsRefused) {
  const Options options = options_for({}, {{.path = model_file("llama"), .names = {}}});
  const auto machine = Machine::create(options.model).value();
  const auto serving = Serving::create(*machine, options);
  ASSERT_FALSE(serving);
  EXPECT_NE(serving.error().detail.find("llama.pooling_type"), std::string::npos) << serving.error().detail;
}

TEST(ServingAlone, AnEncoderNeedsNoOptionOfItsOwn) {
  ServedProcess alone(options_for({{.path = model_file("jina-bert-v2"), .names = {}}}, {}));
  EXPECT_EQ(alone.answer("/v1/embeddings", {{"input", "ab"}}).at("model"), "jina-bert-v2");
  EXPECT_EQ(alone.post("/v1/completions", {{"prompt", "a"}}).status, 404);
}

}  // namespace
}  // namespace quern::app
