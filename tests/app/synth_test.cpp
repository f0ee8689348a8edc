#include "app/synth/synth.hpp"

#include "app/synth/model_layout.hpp"
#include "app/synth/quant_mix.hpp"
#include "engine/gguf/reader.hpp"
#include "tests/support/gguf_touch.hpp"
#include "tests/support/model_trial.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <span>
#include <sstream>
#include <tuple>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

namespace fs = std::filesystem;
using engine::gguf::GgufFile;
using engine::gguf::Tensor;
using kernels::TensorType;

class Synth : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::path(testing::TempDir()) / ("synth_" + std::to_string(::getpid()));
    fs::remove_all(folder_);
    fs::create_directories(folder_);
  }
  void TearDown() override { fs::remove_all(folder_); }
  std::string path(const std::string& name) const { return (folder_ / (name + ".gguf")).string(); }
  static std::string contents(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  }
  fs::path folder_;
};

double stddev(const Tensor& tensor, double mean) {
  std::vector<float> values(static_cast<std::size_t>(tensor.n_values()));
  kernels::format_of(tensor.type).dequantize(tensor.data.data(), values.size(), values.data());
  double squares = 0;
  for (const float value : values) {
    EXPECT_TRUE(std::isfinite(value)) << tensor.name;
    squares += (static_cast<double>(value) - mean) * (static_cast<double>(value) - mean);
  }
  return std::sqrt(squares / static_cast<double>(values.size()));
}

// Writes it, reads it back, and checks size and weights.
void expect_sane(const std::string& path, const char* shape_name, const std::string& quant) {
  SCOPED_TRACE(std::string(shape_name) + " " + quant);
  const Status written = run_synth({.output = path, .shape = shape_name, .quant = quant, .threads = 2});
  ASSERT_TRUE(written.has_value()) << written.error().detail;
  const Shape shape = find_shape(shape_name).value();
  const QuantMix mix = QuantMix::find(quant).value();
  const auto header = make_header(shape, mix, weight_recipes(shape, mix)).value();
  EXPECT_EQ(fs::file_size(path), header.build().size() + header.data_bytes());
  const auto file = GgufFile::open(path);
  ASSERT_TRUE(file.has_value()) << file.error().detail;
  test::touch_everything(**file);
  for (const Tensor& tensor : (*file)->tensors()) {
    const bool is_norm = tensor.name.find("norm") != std::string_view::npos;
    const bool is_bias = tensor.name.ends_with(".bias");
    const double wanted = is_norm || is_bias ? 0.1 : 1 / std::sqrt(static_cast<double>(tensor.dims[0]));
    // 128 to 256 values in the small tensors: a deviation estimated from n values is off by 1 / sqrt(2 n).
    const double tolerance = tensor.n_dims == 1 ? 0.25 : 0.04;
    EXPECT_NEAR(stddev(tensor, is_norm ? 1 : 0), wanted, tolerance * wanted) << tensor.name;
  }
}

TEST_F(Synth, EveryQuantReadsBackWithSaneWeights) {
  for (const std::string& quant : QuantMix::names()) expect_sane(path(quant), "tiny", quant);
}

TEST_F(Synth, TiedAndBiasedShapesReadBackWithSaneWeights) {
  expect_sane(path("m"), "tiny-qwen2", "q4_k_m");
}

TEST_F(Synth, BytesDependOnTheSeedAndNothingElse) {
  // f32: 3 MiB of embeddings and more than one piece.
  const auto written = [&](const char* name, std::uint64_t seed, std::uint32_t threads) {
    EXPECT_TRUE(
        run_synth({.output = path(name), .shape = "tiny-qwen2", .quant = "f32", .seed = seed, .threads = threads}));
    return contents(path(name));
  };
  const std::string once = written("a", 1, 1);
  EXPECT_GT(once.size(), 4u << 20);
  EXPECT_EQ(once, written("b", 1, 5));
  EXPECT_NE(once, written("c", 2, 1));
}

