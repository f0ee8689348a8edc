// The same model in the different forms that files have it in, and blocks that no golden model has, against
// computations of our own.
#include "engine/forward.hpp"
#include "kernels/cpu/isa.hpp"
#include "kernels/quant/fp16.hpp"
#include "tests/support/arch_models.hpp"
#include "tests/support/model_editor.hpp"
#include "tests/support/model_runner.hpp"
#include "tests/support/temp_dir.hpp"

#include <cmath>
#include <functional>
#include <numeric>

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using Row = std::vector<float>;
using Rows = std::vector<Row>;
using Doubles = std::vector<double>;
using engine::Pooling;

std::vector<std::int32_t> prompt(std::uint32_t n, std::uint32_t seed) {
  std::vector<std::int32_t> tokens;
  for (std::uint32_t i = 0; i < n; ++i) tokens.push_back(static_cast<std::int32_t>((seed * 7919u + i * 104729u) % 60));
  return tokens;
}

template <class Want>
double nmse(const Row& got, const Want& want) {
  double error = 0, power = 0;
  for (std::size_t i = 0; i < want.size(); ++i) {
    error += std::pow(static_cast<double>(got.at(i)) - static_cast<double>(want[i]), 2);
    power += std::pow(static_cast<double>(want[i]), 2);
  }
  return error / power;
}

class ModelForms : public testing::Test {
 protected:
  Result<std::unique_ptr<ModelRunner>> load(const ModelEditor& model) {
    const std::filesystem::path path = dir_.path("model.gguf");
    model.save(path);
    return ModelRunner::create(path, {.kernels = *kernels::select_tier(""), .max_context = 128});
  }
  std::string error_of(const ModelEditor& model) {
    const auto made = load(model);
    return made ? "loaded" : made.error().detail;
  }
  Rows logits(const ModelEditor& model) {
    const auto runner = load(model);
    EXPECT_TRUE(runner) << runner.error().detail;
    if (!runner) return {};
    const std::vector<std::uint32_t> at{0, 7, 20};
    return (*runner)->prefill(prompt(21, 1), at, std::vector<std::uint32_t>{5, 16});
  }
  Rows embeddings(const ModelEditor& model, Pooling pooling = Pooling::mean) {
    const auto runner = load(model);
    EXPECT_TRUE(runner) << runner.error().detail;
    if (!runner) return {};
    const std::vector<std::vector<std::int32_t>> texts{prompt(17, 1), prompt(1, 2), prompt(40, 3)};
    return (*runner)->embed(texts, pooling);
  }
  static void expect_near(const Rows& got, const Rows& want, double bound) {
    ASSERT_EQ(got.size(), want.size());
    ASSERT_FALSE(got.empty());
    for (std::size_t i = 0; i < got.size(); ++i) EXPECT_LE(nmse(got[i], want[i]), bound) << "row " << i;
  }

  TempDir dir_;
};

// ---- DeepSeek 2: keys and values of the heads as one matrix, the heads described as they are when expanded

ModelEditor with_joint_heads(ModelEditor model) {
  const auto number = [&](const std::string& key) {
    for (const GgufImage::Key& k : model.keys)
      if (k.name == "deepseek2." + key) return std::uint32_t{std::to_integer<std::uint32_t>(k.value[0])};
    throw std::runtime_error("no key " + key);
  };
  const std::uint32_t n_heads = number("attention.head_count"), n_layers = number("block_count");
  for (std::uint32_t i = 0; i < n_layers; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    const ModelEditor::Tensor k = model.take(layer + "attn_k_b.weight"), v = model.take(layer + "attn_v_b.weight");
    const std::size_t d_nope = k.dims[0], rank = k.dims[1], d_value = v.dims[1];
    std::vector<float> joint;
    for (std::size_t h = 0; h < n_heads; ++h) {
      for (std::size_t row = 0; row < d_nope; ++row)
        for (std::size_t col = 0; col < rank; ++col) joint.push_back(k.values[(h * rank + col) * d_nope + row]);
      const auto begin = v.values.begin() + static_cast<std::ptrdiff_t>(h * d_value * rank);
      joint.insert(joint.end(), begin, begin + static_cast<std::ptrdiff_t>(d_value * rank));
    }
    model.put(layer + "attn_kv_b.weight", {rank, n_heads * (d_nope + d_value)}, std::move(joint));
  }
  const std::uint32_t d_key = number("attention.key_length_mla"), d_value = number("attention.value_length_mla");
  model.drop_key("deepseek2.attention.key_length_mla");
  model.drop_key("deepseek2.attention.value_length_mla");
  model.set("deepseek2.attention.head_count_kv", n_heads);
  model.set("deepseek2.attention.key_length", d_key);
  model.set("deepseek2.attention.value_length", d_value);
  return model;
}

