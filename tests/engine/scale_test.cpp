// "<matrix>.scale" multiplies what a matrix computes. In F32 a power of two moves from a matrix into its factor without
// changing a bit of the result, in every architecture, for every matrix, also for each expert its own.
#include "engine/forward.hpp"
#include "kernels/cpu/isa.hpp"
#include "tests/support/arch_models.hpp"
#include "tests/support/model_editor.hpp"
#include "tests/support/model_runner.hpp"
#include "tests/support/temp_dir.hpp"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using Rows = std::vector<std::vector<float>>;

// What is multiplied with activations: other tensors of two dimensions are looked up in or have kernels of their own.
bool is_linear(const std::string& name, const ModelEditor::Tensor& tensor) {
  if (!name.ends_with(".weight") || tensor.dims.size() < 2) return false;
  for (const char* const other : {"token_embd", "position_embd", "token_types", "_norm", "conv1d", "shortconv.conv",
                                  "_lerp_", "time_mix_first", "attn_rel_b"})
    if (name.find(other) != std::string::npos) return false;
  return true;
}

std::string stem(const std::string& name) {
  return name.substr(0, name.size() - std::string(".weight").size());
}

// 2^1, 2^-2, 2^3 in turn: one factor, or where the tensor has three dimensions one per matrix.
std::size_t move_into_scales(ModelEditor& model) {
  static constexpr float kFactors[] = {2.0f, 0.25f, 8.0f};
  std::size_t n = 0;
  std::map<std::string, std::vector<float>> scales;
  for (auto& [name, tensor] : model.tensors) {
    if (!is_linear(name, tensor)) continue;
    const std::size_t n_matrices = tensor.dims.size() == 3 ? tensor.dims[2] : 1;
    // Gemma 4 calls the norm of what a router reads its scale.
    const auto named = model.tensors.find(stem(name) + ".scale");
    if (named != model.tensors.end() && named->second.values.size() > n_matrices) continue;
    const std::size_t size = tensor.values.size() / n_matrices;
    std::vector<float>& scale = scales[stem(name)];
    for (std::size_t i = 0; i < n_matrices; ++i) {
      scale.push_back(kFactors[n++ % 3]);
      for (std::size_t k = 0; k < size; ++k) tensor.values[i * size + k] /= scale.back();
    }
  }
  for (auto& [name, scale] : scales) {
    const auto before = model.tensors.find(name + ".scale");
    for (std::size_t i = 0; before != model.tensors.end() && i < scale.size(); ++i)
      scale[i] *= before->second.values[before->second.values.size() == 1 ? 0 : i];
    model.put(name + ".scale", {scale.size()}, scale);
    model.put(name + ".input_scale", {1}, {0.125f});  // for other engines
  }
  return scales.size();
}

class Scales : public testing::TestWithParam<std::string> {
 protected:
  Rows compute(const ModelEditor& model, const char* tier) {
    const std::filesystem::path path = dir_.path("model.gguf");
    model.save(path);
    const auto runner = ModelRunner::create(path, {.kernels = *kernels::select_tier(tier), .max_context = 64});
    EXPECT_TRUE(runner) << runner.error().detail;
    if (!runner) return {};
    std::vector<std::int32_t> tokens;
    for (std::int32_t i = 0; i < 21; ++i) tokens.push_back(3 + i * 7919 % 400);
    if (!(*runner)->model().info().generates) {
      const engine::Pooling pooling = (*runner)->model().info().pooling;
      return (*runner)->embed({&tokens, 1}, pooling);
    }
    const std::vector<std::uint32_t> at{0, 7, 20};
    return (*runner)->prefill(tokens, at, std::vector<std::uint32_t>{5, 1, 15});
  }

  TempDir dir_;
};

TEST_P(Scales, MoveOutOfMatricesWithoutChangingABit) {
  const ModelEditor plain = ModelEditor::read(arch_model_path(GetParam()));
  ModelEditor scaled = plain;
  EXPECT_GE(move_into_scales(scaled), 4u);
  for (const char* const tier : {"scalar", ""}) {
    const Rows want = compute(plain, tier);
    ASSERT_FALSE(want.empty());
    EXPECT_EQ(compute(scaled, tier), want) << tier;
  }
}

INSTANTIATE_TEST_SUITE_P(Models, Scales, testing::ValuesIn(arch_models()),
                         [](const auto& param) { return test_name_of(param.param); });

std::string error_with(const std::string& name, std::vector<std::uint64_t> dims, std::vector<float> values,
                       const char* of_model = "llama-moe") {
  const TempDir dir;
  ModelEditor model = ModelEditor::read(arch_model_path(of_model));
  model.put(name, std::move(dims), std::move(values));
  model.save(dir.path("model.gguf"));
  const auto runner =
      ModelRunner::create(dir.path("model.gguf"), {.kernels = *kernels::select_tier("scalar"), .max_context = 64});
  return runner ? "loaded" : runner.error().detail;
}

TEST(ScaleErrors, AreNamed) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  EXPECT_EQ(error_with("blk.0.attn_q.scale", {1}, {2}), "loaded");
  EXPECT_NE(error_with("blk.0.attn_q.scale", {2}, {2, 2}).find("tensor blk.0.attn_q.scale: want shape [1], found [2]"),
            std::string::npos);
  EXPECT_NE(error_with("blk.0.attn_q.scale", {1}, {nan}).find("tensor blk.0.attn_q.scale: want finite factors"),
            std::string::npos);
  EXPECT_EQ(error_with("blk.0.ffn_up_exps.scale", {1}, {2}), "loaded");  // of all experts
  EXPECT_NE(error_with("blk.0.ffn_up_exps.scale", {3}, {1, 1, 1}).find("tensor blk.0.ffn_up_exps.scale: want shape ["),
            std::string::npos);
  EXPECT_EQ(error_with("output.scale", {1}, {2}), "loaded");
  // Without an output matrix of its own nothing would be multiplied.
  EXPECT_NE(error_with("output.scale", {1}, {2}, "llama-tied").find("tensor output.scale: want no such tensor"),
            std::string::npos);
}

}  // namespace
}  // namespace quern::test
