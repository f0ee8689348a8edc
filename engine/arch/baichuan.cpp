// Baichuan 1 and 2: Llama; the 13B models (40 layers) have ALiBi instead of rope. Source: arXiv 2309.10305.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

constexpr std::uint32_t kLayersOf13B = 40;

Status adjust_baichuan(const KeyReader&, HyperParams& p) {
  if (p.n_layers() != kLayersOf13B) return {};
  p.alibi_max_bias = 8.0f;
  rotate_nowhere(p);
  return {};
}

}  // namespace

extern const ArchSpec kBaichuan{.gguf_arch = "baichuan", .adjust = &adjust_baichuan};

}  // namespace quern::engine
