#include "app/synth/model_layout.hpp"

#include "app/synth/borrowed_vocabulary.hpp"
#include "app/synth/vocabulary.hpp"

#include <cmath>
#include <numbers>

namespace quern::app {
namespace {

using engine::gguf::HeaderBuilder;
using kernels::TensorType;

constexpr float kNormSpread = 0.1f, kBiasSpread = 0.1f;

class RecipeList {
 public:
  RecipeList(const Shape& shape, const QuantMix& mix) : shape_(shape), mix_(mix) {}

  // [n_cols, n_rows], N(0, 1 / n_cols): keeps the size of what passes through.
  void matrix(WeightRole role, std::string name, std::uint64_t n_cols, std::uint64_t n_rows, std::uint32_t layer = 0) {
    const WeightPlace place{role, layer, shape_.n_layers, n_cols};
    list_.push_back({.name = std::move(name),
                     .type = mix_.type_of(place),
                     .dims = {n_cols, n_rows},
                     .stddev = 1.0f / std::sqrt(static_cast<float>(n_cols))});
  }
  void norm(std::string name) {
    list_.push_back({.name = std::move(name), .dims = {shape_.d_model}, .mean = 1, .stddev = kNormSpread});
  }
  void bias(std::string name, std::uint64_t n) {
    if (shape_.qkv_bias) list_.push_back({.name = std::move(name), .dims = {n}, .stddev = kBiasSpread});
  }
  void exact(std::string name, std::vector<float> values) {
    list_.push_back({.name = std::move(name), .dims = {values.size()}, .values = std::move(values)});
  }
  std::vector<WeightRecipe> take() { return std::move(list_); }

 private:
  const Shape& shape_;
  const QuantMix& mix_;
  std::vector<WeightRecipe> list_;
};

void add_layer(const Shape& s, std::uint32_t layer, RecipeList& list) {
  const auto name = [layer](const char* part) { return fmt::format("blk.{}.{}", layer, part); };
  list.norm(name("attn_norm.weight"));
  list.matrix(WeightRole::attn_q, name("attn_q.weight"), s.d_model, s.q_width(), layer);
  list.bias(name("attn_q.bias"), s.q_width());
  list.matrix(WeightRole::attn_k, name("attn_k.weight"), s.d_model, s.kv_width(), layer);
  list.bias(name("attn_k.bias"), s.kv_width());
  list.matrix(WeightRole::attn_v, name("attn_v.weight"), s.d_model, s.kv_width(), layer);
  list.bias(name("attn_v.bias"), s.kv_width());
  list.matrix(WeightRole::attn_output, name("attn_output.weight"), s.q_width(), s.d_model, layer);
  list.norm(name("ffn_norm.weight"));
  list.matrix(WeightRole::ffn_gate, name("ffn_gate.weight"), s.d_model, s.d_ff, layer);
  list.matrix(WeightRole::ffn_up, name("ffn_up.weight"), s.d_model, s.d_ff, layer);
  list.matrix(WeightRole::ffn_down, name("ffn_down.weight"), s.d_ff, s.d_model, layer);
}

// Divisors of the rope frequencies: 1 for short wavelengths, `factor` for long ones, blended in between.
// Source: Llama 3.1's config.json, rope_scaling of type "llama3" (low 1, high 4, original context 8192).
std::vector<float> llama3_rope_divisors(const Shape& shape) {
  constexpr double kLow = 1, kHigh = 4, kOriginalContext = 8192;
  const double factor = static_cast<double>(shape.rope_scaling_factor);
  std::vector<float> out;
  for (std::uint32_t i = 0; i < shape.d_head; i += 2) {
    const double exponent = static_cast<double>(i) / shape.d_head;
    const double wavelength = 2 * std::numbers::pi * std::pow(static_cast<double>(shape.rope_base), exponent);
    const double turns = kOriginalContext / wavelength;
    const double blend = (turns - kLow) / (kHigh - kLow);  // 0: scale fully, 1: leave alone
    const double divisor = turns > kHigh ? 1 : turns < kLow ? factor : 1 / ((1 - blend) / factor + blend);
    out.push_back(static_cast<float>(divisor));
  }
  return out;
}

}  // namespace

std::vector<WeightRecipe> weight_recipes(const Shape& shape, const QuantMix& mix) {
  RecipeList list(shape, mix);
  // Tied embeddings do the output's work and get its type.
  const WeightRole embedding_role = shape.tied ? WeightRole::output : WeightRole::token_embd;
  list.matrix(embedding_role, "token_embd.weight", shape.d_model, shape.n_vocab);
  if (shape.rope_scaling_factor > 0) list.exact("rope_freqs.weight", llama3_rope_divisors(shape));
  for (std::uint32_t layer = 0; layer < shape.n_layers; ++layer) add_layer(shape, layer, list);
  list.norm("output_norm.weight");
  if (!shape.tied) list.matrix(WeightRole::output, "output.weight", shape.d_model, shape.n_vocab);
  return list.take();
}

std::uint64_t n_parameters(const Shape& shape) {
  std::uint64_t n = 0;
  for (const WeightRecipe& recipe : weight_recipes(shape, QuantMix())) {
    if (!recipe.values.empty()) continue;  // derived, not trained
    std::uint64_t n_values = 1;
    for (const std::uint64_t dim : recipe.dims) n_values *= dim;
    n += n_values;
  }
  return n;
}

Result<HeaderBuilder> make_header(const Shape& shape, const QuantMix& mix, const std::vector<WeightRecipe>& recipes,
                                  const engine::gguf::GgufFile* vocabulary) {
  HeaderBuilder header;
  header.put("general.architecture", shape.architecture);
  header.put("general.name", fmt::format("{} (random weights)", shape.title));
  header.put("general.quantization_version", std::uint32_t{2});
  if (mix.file_type() >= 0) header.put("general.file_type", static_cast<std::uint32_t>(mix.file_type()));
  const auto put = [&](const char* name, auto value) {
    header.put(fmt::format("{}.{}", shape.architecture, name), value);
  };
  put("vocab_size", shape.n_vocab);
  put("context_length", shape.context);
  put("embedding_length", shape.d_model);
  put("block_count", shape.n_layers);
  put("feed_forward_length", shape.d_ff);
  put("attention.head_count", shape.n_heads);
  put("attention.head_count_kv", shape.n_kv_heads);
  put("attention.layer_norm_rms_epsilon", shape.norm_eps);
  put("rope.dimension_count", shape.d_head);
  put("rope.freq_base", shape.rope_base);
  if (vocabulary != nullptr) {
    copy_vocabulary(*vocabulary, header);
  } else {
    put_vocabulary(make_vocabulary(shape), header);
  }
  for (const WeightRecipe& recipe : recipes) QUERN_CHECK(header.add_tensor(recipe.name, recipe.type, recipe.dims));
  return header;
}

}  // namespace quern::app