TEST_F(ModelForms, LatentAttentionWithJointKeysAndValues) {
  for (const char* const name : {"deepseek2", "deepseek2-lite"}) {
    if (!std::filesystem::exists(arch_model_path(name))) continue;
    const ModelEditor split = ModelEditor::read(arch_model_path(name));
    ModelEditor joint = with_joint_heads(split);
    const Rows want = logits(split);
    EXPECT_EQ(logits(joint), want) << name;  // the same matrices
    for (auto& [tensor_name, tensor] : joint.tensors) {
      if (tensor_name.find("attn_kv_b") == std::string::npos) continue;
      tensor.type = kernels::TensorType::f16;
      for (const float value : tensor.values) tensor.halves.push_back(kernels::f32_to_f16(value));
    }
    expect_near(logits(joint), want, name == std::string("deepseek2") ? 1e-5 : 1e-3);
  }
}

TEST_F(ModelForms, JointKeysAndValuesAreChecked) {
  const ModelEditor good = with_joint_heads(ModelEditor::read(arch_model_path("deepseek2")));
  ModelEditor bad = good;
  bad.set("deepseek2.attention.head_count_kv", 1u);
  EXPECT_NE(error_of(bad).find("deepseek2.attention.head_count_kv: want 4"), std::string::npos) << error_of(bad);
  bad = good;
  bad.set("deepseek2.attention.key_length_mla", 24u);
  EXPECT_NE(error_of(bad).find("deepseek2.attention.value_length_mla"), std::string::npos) << error_of(bad);
  bad = good;
  bad.take("blk.1.attn_kv_b.weight");
  EXPECT_NE(error_of(bad).find("blk.1.attn_kv_b.weight is missing"), std::string::npos) << error_of(bad);
  bad = good;
  bad.put_random("blk.1.attn_kv_b.bias", {8});
  EXPECT_NE(error_of(bad).find("attn_kv_b.bias is not supported"), std::string::npos) << error_of(bad);
  bad = good;
  bad.set("deepseek2.attention.kv_lora_rank", 3u);
  EXPECT_NE(error_of(bad).find("deepseek2.attention.kv_lora_rank: want a multiple of 4"), std::string::npos)
      << error_of(bad);
}

// ---- Jina v2: the gate's rows before those of up

TEST_F(ModelForms, GateInTheUpMatrix) {
  const ModelEditor split = ModelEditor::read(arch_model_path("jina-bert-v2"));
  ModelEditor fused = split;
  for (int i = 0; i < 2; ++i) {
    const std::string layer = "blk." + std::to_string(i) + ".";
    ModelEditor::Tensor gate = fused.take(layer + "ffn_gate.weight"), up = fused.take(layer + "ffn_up.weight");
    gate.values.insert(gate.values.end(), up.values.begin(), up.values.end());
    fused.put(layer + "ffn_up.weight", {gate.dims[0], gate.dims[1] + up.dims[1]}, gate.values);
  }
  EXPECT_EQ(embeddings(fused), embeddings(split));
  fused.take("blk.1.ffn_up.weight");
  fused.put_random("blk.1.ffn_up.weight", {64, 64});
  EXPECT_NE(error_of(fused).find("tensor blk.1.ffn_up.weight: want shape"), std::string::npos) << error_of(fused);
}

// ---- rope.scaling.*: a factor needs no type, and had another name once

