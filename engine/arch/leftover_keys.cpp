#include "engine/arch/leftovers.hpp"
#include "engine/gguf/convert.hpp"
#include "engine/gguf/printable.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <optional>

namespace quern::engine {

namespace {

// A number that the file states and its architecture does not read, beside what is computed.
struct Claim {
  double found = 0;  // NaN: not a number
  const HyperParams& p;
  std::uint32_t window = 0;  // of the layers that have one

  bool is(double value) const noexcept { return std::abs(found - value) <= 1e-6 * std::abs(value); }
  bool is(bool value) const noexcept { return is(value ? 1.0 : 0.0); }
  bool is_off() const noexcept { return found == 0; }
  bool no_experts() const noexcept { return p.moe.n_experts == 0; }
  bool no_window() const noexcept { return window == 0; }
  bool no_yarn() const noexcept { return p.rope[0].scaling != RopeScaling::yarn; }
};

// A key that is known, and what it may say: what is computed anyway.
struct Row {
  std::string_view key;
  const char* want = "";                   // for the message
  bool (*fits)(const Claim& c) = nullptr;  // nullptr: any value, of any type
};

bool off(const Claim& c) noexcept {
  return c.is_off();
}
bool off_or_one(const Claim& c) noexcept {
  return c.is_off() || c.is(1.0);
}

// clang-format off
constexpr Row kRows[] = {
    // What tensors and tokens say themselves, and what describes how the file or the model was made.
    {"vocab_size"}, {"tensor_data_layout"}, {"classifier.output_labels"}, {"rope.scaling.finetuned"},
    // The epsilon of the kind of norm that the architecture does not have.
    {"attention.layer_norm_epsilon"}, {"attention.layer_norm_rms_epsilon"},

    {"embedding_length_out", "the embedding length", [](const Claim& c) { return c.found == c.p.d_model; }},
    {"embedding_length_per_layer_input", "0", off},
    {"use_parallel_residual", "what the architecture does", [](const Claim& c) { return c.is(c.p.parallel_residual); }},
    {"nextn_predict_layers", "0", off}, {"n_deepstack_layers", "0", off}, {"hash_layer_count", "0", off},
    {"hyper_connection.count", "0", off}, {"token_shift_count", "0", off}, {"swin_norm", "false", off},
    {"rescale_every_n_layers", "0", off},

    {"embedding_scale", "the scale that the architecture has", [](const Claim& c) { return c.is_off() || c.is(static_cast<double>(c.p.embedding_scale)); }},
    {"residual_scale", "1", off_or_one}, {"logit_scale", "1", off_or_one},
    {"final_logit_softcapping", "0", off}, {"attn_logit_softcapping", "0", off}, {"router_logit_softcapping", "0", off},

    {"attention.sliding_window", "0, or the whole context", [](const Claim& c) { return c.is_off() || c.found >= c.p.n_context_train; }},
    {"attention.sliding_window_pattern", "no pattern", [](const Claim& c) { return c.no_window(); }},
    {"attention.key_length_swa", "attention.key_length", [](const Claim& c) { return c.no_window() || c.found == c.p.d_head_k; }},
    {"attention.value_length_swa", "attention.value_length", [](const Claim& c) { return c.no_window() || c.found == c.p.d_head_v; }},
    {"attention.scale", "1 / sqrt(attention.key_length)", [](const Claim& c) { return c.is_off() || c.is(static_cast<double>(c.p.attention_scale)); }},
    {"attention.output_scale", "1", off_or_one}, {"attention.value_scale", "1", off_or_one},
    {"attention.clamp_kqv", "0", off}, {"attention.temperature_scale", "0", off},
    {"attention.max_alibi_bias", "the bias that the architecture has", [](const Claim& c) { return c.is(static_cast<double>(c.p.alibi_max_bias)); }},
    {"attention.shared_kv_layers", "0", off}, {"attention.q_lora_rank", "0", off}, {"attention.kv_lora_rank", "0", off},
    {"attention.key_length_mla", "0", off}, {"attention.value_length_mla", "0", off},

    {"rope.freq_base_swa", "rope.freq_base", [](const Claim& c) { return c.no_window() || c.is(c.p.rope[0].freq_base); }},
    {"rope.dimension_count_swa", "rope.dimension_count", [](const Claim& c) { return c.no_window() || c.found == c.p.rope[0].n_rot; }},
    {"rope.scaling.alpha", "1", off_or_one},
    {"rope.scaling.yarn_attn_factor", "1", [](const Claim& c) { return c.is(1.0); }},
    {"rope.scaling.yarn_ext_factor", "1 with YaRN, else 0", [](const Claim& c) { return c.found < 0 || c.found == (c.no_yarn() ? 0 : 1); }},
    {"rope.scaling.yarn_log_multiplier", "0", [](const Claim& c) { return c.no_yarn() || c.is_off(); }},

    {"expert_count", "0", off},
    {"expert_used_count", "0", [](const Claim& c) { return c.no_experts(); }},
    {"expert_feed_forward_length", "no experts", [](const Claim& c) { return c.no_experts(); }},
    {"expert_shared_feed_forward_length", "0", [](const Claim& c) { return c.no_experts() || c.is_off(); }},
    {"expert_shared_count", "0", [](const Claim& c) { return c.no_experts() || (c.p.moe.d_ff_shared != 0 ? c.found >= 1 : c.is_off()); }},
    {"expert_chunk_feed_forward_length", "0", off}, {"expert_group_scale", "0", off}, {"experts_per_group", "0", off},
    {"expert_group_count", "1", [](const Claim& c) { return c.no_experts() || c.is_off() || c.found == c.p.moe.n_groups; }},
    {"expert_group_used_count", "1", [](const Claim& c) { return c.no_experts() || c.is_off() || c.found == c.p.moe.n_groups_used; }},
    {"expert_weights_scale", "1", [](const Claim& c) { return c.no_experts() || c.is_off() || c.is(1.0); }},
    // Weights that are a softmax over the chosen experts sum to 1 as they are.
    {"expert_weights_norm", "what the architecture does", [](const Claim& c) { return c.no_experts() || c.is(c.p.moe.normalize) || c.p.moe.gating == Gating::softmax_of_chosen; }},
    {"expert_gating_func", "that of the architecture", [](const Claim& c) { return c.no_experts() || c.is_off() || c.found == static_cast<double>(c.p.moe.gating); }},
    {"leading_dense_block_count", "0", [](const Claim& c) { return c.no_experts() || c.is_off(); }},
    {"interleave_moe_layer_step", "1", [](const Claim& c) { return c.no_experts() || c.is_off() || c.found == 1; }},
    {"moe_every_n_layers", "0", off}, {"moe_latent_size", "0", off},
    {"swiglu_clamp_exp", "0", off}, {"swiglu_clamp_shexp", "0", off},
};
// clang-format on

// Descriptions of an encoder for images or sound, whose tensors are foreign too.
constexpr std::array<std::string_view, 4> kForeignPrefixes{"vision.", "audio.", "mm.", "projector."};

// A number or a flag, or the one value that all items of an array have.
std::optional<double> number_of(std::string_view key, const gguf::Value& value) {
  if (value.type == gguf::ValueType::boolean) return value.u != 0 ? 1 : 0;
  if (value.type != gguf::ValueType::array) {
    const Result<double> number = gguf::to_float(key, value);
    return number ? std::optional(*number) : std::nullopt;
  }
  const Result<std::vector<float>> items = gguf::to_float_array(key, value);
  if (!items || items->empty()) return std::nullopt;
  if (std::any_of(items->begin(), items->end(), [&](float item) { return item != items->front(); }))
    return std::nullopt;
  return static_cast<double>(items->front());
}

std::string text_of(std::string_view key, const gguf::Value& value) {
  if (value.type == gguf::ValueType::string) return fmt::format("'{}'", gguf::printable(value.s));
  const std::optional<double> number = number_of(key, value);
  return number ? fmt::format("{}", *number) : gguf::type_text(value);
}

// The feed-forward block's activation by name.
bool names_activation(std::string_view name, Activation activation) noexcept {
  switch (activation) {
    case Activation::silu:
      return name == "silu" || name == "swish" || name == "swiglu";
    case Activation::gelu:
    case Activation::gelu_or_relu:
      return name.starts_with("gelu") || name == "geglu";
    case Activation::relu:
      return name == "relu";
    case Activation::squared_relu:
      return name == "relu2" || name == "squared_relu";
    case Activation::xielu:
      return name == "xielu";
    case Activation::clamped_swiglu:
      return false;
  }
  return false;
}

}  // namespace

Status refuse_leftover_keys(const KeyReader& keys, const ArchSpec& arch, const HyperParams& params) {
  Claim claim{.p = params};
  for (const LayerParams& layer : params.layers) claim.window = std::max(claim.window, layer.window);
  const std::string prefix = keys.name("");
  for (const auto& [name, value] : keys.file().metadata()) {
    if (!name.starts_with(prefix) || keys.was_read(name)) continue;
    const std::string_view key = name.substr(prefix.size());
    if (std::any_of(kForeignPrefixes.begin(), kForeignPrefixes.end(),
                    [key](std::string_view foreign) { return key.starts_with(foreign); }))
      continue;
    if (key == "hidden_activation" && value.type == gguf::ValueType::string &&
        names_activation(value.s, arch.activation))
      continue;
    const Row* row = std::find_if(std::begin(kRows), std::end(kRows), [key](const Row& r) { return r.key == key; });
    if (row == std::end(kRows)) {
      return fail(Errc::unsupported,
                  "{}: this key is not supported by architecture '{}': want no such key, found {}; what it changes "
                  "would not be computed",
                  gguf::printable(name), keys.arch(), text_of(name, value));
    }
    if (row->fits == nullptr) continue;
    claim.found = number_of(name, value).value_or(std::numeric_limits<double>::quiet_NaN());
    if (row->fits(claim)) continue;
    return fail(Errc::unsupported, "{}: architecture '{}' does not support this: want {}, found {}", name, keys.arch(),
                row->want, text_of(name, value));
  }
  return {};
}

}  // namespace quern::engine
