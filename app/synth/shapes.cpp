#include "app/synth/shapes.hpp"

#include <string>
#include <vector>

namespace quern::app {
namespace {

using enum VocabularyKind;

// Source: config.json of each model's published repository. The tiny ones are made up: rows of whole 256-value blocks,
// so that every tensor type fits.
// clang-format off
constexpr Shape kShapes[] = {
    {.name = "tiny", .title = "Tiny Llama shape for tests", .architecture = "llama",
     .d_model = 256, .n_layers = 2, .d_ff = 512, .n_heads = 4, .n_kv_heads = 2, .d_head = 64,
     .n_vocab = 512, .context = 512, .rope_base = 10000, .norm_eps = 1e-5f, .vocabulary = spm},
    {.name = "tiny-qwen2", .title = "Tiny Qwen2 shape for tests", .architecture = "qwen2",
     .d_model = 256, .n_layers = 2, .d_ff = 512, .n_heads = 4, .n_kv_heads = 2, .d_head = 64,
     .n_vocab = 768, .context = 512, .rope_base = 1e6f, .norm_eps = 1e-6f, .vocabulary = bpe_qwen2,
     .tied = true, .qkv_bias = true},
    {.name = "smol-135m", .title = "SmolLM2 135M", .architecture = "llama",
     .d_model = 576, .n_layers = 30, .d_ff = 1536, .n_heads = 9, .n_kv_heads = 3, .d_head = 64,
     .n_vocab = 49152, .context = 8192, .rope_base = 100000, .norm_eps = 1e-5f, .vocabulary = bpe_smol, .tied = true},
    {.name = "qwen2.5-0.5b", .title = "Qwen2.5 0.5B", .architecture = "qwen2",
     .d_model = 896, .n_layers = 24, .d_ff = 4864, .n_heads = 14, .n_kv_heads = 2, .d_head = 64,
     .n_vocab = 151936, .context = 32768, .rope_base = 1e6f, .norm_eps = 1e-6f, .vocabulary = bpe_qwen2,
     .tied = true, .qkv_bias = true},
    {.name = "tinyllama-1.1b", .title = "TinyLlama 1.1B", .architecture = "llama",
     .d_model = 2048, .n_layers = 22, .d_ff = 5632, .n_heads = 32, .n_kv_heads = 4, .d_head = 64,
     .n_vocab = 32000, .context = 2048, .rope_base = 10000, .norm_eps = 1e-5f, .vocabulary = spm},
    {.name = "llama-3.2-1b", .title = "Llama 3.2 1B", .architecture = "llama",
     .d_model = 2048, .n_layers = 16, .d_ff = 8192, .n_heads = 32, .n_kv_heads = 8, .d_head = 64,
     .n_vocab = 128256, .context = 131072, .rope_base = 500000, .norm_eps = 1e-5f, .vocabulary = bpe_llama3,
     .tied = true, .rope_scaling_factor = 32},
    {.name = "mistral-7b", .title = "Mistral 7B v0.2", .architecture = "llama",
     .d_model = 4096, .n_layers = 32, .d_ff = 14336, .n_heads = 32, .n_kv_heads = 8, .d_head = 128,
     .n_vocab = 32000, .context = 32768, .rope_base = 1e6f, .norm_eps = 1e-5f, .vocabulary = spm},
    {.name = "llama-3.1-8b", .title = "Llama 3.1 8B", .architecture = "llama",
     .d_model = 4096, .n_layers = 32, .d_ff = 14336, .n_heads = 32, .n_kv_heads = 8, .d_head = 128,
     .n_vocab = 128256, .context = 131072, .rope_base = 500000, .norm_eps = 1e-5f, .vocabulary = bpe_llama3,
     .rope_scaling_factor = 8},
    {.name = "tiny-moe", .title = "Tiny Qwen3 MoE shape for tests", .architecture = "qwen3moe",
     .d_model = 256, .n_layers = 2, .d_ff = 512, .n_heads = 4, .n_kv_heads = 2, .d_head = 128,
     .n_vocab = 768, .context = 512, .rope_base = 1e6f, .norm_eps = 1e-6f, .vocabulary = bpe_qwen2,
     .qk_norm = true, .n_experts = 4, .n_used = 2, .d_expert = 256},
    {.name = "tiny-hybrid", .title = "Tiny Granite 4 hybrid shape for tests", .architecture = "granitehybrid",
     .d_model = 256, .n_layers = 3, .d_ff = 256, .n_heads = 4, .n_kv_heads = 2, .d_head = 64,
     .n_vocab = 768, .context = 512, .rope_base = 10000, .norm_eps = 1e-5f, .vocabulary = bpe_qwen2, .tied = true,
     .n_experts = 4, .n_used = 2, .d_expert = 256, .d_shared = 512, .mixers = "mam",
     .conv_kernel = 4, .d_inner = 512, .d_state = 128, .n_ssm_heads = 8,
     .embedding_scale = 12, .residual_scale = 0.22f, .attention_scale = 0.0078125f, .logit_scale = 6},
    {.name = "qwen3-8b", .title = "Qwen3 8B", .architecture = "qwen3",
     .d_model = 4096, .n_layers = 36, .d_ff = 12288, .n_heads = 32, .n_kv_heads = 8, .d_head = 128,
     .n_vocab = 151936, .context = 40960, .rope_base = 1e6f, .norm_eps = 1e-6f, .vocabulary = bpe_qwen2,
     .qk_norm = true},
    {.name = "qwen3-30b-a3b", .title = "Qwen3 30B A3B", .architecture = "qwen3moe",
     .d_model = 2048, .n_layers = 48, .d_ff = 6144, .n_heads = 32, .n_kv_heads = 4, .d_head = 128,
     .n_vocab = 151936, .context = 40960, .rope_base = 1e6f, .norm_eps = 1e-6f, .vocabulary = bpe_qwen2,
     .qk_norm = true, .n_experts = 128, .n_used = 8, .d_expert = 768},
    {.name = "gemma3-12b", .title = "Gemma 3 12B", .architecture = "gemma3",
     .d_model = 3840, .n_layers = 48, .d_ff = 15360, .n_heads = 16, .n_kv_heads = 8, .d_head = 256,
     .n_vocab = 262208, .context = 131072, .rope_base = 1e6f, .norm_eps = 1e-6f, .vocabulary = spm, .tied = true,
     .qk_norm = true, .post_norms = true, .window = 1024, .linear_factor = 8},
    {.name = "gpt-oss-20b", .title = "gpt-oss 20B", .architecture = "gpt-oss",
     .d_model = 2880, .n_layers = 24, .d_ff = 2880, .n_heads = 64, .n_kv_heads = 8, .d_head = 64,
     .n_vocab = 201088, .context = 131072, .rope_base = 150000, .norm_eps = 1e-5f, .vocabulary = bpe_llama3,
     .qkv_bias = true, .gpt_oss = true, .window = 128, .yarn_factor = 32,
     .n_experts = 32, .n_used = 4, .d_expert = 2880},
    {.name = "granite-4-h-tiny", .title = "Granite 4.0 H Tiny", .architecture = "granitehybrid",
     .d_model = 1536, .n_layers = 40, .d_ff = 512, .n_heads = 12, .n_kv_heads = 4, .d_head = 128,
     .n_vocab = 100352, .context = 131072, .rope_base = 10000, .norm_eps = 1e-5f, .vocabulary = bpe_llama3, .tied = true,
     .n_experts = 64, .n_used = 6, .d_expert = 512, .d_shared = 1024,
     .mixers = "mmmmmammmmmmmmmammmmmmmmmammmmmmmmmammmm",
     .conv_kernel = 4, .d_inner = 3072, .d_state = 128, .n_ssm_heads = 48,
     .embedding_scale = 12, .residual_scale = 0.22f, .attention_scale = 0.0078125f, .logit_scale = 6},
    {.name = "lfm2-1.2b", .title = "LFM2 1.2B", .architecture = "lfm2",
     .d_model = 2048, .n_layers = 16, .d_ff = 8192, .n_heads = 32, .n_kv_heads = 8, .d_head = 64,
     .n_vocab = 65536, .context = 128000, .rope_base = 1e6f, .norm_eps = 1e-5f, .vocabulary = bpe_llama3, .tied = true,
     .qk_norm = true, .mixers = "ccaccaccacacacac", .conv_kernel = 3},
};
// clang-format on

}  // namespace

std::span<const Shape> shapes() noexcept {
  return kShapes;
}

Result<Shape> find_shape(std::string_view name) {
  std::vector<std::string_view> names;
  for (const Shape& shape : kShapes) {
    if (shape.name == name) return shape;
    names.push_back(shape.name);
  }
  return fail_field("shape", "want one of {}, found \"{}\"", fmt::join(names, ", "), name);
}

}  // namespace quern::app