TEST_F(ModelForms, AFactorWithoutATypeIsLinear) {
  ModelEditor plain = ModelEditor::read(arch_model_path("llama-linear"));
  plain.drop_key("llama.rope.scaling.type");
  plain.drop_key("llama.rope.scaling.factor");
  ModelEditor linear = plain;
  linear.set("llama.rope.scaling.type", "linear");
  linear.set("llama.rope.scaling.factor", 4.0f);
  const Rows unscaled = logits(plain), scaled = logits(linear);
  EXPECT_NE(scaled, unscaled);
  for (const char* const factor : {"llama.rope.scaling.factor", "llama.rope.scale_linear"}) {
    ModelEditor untyped = plain;
    untyped.set(factor, 4.0f);
    EXPECT_EQ(logits(untyped), scaled) << factor;
    untyped.set("llama.rope.scaling.type", "linear");
    EXPECT_EQ(logits(untyped), scaled) << factor;
    untyped.set("llama.rope.scaling.type", "none");
    EXPECT_EQ(logits(untyped), unscaled) << factor;
  }
  linear.set("llama.rope.scaling.type", "yarn");
  linear.set("llama.rope.freq_base", 1.0f);
  EXPECT_NE(error_of(linear).find("llama.rope.freq_base: want more than 1"), std::string::npos) << error_of(linear);
}

// ---- models made from nothing

ModelEditor small_encoder(const std::string& arch, const char* eps) {
  ModelEditor m;
  m.set("general.architecture", arch.c_str());
  for (const auto& [key, value] :
       std::initializer_list<std::pair<const char*, std::uint32_t>>{{"block_count", 2},
                                                                    {"embedding_length", 32},
                                                                    {"feed_forward_length", 48},
                                                                    {"context_length", 64},
                                                                    {"vocab_size", 60},
                                                                    {"attention.head_count", 2}})
    m.set(arch + "." + key, value);
  m.set(arch + "." + eps, 1e-5f);
  m.put_random("token_embd.weight", {32, 60});
  return m;
}

ModelEditor small_gemma_embedding() {
  const std::string arch = "gemma-embedding";
  ModelEditor m = small_encoder(arch, "attention.layer_norm_rms_epsilon");
  m.set(arch + ".attention.sliding_window", 8u);
  m.put_random("output_norm.weight", {32}, 0.1f, 1.0f);
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    for (const char* const norm : {"attn_norm", "ffn_norm", "post_attention_norm", "post_ffw_norm"})
      m.put_random(layer + norm + ".weight", {32}, 0.1f, 1.0f);
    for (const char* const norm : {"attn_q_norm", "attn_k_norm"})
      m.put_random(layer + norm + ".weight", {16}, 0.1f, 1.0f);
    for (const char* const matrix : {"attn_q", "attn_k", "attn_v", "attn_output"})
      m.put_random(layer + matrix + ".weight", {32, 32});
    m.put_random(layer + "ffn_gate.weight", {32, 48});
    m.put_random(layer + "ffn_up.weight", {32, 48});
    m.put_random(layer + "ffn_down.weight", {48, 32});
  }
  return m;
}

// W[rows, cols] x, or with columns of another matrix behind: `index` of several.
template <class Vector>
Doubles times(const ModelEditor::Tensor& w, const Vector& x, std::size_t index = 0) {
  const std::size_t cols = w.dims[0], rows = w.dims[1];
  Doubles out(rows);
  for (std::size_t r = 0; r < rows; ++r)
    for (std::size_t c = 0; c < cols; ++c)
      out[r] += static_cast<double>(w.values[(index * rows + r) * cols + c]) * static_cast<double>(x[c]);
  return out;
}

