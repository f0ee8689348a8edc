// OLMo 2 and 3: norms after the blocks instead of before them, queries and keys normalized over all heads together.
// OLMo 3 has a window in three layers of four, which rotate without context extension. Source: arXiv 2501.00656 (OLMo
// 2) and the configuration of OLMo 3.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/blocks.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr LayerTensor kOlmo2WholeNorms[] = {
    {"attn_q_norm", required, &L::q_norm, Dim::q_width},
    {"attn_k_norm", required, &L::k_norm, Dim::k_width},
};
constexpr TensorGroup kOlmo2Layer[] = {
    {Where::every_layer, kPostNorms},
    {Where::attention, kAttention},
    {Where::attention, kOlmo2WholeNorms},
    {Where::dense, kGatedFfn},
};

Result<HyperParams> read_olmo2(const KeyReader& keys) {
  QUERN_TRY(HyperParams p, read_common(keys, EpsKey::rms));
  QUERN_CHECK(read_windows(keys, 4, FullLayer::last, 0, p));
  QUERN_CHECK(read_local_rope(keys, p.rope[0].freq_base, p));
  assign_cache_layers(p);
  return p;
}

}  // namespace

extern const ArchSpec kOlmo2{.gguf_arch = "olmo2",
                             .rope = RopeStyle::split,
                             .qk_norm = QkNorm::whole,
                             .read_params = &read_olmo2,
                             .model_tensors = blocks::kDecoder,
                             .layer_tensors = kOlmo2Layer};

}  // namespace quern::engine
