// EuroBERT: Llama with rope on split halves and without a causal mask, which embeds. Source: arXiv 2503.05500.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr ModelTensor kEurobertModel[] = {
    {"token_embd.weight", required, &M::token_embd, Dim::n_vocab, Dim::d_model},
    {"output_norm", required, &M::output_norm, Dim::d_model},
    {"cls", optional, &M::cls, Dim::d_model, Dim::d_model},
    {"cls.output", optional, &M::cls_out, Dim::any, Dim::d_model},
};

}  // namespace

extern const ArchSpec kEurobert{.gguf_arch = "eurobert",
                                .rope = RopeStyle::split,
                                .generates = false,
                                .adjust = &read_encoder_mask,
                                .model_tensors = kEurobertModel};

}  // namespace quern::engine