TEST_F(ModelForms, LinearLayersAfterPooling) {
  const ModelEditor plain = small_gemma_embedding();
  ModelEditor dense = plain;
  dense.put_random("dense_2.weight", {32, 80});
  dense.put_random("dense_3.weight", {80, 32});
  dense.set("gemma-embedding.dense_2_feat_in", 32u);
  dense.set("gemma-embedding.dense_2_feat_out", 80u);
  dense.set("gemma-embedding.dense_3_feat_in", 80u);
  dense.set("gemma-embedding.dense_3_feat_out", 32u);
  for (const Pooling pooling : {Pooling::none, Pooling::mean, Pooling::cls, Pooling::last}) {
    const Rows before = embeddings(plain, pooling), after = embeddings(dense, pooling);
    ASSERT_EQ(after.size(), before.size());
    for (std::size_t i = 0; i < after.size(); ++i) {
      const Doubles want =
          times(dense.tensors.at("dense_3.weight"), times(dense.tensors.at("dense_2.weight"), before[i]));
      EXPECT_LT(nmse(after[i], want), 1e-10) << "pooling " << static_cast<int>(pooling) << ", row " << i;
    }
  }
  ModelEditor bad = dense;
  bad.take("dense_3.weight");
  EXPECT_NE(error_of(bad).find("dense_3.weight"), std::string::npos) << error_of(bad);
  bad = dense;
  bad.set("gemma-embedding.dense_3_feat_out", 16u);
  EXPECT_NE(error_of(bad).find("gemma-embedding.dense_3_feat_out: want 32, found 16"), std::string::npos);
  bad = dense;
  bad.drop_key("gemma-embedding.dense_2_feat_out");
  EXPECT_NE(error_of(bad).find("gemma-embedding.dense_2_feat_in"), std::string::npos) << error_of(bad);
  bad = plain;
  bad.put_random("dense_2.weight", {32, 80});
  EXPECT_NE(error_of(bad).find("tensor dense_2.weight: want shape"), std::string::npos) << error_of(bad);
}

ModelEditor small_nomic_moe() {
  const std::string arch = "nomic-bert-moe";
  ModelEditor m = small_encoder(arch, "attention.layer_norm_epsilon");
  m.set(arch + ".moe_every_n_layers", 2u);
  m.set(arch + ".expert_count", 4u);
  m.set(arch + ".expert_used_count", 2u);
  const auto norm = [&](const std::string& name) {
    m.put_random(name + ".weight", {32}, 0.1f, 1.0f);
    m.put_random(name + ".bias", {32}, 0.1f);
  };
  norm("token_embd_norm");
  m.put_random("token_types.weight", {32, 1});
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    m.put_random(layer + "attn_qkv.weight", {32, 96});
    m.put_random(layer + "attn_qkv.bias", {96});
    m.put_random(layer + "attn_output.weight", {32, 32});
    m.put_random(layer + "attn_output.bias", {32});
    norm(layer + "attn_output_norm");
    norm(layer + "layer_output_norm");
  }
  m.put_random("blk.0.ffn_up.weight", {32, 48});
  m.put_random("blk.0.ffn_up.bias", {48});
  m.put_random("blk.0.ffn_down.weight", {48, 32});
  m.put_random("blk.0.ffn_down.bias", {32});
  m.put_random("blk.1.ffn_gate_inp.weight", {32, 4});
  m.put_random("blk.1.ffn_up_exps.weight", {32, 48, 4});
  m.put_random("blk.1.ffn_down_exps.weight", {48, 32, 4});
  return m;
}

// Each of the four experts is `one`.
void repeat(ModelEditor& m, const std::string& name, const ModelEditor::Tensor& one) {
  std::vector<float> all;
  for (int e = 0; e < 4; ++e) all.insert(all.end(), one.values.begin(), one.values.end());
  m.put(name, {one.dims[0], one.dims[1], 4}, std::move(all));
}

TEST_F(ModelForms, MixtureOfEqualExpertsIsADenseBlock) {
  ModelEditor mixture = small_nomic_moe(), dense = mixture;
  dense.set("nomic-bert-moe.moe_every_n_layers", 0u);
  dense.put_random("blk.1.ffn_up.weight", {32, 48});
  dense.put_random("blk.1.ffn_down.weight", {48, 32});
  for (const char* name : {"ffn_up_exps", "ffn_down_exps", "ffn_gate_inp"}) {
    dense.tensors.erase(std::string("blk.1.") + name + ".weight");
  }
  repeat(mixture, "blk.1.ffn_up_exps.weight", dense.tensors.at("blk.1.ffn_up.weight"));
  repeat(mixture, "blk.1.ffn_down_exps.weight", dense.tensors.at("blk.1.ffn_down.weight"));
  mixture.set("nomic-bert-moe.expert_used_count", 4u);
  expect_near(embeddings(mixture), embeddings(dense), 1e-10);  // all weights together are 1
  mixture.set("nomic-bert-moe.expert_used_count", 1u);
  mixture.put("blk.1.ffn_gate_inp.weight", {32, 4}, Row(32 * 4));
  for (float& value : dense.tensors.at("blk.1.ffn_down.weight").values) value *= 0.25f;
  expect_near(embeddings(mixture), embeddings(dense), 1e-10);  // the chosen one keeps its quarter
}

