// Apertus: Qwen 3's attention and a feed-forward block without gates whose activation, xIELU, has numbers of its own in
// every layer, stored as before their softplus. Source: arXiv 2509.14233 (Apertus), 2411.13010 (xIELU).
#include "engine/arch/arch_spec.hpp"

#include <cmath>
#include <iterator>

namespace quern::engine {

namespace {

using namespace blocks;

constexpr TensorGroup kApertusLayer[] = {
    {Where::every_layer, kPreNorms},
    {Where::attention, kAttention},
    {Where::attention, kHeadNorms},
    {Where::dense, kPlainFfn},
};

// One number per layer, or one for all. These keys have no prefix.
Result<std::vector<float>> xielu_numbers(const KeyReader& keys, const char* key, std::size_t n_layers) {
  const gguf::GgufFile& file = keys.file();
  const gguf::Value* value = file.find(key);
  if (value != nullptr && value->type != gguf::ValueType::array) {
    QUERN_TRY(const double number, file.get_float(key));
    return std::vector<float>(n_layers, static_cast<float>(number));
  }
  QUERN_TRY(std::vector<float> numbers, file.get_float_array(key));
  if (numbers.size() < n_layers)
    return fail(Errc::corrupt, "{}: want the {} numbers of {}, found {}", key, n_layers, keys.name("block_count"),
                numbers.size());
  for (const float number : numbers) {
    if (!std::isfinite(number)) return fail(Errc::corrupt, "{}: want finite numbers, found {}", key, number);
  }
  return numbers;
}

Status adjust_apertus(const KeyReader& keys, HyperParams& p) {
  constexpr const char* kNames[] = {"xielu.alpha_n", "xielu.alpha_p", "xielu.beta", "xielu.eps"};
  const auto softplus = [](float x) { return x > 20.0f ? x : std::log1p(std::exp(x)); };
  for (std::size_t i = 0; i < std::size(kNames); ++i) {
    QUERN_TRY(const std::vector<float> numbers, xielu_numbers(keys, kNames[i], p.n_layers()));
    for (std::uint32_t layer = 0; layer < p.n_layers(); ++layer) p.layers[layer].xielu[i] = numbers[layer];
  }
  for (LayerParams& layer : p.layers) {
    auto& [alpha_n, alpha_p, beta, eps] = layer.xielu;
    alpha_n = beta + softplus(alpha_n);
    alpha_p = softplus(alpha_p);
  }
  return {};
}

}  // namespace

extern const ArchSpec kApertus{.gguf_arch = "apertus",
                               .rope = RopeStyle::split,
                               .activation = Activation::xielu,
                               .adjust = &adjust_apertus,
                               .layer_tensors = kApertusLayer};

}  // namespace quern::engine
