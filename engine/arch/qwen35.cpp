// Qwen 3.5 (text): of every few layers one has attention, with a sigmoid gate on each head's answer; the others are
// gated delta nets. Positions of text are the same in all sections of its rotation, which makes it a plain one.
// Source: Qwen3-Next and Qwen3.5 model cards and configuration (full_attention_interval, linear_* keys); arXiv
// 2412.06464 (Gated DeltaNet).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

#include <fmt/ranges.h>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kQwen35Norms[] = {
    {"attn_norm", required, &L::attn_norm, Dim::d_model},
    {"post_attention_norm", required, &L::ffn_norm, Dim::d_model},
};
constexpr LayerTensor kGatedAttention[] = {
    {"attn_q", required, &L::attn_q, Dim::q_width_x2, Dim::d_model},
    {"attn_k", required, &L::attn_k, Dim::k_width, Dim::d_model},
    {"attn_v", required, &L::attn_v, Dim::v_width, Dim::d_model},
    {"attn_output", required, &L::attn_out, Dim::d_model, Dim::attn_width},
};
constexpr LayerTensor kDeltaNet[] = {
    {"attn_qkv", required, &L::mix_in, Dim::conv_width, Dim::d_model},
    {"attn_gate", required, &L::delta_gate, Dim::delta_width, Dim::d_model},
    {"ssm_conv1d.weight", required, &L::taps, Dim::conv_width, Dim::conv_kernel},
    {"ssm_beta", required, &L::delta_beta, Dim::n_delta_heads, Dim::d_model},
    {"ssm_alpha", required, &L::delta_decay, Dim::n_delta_heads, Dim::d_model},
    {"ssm_dt.bias", required, &L::decay_bias, Dim::n_delta_heads},
    {"ssm_a", required, &L::decay_rate, Dim::n_delta_heads},
    {"ssm_norm", required, &L::delta_norm, Dim::d_state},
    {"ssm_out", required, &L::attn_out, Dim::d_model, Dim::delta_width},
};
constexpr TensorGroup kQwen35Layer[] = {
    {Where::every_layer, kQwen35Norms}, {Where::attention, kGatedAttention}, {Where::attention, kHeadNorms},
    {Where::delta_net, kDeltaNet},      {Where::dense, kGatedFfn},
};

Status read_delta(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.conv_kernel, keys.count("ssm.conv_kernel", 2, kMaxConvKernel));
  QUERN_TRY(p.delta.d_state, keys.count("ssm.state_size", 1, 1024));
  QUERN_TRY(p.delta.n_k_heads, keys.count("ssm.group_count", 1, kMaxHeads));
  QUERN_TRY(p.delta.n_v_heads, keys.count("ssm.time_step_rank", 1, kMaxHeads));
  QUERN_TRY(const std::uint32_t inner, keys.count("ssm.inner_size", 1, kMaxWidth));
  if (inner != std::uint64_t{p.delta.n_v_heads} * p.delta.d_state) {
    return fail(Errc::corrupt, "{}: want {} heads of {}, found {}", keys.name("ssm.inner_size"), p.delta.n_v_heads,
                p.delta.d_state, inner);
  }
  if (p.delta.n_v_heads % p.delta.n_k_heads != 0) {
    return fail(Errc::corrupt, "{}: want a divisor of the {} value heads, found {}", keys.name("ssm.group_count"),
                p.delta.n_v_heads, p.delta.n_k_heads);
  }
  return {};
}

// Pairs of the rotation take their position from text, height and width in turn, each as often as its section says;
// what is left over does not rotate in text.
Status check_sections(const KeyReader& keys, std::uint32_t n_pairs) {
  constexpr const char* kKey = "rope.dimension_sections";
  if (!keys.has(kKey)) return {};
  QUERN_TRY(std::vector<std::int64_t> sections, keys.integers(kKey));
  sections.resize(4);
  std::int64_t total = 0;
  for (const std::int64_t section : sections) {
    if (section < 0 || section > static_cast<std::int64_t>(kMaxHeadWidth))
      return fail(Errc::corrupt, "{}: want up to 4 numbers of 0 to {}, found {}", keys.name(kKey), kMaxHeadWidth,
                  section);
    total += section;
  }
  for (std::int64_t pair = 0; pair < std::int64_t{n_pairs}; ++pair) {
    const std::int64_t turn = total > 0 ? pair % total : 0;
    if (turn >= 3 * sections[static_cast<std::size_t>(turn % 3)])
      return fail(Errc::unsupported, "{}: want sections that cover all {} pairs, found [{}]", keys.name(kKey), n_pairs,
                  fmt::join(sections, ", "));
  }
  return {};
}

Result<HyperParams> read_qwen35(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  if (p.d_head_k != p.d_head_v) {
    return fail(Errc::unsupported, "{}: want {} like attention.key_length, found {}",
                keys.name("attention.value_length"), p.d_head_k, p.d_head_v);
  }
  QUERN_CHECK(read_delta(keys, p));
  // Blocks behind the main stack predict further tokens; they take no part in the next one.
  QUERN_TRY(const std::uint32_t n_extra, keys.count_or("nextn_predict_layers", 0, p.n_layers() - 1, 0));
  p.layers.resize(p.n_layers() - n_extra);
  p.n_extra_layers = n_extra;
  QUERN_CHECK(check_sections(keys, p.rope[0].n_rot / 2));
  QUERN_TRY(const std::uint32_t interval, keys.count_or("full_attention_interval", 1, kMaxLayers, 4));
  for (std::uint32_t i = 0; i < p.n_layers(); ++i) {
    p.layers[i].mixer = (i + 1) % interval == 0 ? Mixer::attention : Mixer::delta_net;
  }
  if (interval > p.n_layers()) {
    return fail(Errc::unsupported, "{}: want at most the {} layers, so that one has attention, found {}",
                keys.name("full_attention_interval"), p.n_layers(), interval);
  }
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kQwen35{.gguf_arch = "qwen35",
                              .rope = RopeStyle::split,
                              .gated_attention = true,
                              .read_params = &read_qwen35,
                              .model_tensors = blocks::kDecoder,
                              .layer_tensors = kQwen35Layer};

}  // namespace quern::engine