TEST_F(Synth, HasTheKeysAndTensorsOfTheRealModel) {
  ASSERT_TRUE(run_synth({.output = path("m"), .shape = "tiny", .quant = "q4_k_m"}));
  const auto file = GgufFile::open(path("m")).value();
  EXPECT_EQ(file->get_string("general.architecture").value(), "llama");
  EXPECT_EQ(file->get_uint("general.file_type").value(), 15u);
  EXPECT_EQ(file->get_uint("llama.context_length").value(), 512u);
  EXPECT_EQ(file->get_uint("llama.embedding_length").value(), 256u);
  EXPECT_EQ(file->get_uint("llama.block_count").value(), 2u);
  EXPECT_EQ(file->get_uint("llama.feed_forward_length").value(), 512u);
  EXPECT_EQ(file->get_uint("llama.attention.head_count").value(), 4u);
  EXPECT_EQ(file->get_uint("llama.attention.head_count_kv").value(), 2u);
  EXPECT_EQ(file->get_uint("llama.rope.dimension_count").value(), 64u);
  EXPECT_EQ(file->get_float("llama.rope.freq_base").value(), 10000.0);
  EXPECT_NEAR(file->get_float("llama.attention.layer_norm_rms_epsilon").value(), 1e-5, 1e-9);
  EXPECT_EQ(file->get_array("tokenizer.ggml.tokens", engine::gguf::ValueType::string).value()->count, 512u);
  EXPECT_EQ(file->tensors().size(), 2u + 2 * 9 + 1);
  const std::map<std::string, std::vector<std::uint64_t>> wanted{
      {"token_embd.weight", {256, 512}},   {"output_norm.weight", {256}},
      {"output.weight", {256, 512}},       {"blk.1.attn_norm.weight", {256}},
      {"blk.1.attn_q.weight", {256, 256}}, {"blk.1.attn_k.weight", {256, 128}},
      {"blk.1.attn_v.weight", {256, 128}}, {"blk.1.attn_output.weight", {256, 256}},
      {"blk.1.ffn_norm.weight", {256}},    {"blk.1.ffn_gate.weight", {256, 512}},
      {"blk.1.ffn_up.weight", {256, 512}}, {"blk.1.ffn_down.weight", {512, 256}}};
  for (const auto& [name, dims] : wanted) {
    const Tensor* tensor = file->find_tensor(name);
    ASSERT_NE(tensor, nullptr) << name;
    EXPECT_EQ(std::vector(tensor->dims.begin(), tensor->dims.begin() + tensor->n_dims), dims) << name;
  }
  EXPECT_EQ(file->find_tensor("output.weight")->type, TensorType::q6_k);
  EXPECT_EQ(file->find_tensor("token_embd.weight")->type, TensorType::q4_k);
}

TEST_F(Synth, TheContextCanBeAskedFor) {
  ASSERT_TRUE(run_synth({.output = path("m"), .shape = "tiny", .context = 8192}));
  EXPECT_EQ(GgufFile::open(path("m")).value()->get_uint("llama.context_length").value(), 8192u);
}

TEST_F(Synth, TiedModelsHaveNoOutputAndQwen2HasBiases) {
  ASSERT_TRUE(run_synth({.output = path("m"), .shape = "tiny-qwen2", .quant = "q4_k_m"}));
  const auto file = GgufFile::open(path("m")).value();
  EXPECT_EQ(file->find_tensor("output.weight"), nullptr);
  EXPECT_EQ(file->find_tensor("token_embd.weight")->type, TensorType::q6_k);
  EXPECT_EQ(file->find_tensor("blk.0.attn_q.bias")->dims[0], 256u);
  EXPECT_EQ(file->find_tensor("blk.0.attn_v.bias")->dims[0], 128u);
  EXPECT_EQ(file->get_uint("qwen2.block_count").value(), 2u);
}

