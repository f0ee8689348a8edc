// What a synthetic file holds: the keys of the real model, and for every tensor its name, type, shape and distribution.
// Threads: pure functions.
#pragma once

#include "app/synth/quant_mix.hpp"
#include "app/synth/shapes.hpp"
#include "base/result.hpp"
#include "engine/gguf/header_builder.hpp"
#include "engine/gguf/reader.hpp"

#include <string>
#include <vector>

namespace quern::app {

struct WeightRecipe {
  std::string name;
  kernels::TensorType type = kernels::TensorType::f32;
  std::vector<std::uint64_t> dims = {};  // dims[0] is the contiguous one
  float mean = 0;                        // other than 0 for f32 only
  float stddev = 0;
  std::vector<float> values = {};  // exact values instead; f32 only
};

// In the order of the file.
std::vector<WeightRecipe> weight_recipes(const Shape& shape, const QuantMix& mix);
std::uint64_t n_parameters(const Shape& shape);

// Metadata and tensor table. vocabulary: the file that the tokenizer is taken from, of as many tokens as the shape has;
// nullptr: it is made up. Errors: as HeaderBuilder::add_tensor.
Result<engine::gguf::HeaderBuilder> make_header(const Shape& shape, const QuantMix& mix,
                                                const std::vector<WeightRecipe>& recipes,
                                                const engine::gguf::GgufFile* vocabulary = nullptr);

}  // namespace quern::app
