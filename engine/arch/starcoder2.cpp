// StarCoder 2: LayerNorm, biases everywhere, rope on split halves, plain GELU feed-forward. Source: arXiv 2402.19173.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

extern const ArchSpec kStarcoder2{.gguf_arch = "starcoder2",
                                  .norm = NormKind::layer,
                                  .rope = RopeStyle::split,
                                  .activation = Activation::gelu,
                                  .layer_tensors = blocks::kPlainLayer};

}  // namespace quern::engine
