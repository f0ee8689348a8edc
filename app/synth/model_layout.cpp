#include "app/synth/model_layout.hpp"

#include "app/synth/borrowed_vocabulary.hpp"
#include "app/synth/vocabulary.hpp"

#include <algorithm>
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

  // [n_cols, n_rows], or so many of them, N(0, 1 / n_cols): keeps the size of what passes through.
  void matrix(WeightRole role, std::string name, std::uint64_t n_cols, std::uint64_t n_rows, std::uint32_t layer = 0,
              std::uint64_t count = 0) {
    const WeightPlace place{role, layer, shape_.n_layers, n_cols};
    list_.push_back({.name = std::move(name),
                     .type = mix_.type_of(place),
                     .dims = {n_cols, n_rows},
                     .stddev = 1.0f / std::sqrt(static_cast<float>(n_cols))});
    if (count > 0) list_.back().dims.push_back(count);
  }
  // What stays F32 in every file.
  void exact_matrix(std::string name, std::vector<std::uint64_t> dims) {
    const float stddev = 1.0f / std::sqrt(static_cast<float>(dims.front()));
    list_.push_back({.name = std::move(name), .dims = std::move(dims), .stddev = stddev});
  }
  void norm(std::string name) { norm(std::move(name), shape_.d_model); }
  void norm(std::string name, std::uint64_t n) {
    list_.push_back({.name = std::move(name), .dims = {n}, .mean = 1, .stddev = kNormSpread});
  }
  void bias(std::string name, std::uint64_t n) {
    if (shape_.qkv_bias) vector(std::move(name), {n}, 0);
  }
  void vector(std::string name, std::vector<std::uint64_t> dims, float mean) {
    list_.push_back({.name = std::move(name), .dims = std::move(dims), .mean = mean, .stddev = kBiasSpread});
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

// Names of one layer's tensors.
struct LayerNames {
  std::uint32_t layer;
  std::string operator()(const char* part) const { return fmt::format("blk.{}.{}", layer, part); }
};

void add_attention(const Shape& s, const LayerNames& name, RecipeList& list) {
  list.matrix(WeightRole::attn_q, name("attn_q.weight"), s.d_model, s.q_width(), name.layer);
  list.bias(name("attn_q.bias"), s.q_width());
  list.matrix(WeightRole::attn_k, name("attn_k.weight"), s.d_model, s.kv_width(), name.layer);
  list.bias(name("attn_k.bias"), s.kv_width());
  list.matrix(WeightRole::attn_v, name("attn_v.weight"), s.d_model, s.kv_width(), name.layer);
  list.bias(name("attn_v.bias"), s.kv_width());
  list.matrix(WeightRole::attn_output, name("attn_output.weight"), s.q_width(), s.d_model, name.layer);
  if (s.gpt_oss) {
    list.bias(name("attn_output.bias"), s.d_model);
    list.vector(name("attn_sinks.weight"), {s.n_heads}, 0);
  }
  if (s.qk_norm) {
    list.norm(name("attn_q_norm.weight"), s.d_head);
    list.norm(name("attn_k_norm.weight"), s.d_head);
  }
}

void add_short_conv(const Shape& s, const LayerNames& name, RecipeList& list) {
  list.matrix(WeightRole::attn_q, name("shortconv.in_proj.weight"), s.d_model, 3 * std::uint64_t{s.d_model},
              name.layer);
  list.exact_matrix(name("shortconv.conv.weight"), {s.conv_kernel, s.d_model});
  list.matrix(WeightRole::attn_output, name("shortconv.out_proj.weight"), s.d_model, s.d_model, name.layer);
}

// One group of heads. States decay at a rate of about 1 per unit of time.
void add_mamba2(const Shape& s, const LayerNames& name, RecipeList& list) {
  const std::uint64_t conv_width = s.d_inner + 2 * std::uint64_t{s.d_state};
  list.matrix(WeightRole::attn_q, name("ssm_in.weight"), s.d_model, s.d_inner + conv_width + s.n_ssm_heads, name.layer);
  list.exact_matrix(name("ssm_conv1d.weight"), {s.conv_kernel, conv_width});
  list.vector(name("ssm_conv1d.bias"), {conv_width}, 0);
  list.vector(name("ssm_dt.bias"), {s.n_ssm_heads}, 0);
  list.vector(name("ssm_a"), {1, s.n_ssm_heads}, -1);
  list.vector(name("ssm_d"), {1, s.n_ssm_heads}, 1);
  list.vector(name("ssm_norm.weight"), {s.d_inner, 1}, 1);
  list.matrix(WeightRole::attn_output, name("ssm_out.weight"), s.d_inner, s.d_model, name.layer);
}

void add_feed_forward(const Shape& s, const LayerNames& name, RecipeList& list) {
  if (s.n_experts == 0) {
    list.matrix(WeightRole::ffn_gate, name("ffn_gate.weight"), s.d_model, s.d_ff, name.layer);
    list.matrix(WeightRole::ffn_up, name("ffn_up.weight"), s.d_model, s.d_ff, name.layer);
    list.matrix(WeightRole::ffn_down, name("ffn_down.weight"), s.d_ff, s.d_model, name.layer);
    return;
  }
  list.exact_matrix(name("ffn_gate_inp.weight"), {s.d_model, s.n_experts});
  list.matrix(WeightRole::ffn_gate, name("ffn_gate_exps.weight"), s.d_model, s.d_expert, name.layer, s.n_experts);
  list.matrix(WeightRole::ffn_up, name("ffn_up_exps.weight"), s.d_model, s.d_expert, name.layer, s.n_experts);
  list.matrix(WeightRole::ffn_down, name("ffn_down_exps.weight"), s.d_expert, s.d_model, name.layer, s.n_experts);
  if (s.gpt_oss) {
    list.vector(name("ffn_gate_inp.bias"), {s.n_experts}, 0);
    list.vector(name("ffn_gate_exps.bias"), {s.d_expert, s.n_experts}, 0);
    list.vector(name("ffn_up_exps.bias"), {s.d_expert, s.n_experts}, 0);
    list.vector(name("ffn_down_exps.bias"), {s.d_model, s.n_experts}, 0);
  }
  if (s.d_shared == 0) return;
  list.matrix(WeightRole::ffn_gate, name("ffn_gate_shexp.weight"), s.d_model, s.d_shared, name.layer);
  list.matrix(WeightRole::ffn_up, name("ffn_up_shexp.weight"), s.d_model, s.d_shared, name.layer);
  list.matrix(WeightRole::ffn_down, name("ffn_down_shexp.weight"), s.d_shared, s.d_model, name.layer);
}

void add_layer(const Shape& s, std::uint32_t layer, RecipeList& list) {
  const LayerNames name{layer};
  list.norm(name("attn_norm.weight"));
  switch (s.mixer(layer)) {
    case 'c':
      add_short_conv(s, name, list);
      break;
    case 'm':
      add_mamba2(s, name, list);
      break;
    default:
      add_attention(s, name, list);
  }
  if (s.post_norms) list.norm(name("post_attention_norm.weight"));
  list.norm(name(s.gpt_oss ? "post_attention_norm.weight" : "ffn_norm.weight"));
  add_feed_forward(s, name, list);
  if (s.post_norms) list.norm(name("post_ffw_norm.weight"));
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
  list.norm(shape.architecture == "lfm2" ? "token_embd_norm.weight" : "output_norm.weight");
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

namespace {

// Keys of the shape's architecture.
class ShapeKeys {
 public:
  ShapeKeys(const Shape& shape, HeaderBuilder& header) : shape_(shape), header_(header) {}

  template <class Value>
  void put(const char* name, const Value& value) {
    header_.put(fmt::format("{}.{}", shape_.architecture, name), value);
  }
  void put_list(const char* name, const std::vector<std::int32_t>& values) {
    header_.put_array(fmt::format("{}.{}", shape_.architecture, name), values);
  }
  // Where it is not 0.
  template <class Value>
  void put_if(const char* name, Value value) {
    if (value != Value{}) put(name, value);
  }

 private:
  const Shape& shape_;
  HeaderBuilder& header_;
};

void put_heads(const Shape& s, ShapeKeys& keys) {
  keys.put("attention.head_count", s.n_heads);
  if (s.mixers.empty()) {
    keys.put("attention.head_count_kv", s.n_kv_heads);
  } else {
    std::vector<std::int32_t> per_layer;
    for (const char mixer : s.mixers) per_layer.push_back(mixer == 'a' ? static_cast<std::int32_t>(s.n_kv_heads) : 0);
    keys.put_list("attention.head_count_kv", per_layer);
  }
  if (s.q_width() != s.d_model) {
    keys.put("attention.key_length", s.d_head);
    keys.put("attention.value_length", s.d_head);
  }
  keys.put("attention.layer_norm_rms_epsilon", s.norm_eps);
  keys.put_if("attention.sliding_window", s.window);
  keys.put("rope.dimension_count", s.d_head);
  keys.put("rope.freq_base", s.rope_base);
  constexpr std::uint32_t kYarnContext = 4096;
  if (s.linear_factor != 0 || s.yarn_factor != 0) {
    keys.put("rope.scaling.type", std::string_view(s.yarn_factor != 0 ? "yarn" : "linear"));
    keys.put("rope.scaling.factor", std::max(s.linear_factor, s.yarn_factor));
    if (s.yarn_factor != 0) keys.put("rope.scaling.original_context_length", kYarnContext);
  }
}

void put_other_blocks(const Shape& s, ShapeKeys& keys) {
  keys.put_if("expert_count", s.n_experts);
  keys.put_if("expert_used_count", s.n_used);
  keys.put_if("expert_feed_forward_length", s.d_expert);
  keys.put_if("expert_shared_feed_forward_length", s.d_shared);
  if (s.d_inner > 0) {
    keys.put("ssm.conv_kernel", s.conv_kernel);
    keys.put("ssm.inner_size", s.d_inner);
    keys.put("ssm.state_size", s.d_state);
    keys.put("ssm.time_step_rank", s.n_ssm_heads);
    keys.put("ssm.group_count", std::uint32_t{1});
    keys.put("rope.scaling.finetuned", false);  // says that attention has no positions
  } else if (s.conv_kernel > 0) {
    keys.put("shortconv.l_cache", s.conv_kernel);
  }
  keys.put_if("embedding_scale", s.embedding_scale);
  keys.put_if("residual_scale", s.residual_scale);
  keys.put_if("attention.scale", s.attention_scale);
  keys.put_if("logit_scale", s.logit_scale);
}

}  // namespace

Result<HeaderBuilder> make_header(const Shape& shape, const QuantMix& mix, const std::vector<WeightRecipe>& recipes,
                                  const engine::gguf::GgufFile* vocabulary) {
  HeaderBuilder header;
  header.put("general.architecture", shape.architecture);
  header.put("general.name", fmt::format("{} (random weights)", shape.title));
  header.put("general.quantization_version", std::uint32_t{2});
  if (mix.file_type() >= 0) header.put("general.file_type", static_cast<std::uint32_t>(mix.file_type()));
  ShapeKeys keys(shape, header);
  keys.put("vocab_size", shape.n_vocab);
  keys.put("context_length", shape.context);
  keys.put("embedding_length", shape.d_model);
  keys.put("block_count", shape.n_layers);
  keys.put("feed_forward_length", shape.d_ff);
  put_heads(shape, keys);
  put_other_blocks(shape, keys);
  if (vocabulary != nullptr) {
    copy_vocabulary(*vocabulary, header);
  } else {
    put_vocabulary(make_vocabulary(shape), header);
  }
  for (const WeightRecipe& recipe : recipes) QUERN_CHECK(header.add_tensor(recipe.name, recipe.type, recipe.dims));
  return header;
}

}  // namespace quern::app
