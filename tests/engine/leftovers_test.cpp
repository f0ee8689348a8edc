// Nothing in a file is ignored: a key or tensor that the architecture does not read is known to be harmless, or the
// file is refused by its name, with what was found and what would be accepted.
#include "engine/arch/leftovers.hpp"

#include "tests/support/arch_models.hpp"
#include "tests/support/gguf_builder.hpp"
#include "tests/support/model_editor.hpp"
#include "tests/support/model_trial.hpp"

#include <gtest/gtest.h>

namespace quern::test {
namespace {

std::string error_of(const ModelEditor& model) {
  static ModelTrial trial;
  const std::optional<Error> error = trial.run(model.build());
  return error ? error->detail : "loaded";
}

bool names(const std::string& error, std::string_view what) {
  return error.find(what) != std::string::npos;
}

class EveryModel : public testing::TestWithParam<std::string> {
 protected:
  ModelEditor model_ = ModelEditor::read(arch_model_path(GetParam()));
  std::string arch_ = model_.text("general.architecture");
};

TEST_P(EveryModel, RefusesAnUnknownKeyByName) {
  model_.set(arch_ + ".attention.mystery", 7u);
  const std::string error = error_of(model_);
  EXPECT_TRUE(names(error, arch_ + ".attention.mystery") && names(error, "found 7")) << error;
}

TEST_P(EveryModel, RefusesAnUnknownTensorByName) {
  for (const char* const name : {"blk.0.mystery.weight", "mystery.weight", "blk.0.attn_norm.scale", "token_embd.scale",
                                 "token_embd.bias", "blk.1000.attn_norm.weight", "blk.x.nextn.weight"}) {
    ModelEditor changed = model_;
    changed.put(name, {3}, {1, 1, 1});
    const std::string error = error_of(changed);
    EXPECT_TRUE(names(error, name) && names(error, "found one of shape [3]")) << error;
  }
}

TEST_P(EveryModel, TakesWhatBelongsToOtherParts) {
  for (const char* const name : {"v.blk.0.attn_q.weight", "mm.0.weight", "a.conv1d.1.bias", "mtp.0.eh_proj.weight",
                                 "nextn.embed_tokens.weight", "blk.0.nextn.eh_proj.weight"})
    model_.put(name, {3}, {1, 1, 1});
  model_.set(arch_ + ".vision.block_count", 27u);
  model_.set(arch_ + ".mm.tokens_per_image", 256u);
  model_.set("clip.has_vision_encoder", true);
  model_.set("some_publisher.note", "quantized with care");
  EXPECT_EQ(error_of(model_), "loaded");
}

TEST_P(EveryModel, TakesKeysThatSayNothingNew) {
  for (const char* const key : {"expert_count", "nextn_predict_layers", "attention.clamp_kqv", "moe_latent_size",
                                "attention.shared_kv_layers", "router_logit_softcapping"}) {
    if (!model_.has(arch_ + "." + key)) model_.set(arch_ + "." + key, 0u);
  }
  if (!model_.has(arch_ + ".residual_scale")) model_.set(arch_ + ".residual_scale", 1.0f);
  model_.set(arch_ + ".vocab_size", 12345u);  // tokens and tensors say it
  model_.set(arch_ + ".tensor_data_layout", "Meta AI original pth");
  EXPECT_EQ(error_of(model_), "loaded");
}

INSTANTIATE_TEST_SUITE_P(Models, EveryModel, testing::ValuesIn(arch_models()),
                         [](const auto& param) { return test_name_of(param.param); });

// ---- single keys of Llama: value -> accepted or what the error wants

struct Claim {
  const char* key;
  float value;
  const char* want;  // nullptr: accepted
};

class LlamaKey : public testing::TestWithParam<Claim> {};

TEST_P(LlamaKey, IsNeutralOrRefused) {
  ModelEditor model = ModelEditor::read(arch_model_path("llama"));
  const std::string key = std::string("llama.") + GetParam().key;
  model.set(key, GetParam().value);
  const std::string error = error_of(model);
  if (GetParam().want == nullptr) {
    EXPECT_EQ(error, "loaded") << key;
  } else {
    EXPECT_TRUE(names(error, key) && names(error, GetParam().want)) << error;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Claims, LlamaKey,
    testing::Values(Claim{"attention.sliding_window", 0, nullptr}, Claim{"attention.sliding_window", 1 << 20, nullptr},
                    Claim{"attention.sliding_window", 16, "want 0, or the whole context, found 16"},
                    Claim{"attention.scale", 0, nullptr}, Claim{"attention.scale", 0.5f, "want 1 / sqrt"},
                    Claim{"attention.max_alibi_bias", 0, nullptr}, Claim{"attention.max_alibi_bias", 8, "found 8"},
                    Claim{"attention.temperature_scale", 0.1f, "want 0, found 0.1"},
                    Claim{"attention.kv_lora_rank", 64, "want 0"}, Claim{"attention.value_scale", 2, "want 1"},
                    Claim{"attention.layer_norm_epsilon", 1e-3f, nullptr}, Claim{"embedding_scale", 1, nullptr},
                    Claim{"embedding_scale", 12, "found 12"}, Claim{"logit_scale", 1, nullptr},
                    Claim{"logit_scale", 0.25f, "want 1, found 0.25"}, Claim{"residual_scale", 0.5f, "want 1"},
                    Claim{"final_logit_softcapping", 0, nullptr}, Claim{"final_logit_softcapping", 30, "want 0"},
                    Claim{"attn_logit_softcapping", 50, "want 0"}, Claim{"use_parallel_residual", 0, nullptr},
                    Claim{"use_parallel_residual", 1, "want what the architecture does"},
                    Claim{"rope.freq_base_swa", 5, nullptr}, Claim{"rope.scaling.yarn_ext_factor", 1, "else 0"},
                    Claim{"rope.scaling.yarn_ext_factor", -1, nullptr}, Claim{"rope.scaling.alpha", 1000, "want 1"},
                    Claim{"rope.scaling.yarn_attn_factor", 0.5f, "want 1"},
                    Claim{"rope.scaling.yarn_log_multiplier", 0.1f, nullptr},  // of YaRN, which the model has not
                    Claim{"rope.dimension_count_swa", 2, nullptr}, Claim{"nextn_predict_layers", 1, "want 0"},
                    Claim{"ssm.conv_kernel", 4, "not supported"}, Claim{"wkv.head_size", 64, "not supported"},
                    Claim{"attention.indexer.top_k", 8, "not supported"}, Claim{"moe_every_n_layers", 2, "want 0"},
                    // of experts, which the model has not
                    Claim{"expert_group_count", 4, nullptr}, Claim{"expert_weights_norm", 0, nullptr},
                    Claim{"leading_dense_block_count", 1, nullptr}));

TEST(Leftovers, KeysOfExpertsAreCheckedWhereThereAreAny) {
  const ModelEditor model = ModelEditor::read(arch_model_path("llama-moe"));
  const auto with = [&](const char* key, float value) {
    ModelEditor changed = model;
    changed.set(std::string("llama.") + key, value);
    return error_of(changed);
  };
  EXPECT_EQ(with("expert_weights_norm", 1), "loaded");
  EXPECT_TRUE(names(with("expert_weights_norm", 0), "llama.expert_weights_norm"));
  EXPECT_EQ(with("expert_gating_func", 1), "loaded");
  EXPECT_TRUE(names(with("expert_gating_func", 2), "llama.expert_gating_func"));
  EXPECT_EQ(with("expert_group_count", 1), "loaded");
  EXPECT_TRUE(names(with("expert_group_count", 2), "llama.expert_group_count"));
  EXPECT_EQ(with("expert_shared_count", 0), "loaded");
  EXPECT_TRUE(names(with("expert_shared_count", 1), "llama.expert_shared_count"));
  EXPECT_EQ(with("leading_dense_block_count", 0), "loaded");
  EXPECT_TRUE(names(with("leading_dense_block_count", 1), "llama.leading_dense_block_count"));
  EXPECT_TRUE(names(with("expert_group_scale", 1), "llama.expert_group_scale"));
}

TEST(Leftovers, TextKeys) {
  ModelEditor model = ModelEditor::read(arch_model_path("llama"));
  model.set("llama.hidden_activation", "silu");
  EXPECT_EQ(error_of(model), "loaded");
  model.set("llama.hidden_activation", "gelu");
  EXPECT_TRUE(names(error_of(model), "llama.hidden_activation")) << error_of(model);
  model.drop_key("llama.hidden_activation");
  model.set("llama.logit_scale", "one");
  EXPECT_TRUE(names(error_of(model), "llama.logit_scale: ") && names(error_of(model), "found 'one'"))
      << error_of(model);
}

TEST(Leftovers, AnEncoderThatClaimsACausalMask) {
  for (const char* const name : {"bert-rerank", "jina-bert-v2", "gemma-embedding", "modern-bert", "nomic-bert"}) {
    if (!std::filesystem::exists(arch_model_path(name))) continue;
    ModelEditor model = ModelEditor::read(arch_model_path(name));
    const std::string key = model.text("general.architecture") + ".attention.causal";
    model.drop_key(key);
    EXPECT_EQ(error_of(model), "loaded") << name;
    model.set(key, true);
    EXPECT_TRUE(names(error_of(model), key + ": want false, found true")) << error_of(model);
  }
}

TEST(Leftovers, AFormThatOnlyOllamaReads) {
  ModelEditor model = ModelEditor::read(arch_model_path("llama"));
  model.set("general.architecture", "gptoss");
  EXPECT_TRUE(names(error_of(model), "only Ollama reads")) << error_of(model);
  model.set("general.architecture", "unheard-of");
  EXPECT_TRUE(names(error_of(model), "'unheard-of' is not supported; supported: afmoe, ")) << error_of(model);
}

// RMS norms have no bias: one in the file would not be added.
TEST(Leftovers, BiasesOfNorms) {
  ModelEditor rms = ModelEditor::read(arch_model_path("llama"));
  rms.put("blk.0.attn_norm.bias", rms.tensors.at("blk.0.attn_norm.weight").dims,
          rms.tensors.at("blk.0.attn_norm.weight").values);
  EXPECT_TRUE(names(error_of(rms), "blk.0.attn_norm.bias")) << error_of(rms);
  ModelEditor layer = ModelEditor::read(arch_model_path("falcon-40b"));
  EXPECT_EQ(error_of(layer), "loaded");  // has them
}

TEST(Leftovers, BlocksThatPredictFurtherTokens) {
  ModelEditor model = ModelEditor::read(arch_model_path("qwen35"));
  const std::uint32_t n_blocks = 4;
  model.put("blk.4.nextn.eh_proj.weight", {3}, {1, 1, 1});
  model.put("blk.4.attn_q.weight", {3}, {1, 1, 1});
  EXPECT_TRUE(names(error_of(model), "blk.4.")) << error_of(model);
  model.set("qwen35.block_count", n_blocks + 1);
  model.set("qwen35.nextn_predict_layers", 1u);
  EXPECT_EQ(error_of(model), "loaded");
  model.put("blk.5.attn_q.weight", {3}, {1, 1, 1});
  EXPECT_TRUE(names(error_of(model), "blk.5.attn_q.weight")) << error_of(model);
}

TEST(Leftovers, SectionsOfTheRotation) {
  ModelEditor model = ModelEditor::read(arch_model_path("qwen35"));  // 8 pairs
  const auto with = [&](std::vector<std::int32_t> sections) {
    model.set("qwen35.rope.dimension_sections", sections);
    return error_of(model);
  };
  for (const std::vector<std::int32_t>& good :
       std::vector<std::vector<std::int32_t>>{{3, 3, 2, 0}, {3, 3, 2}, {8, 0, 0, 0}, {3, 3, 1, 1}, {0, 0, 0, 0}})
    EXPECT_EQ(with(good), "loaded");
  for (const std::vector<std::int32_t>& bad :
       std::vector<std::vector<std::int32_t>>{{-1, 3, 3, 3}, {1 << 30, 0, 0}, {1, 1, 1, 1, 1}})
    EXPECT_TRUE(names(with(bad), "qwen35.rope.dimension_sections: want")) << error_of(model);
}

}  // namespace
}  // namespace quern::test