// Files of models with experts, recurrent layers and the like are accepted by the loader: names, shapes and keys fit.
TEST_F(Synth, TinyMixturesAndHybridsLoad) {
  for (const char* const shape : {"tiny-moe", "tiny-hybrid"}) {
    ASSERT_TRUE(run_synth({.output = path(shape), .shape = shape, .quant = "q8_0"}));
    std::ifstream in(path(shape), std::ios::binary);
    const std::vector<char> bytes((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
    const std::optional<Error> error = test::ModelTrial().run(std::as_bytes(std::span(bytes)));
    EXPECT_FALSE(error.has_value()) << shape << ": " << error->detail;
  }
}

// Source: the parameter counts of the published models.
TEST(SynthShapes, HaveTheParametersOfTheRealModels) {
  const std::map<std::string_view, std::uint64_t> wanted{{"smol-135m", 134515008},       {"qwen2.5-0.5b", 494032768},
                                                         {"tinyllama-1.1b", 1100048384}, {"llama-3.2-1b", 1235814400},
                                                         {"mistral-7b", 7241732096},     {"llama-3.1-8b", 8030261248},
                                                         {"qwen3-8b", 8190735360},       {"qwen3-30b-a3b", 30532122624},
                                                         {"lfm2-1.2b", 1170340608},      {"gpt-oss-20b", 20914757184}};
  for (const auto& [name, n] : wanted) EXPECT_EQ(n_parameters(find_shape(name).value()), n) << name;
}

TEST(SynthShapes, EveryShapeTakesEveryQuant) {
  for (const Shape& shape : shapes()) {
    for (const std::string& quant : QuantMix::names()) {
      engine::gguf::HeaderBuilder header;
      for (const WeightRecipe& recipe : weight_recipes(shape, QuantMix::find(quant).value())) {
        const Status added = header.add_tensor(recipe.name, recipe.type, recipe.dims);
        ASSERT_TRUE(added.has_value()) << shape.name << " " << quant << " " << added.error().detail;
      }
      EXPECT_GT(header.data_bytes(), n_parameters(shape) / 8) << shape.name << " " << quant;
    }
  }
}

TEST(SynthShapes, RopeDivisorsRunFromOneToTheFactor) {
  const Shape shape = find_shape("llama-3.2-1b").value();
  for (const WeightRecipe& recipe : weight_recipes(shape, QuantMix::find("q8_0").value())) {
    if (recipe.name != "rope_freqs.weight") continue;
    ASSERT_EQ(recipe.values.size(), 32u);
    EXPECT_EQ(recipe.values.front(), 1.0f);
    EXPECT_EQ(recipe.values.back(), 32.0f);
    EXPECT_TRUE(std::is_sorted(recipe.values.begin(), recipe.values.end()));
    return;
  }
  FAIL() << "no rope_freqs.weight";
}

TEST_F(Synth, ErrorsNameTheOption) {
  const auto expect = [](const SynthOptions& options, const char* field) {
    const Status status = run_synth(options);
    ASSERT_FALSE(status.has_value()) << field;
    EXPECT_EQ(status.error().code, Errc::bad_input);
    EXPECT_EQ(status.error().field, field) << status.error().detail;
  };
  expect({.output = ""}, "output");
  expect({.output = path("m"), .shape = "gpt-5"}, "shape");
  expect({.output = path("m"), .quant = "q99"}, "quant");
  EXPECT_TRUE(fs::is_empty(folder_));
  EXPECT_EQ(run_synth({.output = path("none/m")}).error().code, Errc::io);
}

TEST_F(Synth, ExistingFilesAreKeptUnlessAskedFor) {
  std::ofstream(path("m")) << "precious";
  const Status refused = run_synth({.output = path("m")});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().field, "output");
  EXPECT_EQ(contents(path("m")), "precious");
  ASSERT_TRUE(run_synth({.output = path("m"), .overwrite = true}).has_value());
  EXPECT_TRUE(GgufFile::open(path("m")).has_value());
}

TEST(SynthList, NamesEveryShapeAndQuant) {
  std::ostringstream out;
  list_synth(out);
  for (const Shape& shape : shapes()) EXPECT_NE(out.str().find(shape.name), std::string::npos);
  for (const std::string& quant : QuantMix::names()) EXPECT_NE(out.str().find(quant), std::string::npos);
}

TEST_F(Synth, TakesTheVocabularyOfAnotherFile) {
  const std::string source = std::string(QUERN_TEST_DATA_DIR) + "/tokenizer/phi-3.gguf", target = path("phi");
  ASSERT_TRUE(run_synth({.output = target, .shape = "tiny", .quant = "q8_0", .vocabulary = source, .threads = 1}));
  const auto made = GgufFile::open(target).value(), from = GgufFile::open(source).value();
  const auto tokens = made->get_array("tokenizer.ggml.tokens", engine::gguf::ValueType::string).value();
  EXPECT_EQ(tokens->strings,
            from->get_array("tokenizer.ggml.tokens", engine::gguf::ValueType::string).value()->strings);
  EXPECT_EQ(made->find_tensor("token_embd.weight")->dims[1], tokens->count);
  for (const auto& [key, value] : from->metadata()) {
    if (!key.starts_with("tokenizer.")) continue;
    const engine::gguf::Value* copy = made->find(key);
    ASSERT_NE(copy, nullptr) << key;
    EXPECT_EQ(copy->array.strings, value.array.strings) << key;
    EXPECT_TRUE(std::ranges::equal(copy->array.raw, value.array.raw)) << key;
    EXPECT_EQ(std::tuple(copy->u, copy->i, copy->f, copy->s), std::tuple(value.u, value.i, value.f, value.s)) << key;
  }
  const Status none =
      run_synth({.output = path("none"), .vocabulary = std::string(QUERN_TEST_DATA_DIR) + "/none.gguf"});
  EXPECT_FALSE(none);
}

}  // namespace
}  // namespace quern::app
