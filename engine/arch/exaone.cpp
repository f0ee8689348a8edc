// EXAONE 3 and 4: the first is Llama with rope on split halves. The second has norms behind its blocks only and
// normalizes query and key heads; the 32B model (64 layers) has a window in three layers of four, and the fourth sees
// everything without positions. Source: arXiv 2408.03541 (EXAONE 3), 2507.11407 (EXAONE 4).
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

using namespace blocks;

constexpr std::uint32_t kExaone4LayersOf32B = 64;

constexpr TensorGroup kExaone4Layer[] = {
    {Where::every_layer, kPostNorms},
    {Where::attention, kAttention},
    {Where::attention, kHeadNorms},
    {Where::dense, kGatedFfn},
};

Status adjust_exaone4(const KeyReader& keys, HyperParams& p) {
  if (p.n_layers() != kExaone4LayersOf32B) {
    keys.ignore("attention.sliding_window");  // small models state it and have none
    return {};
  }
  QUERN_CHECK(read_windows(keys, 4, FullLayer::last, 4096, p));
  rotate_in_windows(p);
  return {};
}

}  // namespace

extern const ArchSpec kExaone{.gguf_arch = "exaone", .rope = RopeStyle::split};

extern const ArchSpec kExaone4{
    .gguf_arch = "exaone4", .rope = RopeStyle::split, .adjust = &adjust_exaone4, .layer_tensors = kExaone4Layer};

}  // namespace quern::engine
