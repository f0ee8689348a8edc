// Qwen 2 and 2.5, and the text side of Qwen 2 and 2.5 VL: Llama with rope on split halves and biases on queries, keys
// and values. The vision models divide the pairs of the rotation among axes. Source: arXiv 2407.10671, 2409.12191.
#include "engine/arch/arch_spec.hpp"

namespace quern::engine {

extern const ArchSpec kQwen2{.gguf_arch = "qwen2", .rope = RopeStyle::split, .rank = {.row = PoolRow::last}};

extern const ArchSpec kQwen2Vl{.gguf_arch = "qwen2vl", .rope = RopeStyle::split, .sections = RopeSections::contiguous};

}  // namespace quern::engine
