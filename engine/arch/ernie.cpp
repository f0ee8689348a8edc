// ERNIE 4.5, dense and MoE: the graph of Llama. The mixture follows dense layers, biases the choice of its softmax and
// has an expert for all tokens. Source: technical report of ERNIE 4.5; configuration of baidu/ERNIE-4.5-21B-A3B-PT.
#include "engine/arch/arch_spec.hpp"
#include "engine/arch/read_params.hpp"

namespace quern::engine {

namespace {

Status adjust_ernie_moe(const KeyReader& keys, HyperParams&) {
  QUERN_TRY(const std::uint32_t step, keys.count_or("interleave_moe_layer_step", 0, kMaxLayers, 1));
  return require_same(keys, "interleave_moe_layer_step", step, 1);
}

}  // namespace

extern const ArchSpec kErnie45{.gguf_arch = "ernie4_5"};

extern const ArchSpec kErnie45Moe{
    .gguf_arch = "ernie4_5-moe",
    .mixture = {.use = MixtureRule::Use::required, .shared = MixtureRule::Shared::length, .dense_first = true},
    .adjust = &adjust_ernie_moe};

}  // namespace quern::engine