Doubles layer_norm(Doubles x, const ModelEditor& m, const std::string& name) {
  const Row &weight = m.tensors.at(name + ".weight").values, &bias = m.tensors.at(name + ".bias").values;
  const double mean = std::accumulate(x.begin(), x.end(), 0.0) / static_cast<double>(x.size());
  double variance = 0;
  for (const double v : x) variance += (v - mean) * (v - mean) / static_cast<double>(x.size());
  for (std::size_t i = 0; i < x.size(); ++i)
    x[i] = (x[i] - mean) / std::sqrt(variance + 1e-5) * static_cast<double>(weight[i]) + static_cast<double>(bias[i]);
  return x;
}

double gelu(double x) {
  return 0.5 * x * (1 + std::tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)));
}

// With attention that answers nothing, a token's vector is a short computation.
TEST_F(ModelForms, MixtureOfPlainExperts) {
  ModelEditor m = small_nomic_moe();
  for (const std::string layer : {"blk.0.", "blk.1."}) {
    m.put(layer + "attn_output.weight", {32, 32}, Row(32 * 32));
    m.put(layer + "attn_output.bias", {32}, Row(32));
  }
  const auto want_of = [&](std::int32_t token) {
    Doubles x(32);
    for (std::size_t i = 0; i < 32; ++i)
      x[i] = static_cast<double>(m.tensors.at("token_embd.weight").values[static_cast<std::size_t>(token) * 32 + i]) +
             static_cast<double>(m.tensors.at("token_types.weight").values[i]);
    x = layer_norm(layer_norm(x, m, "token_embd_norm"), m, "blk.0.attn_output_norm");
    Doubles hidden = times(m.tensors.at("blk.0.ffn_up.weight"), x);
    for (std::size_t i = 0; i < 48; ++i)
      hidden[i] = gelu(hidden[i] + static_cast<double>(m.tensors.at("blk.0.ffn_up.bias").values[i]));
    const Doubles answer = times(m.tensors.at("blk.0.ffn_down.weight"), hidden);
    for (std::size_t i = 0; i < 32; ++i)
      x[i] += answer[i] + static_cast<double>(m.tensors.at("blk.0.ffn_down.bias").values[i]);
    x = layer_norm(layer_norm(x, m, "blk.0.layer_output_norm"), m, "blk.1.attn_output_norm");
    Doubles scores = times(m.tensors.at("blk.1.ffn_gate_inp.weight"), x);
    double sum = 0;
    for (double& score : scores) sum += score = std::exp(score);
    std::vector<std::size_t> order{0, 1, 2, 3};
    std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) { return scores[a] > scores[b]; });
    Doubles mixed = x;
    for (const std::size_t e : {order[0], order[1]}) {
      Doubles inner = times(m.tensors.at("blk.1.ffn_up_exps.weight"), x, e);
      for (double& v : inner) v = gelu(v);
      const Doubles out = times(m.tensors.at("blk.1.ffn_down_exps.weight"), inner, e);
      for (std::size_t i = 0; i < 32; ++i) mixed[i] += scores[e] / sum * out[i];
    }
    return layer_norm(mixed, m, "blk.1.layer_output_norm");
  };
  const auto runner = load(m);
  ASSERT_TRUE(runner) << runner.error().detail;
  std::vector<std::int32_t> all(60);
  std::iota(all.begin(), all.end(), 0);
  const Rows got = (*runner)->embed({&all, 1}, Pooling::none);
  ASSERT_EQ(got.size(), all.size());
  for (std::size_t i = 0; i < all.size(); ++i) EXPECT_LT(nmse(got[i], want_of(all[i])), 1e-9) << "token " << i;

  ModelEditor bad = m;
  bad.drop_key("nomic-bert-moe.expert_count");
  EXPECT_NE(error_of(bad).find("nomic-bert-moe.expert_count"), std::string::npos) << error_of(bad);
  bad = m;
  bad.drop_key("nomic-bert-moe.moe_every_n_layers");
  EXPECT_NE(error_of(bad).find("nomic-bert-moe.moe_every_n_layers"), std::string::npos) << error_of(bad);
}

}  // namespace
}  // namespace quern::test
