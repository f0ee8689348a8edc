// OLMo 2 and 3: norms after the blocks instead of before them, queries and keys normalized over all heads together.
// OLMo 3 has a window in three layers of four, which rotate without context extension. Source: arXiv 2501.00656 (OLMo
// 2) and the configuration of OLMo 3.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kOlmo2Layer[] = {
    {Where::every_layer, kPostNorms},
    {Where::attention, kAttention},
    {Where::attention, kWholeNorms},
    {Where::dense, kGatedFfn},
};

Status adjust_olmo2(const KeyReader& keys, HyperParams& p) {
  QUERN_CHECK(read_windows(keys, 4, FullLayer::last, 0, p));
  return read_local_rope(keys, p.rope[0].freq_base, p);
}

}  // namespace

extern const ArchSpec kOlmo2{.gguf_arch = "olmo2",
                             .rope = RopeStyle::split,
                             .qk_norm = QkNorm::whole,
                             .adjust = &adjust_olmo2,
                             .layer_tensors = kOlmo2Layer};

}  // namespace quern::engine
