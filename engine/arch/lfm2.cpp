// LFM2, dense and MoE: most layers are gated short convolutions, some (those with KV heads) attention with normalized
// queries and keys. The final norm is called that of the embedding. The mixture scores experts with a sigmoid and
// biases their choice. Source: arXiv 2511.23404 (LFM2); configurations of LiquidAI/LFM2-1.2B and LFM2-8B-A1B.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kLfm2Model[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"output_norm", optional, &M::output_norm, Dim::d_model},
    {"token_embd_norm", required, &M::output_norm, Dim::d_model},
    {"output", optional, &M::output, Dim::n_vocab, Dim::d_model},
};
constexpr LayerTensor kShortConv[] = {
    {"shortconv.in_proj", required, &L::mix_in, Dim::d_model_x3, Dim::d_model},
    {"shortconv.conv.weight", required, &L::taps, Dim::d_model, Dim::conv_kernel},
    {"shortconv.out_proj", required, &L::attn_out, Dim::d_model, Dim::d_model},
};
constexpr TensorGroup kLfm2Layer[] = {
    {Where::every_layer, kPreNorms}, {Where::attention, kAttention}, {Where::attention, kHeadNorms},
    {Where::short_conv, kShortConv}, {Where::dense, kGatedFfn},      {Where::experts, kExperts},
};

Status adjust_lfm2(const KeyReader& keys, HyperParams& p) {
  QUERN_TRY(p.conv_kernel, keys.count("shortconv.l_cache", 2, kMaxConvKernel));
  QUERN_CHECK(keys.integers("attention.head_count_kv"));
  mix_where_no_kv(Mixer::short_conv, p);
  return {};
}

}  // namespace

extern const ArchSpec kLfm2{.gguf_arch = "lfm2",
                            .rope = RopeStyle::split,
                            .adjust = &adjust_lfm2,
                            .model_tensors = kLfm2Model,
                            .layer_tensors = kLfm2Layer};

extern const ArchSpec kLfm2Moe{
    .gguf_arch = "lfm2moe",
    .rope = RopeStyle::split,
    .mixture = {.use = MixtureRule::Use::required, .gating = Gating::sigmoid, .gating_key = true, .dense_first = true},
    .adjust = &adjust_lfm2,
    .model_tensors = kLfm2Model,
    .layer_tensors = kLfm2Layer};

}  // namespace quern::engine
