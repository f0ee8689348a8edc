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
