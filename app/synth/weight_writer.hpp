// Fills the tensors of a synthetic file in parallel and writes them in order. The bytes depend on the seed alone, not
// on the number of threads: every piece of kPieceBytes has a generator of its own. Threads: starts n_threads - 1
// workers for each round and joins them. Memory: kPiecesPerThread pieces per thread.
#pragma once

#include "app/synth/model_layout.hpp"
#include "base/result.hpp"
#include "engine/gguf/writer.hpp"

#include <cstdint>
#include <vector>

namespace quern::app {

// REQUIRES: recipes are the writer's tensors, in order. Errors: as GgufWriter::write.
Status write_weights(engine::gguf::GgufWriter& writer, const std::vector<WeightRecipe>& recipes, std::uint64_t seed,
                     std::uint32_t n_threads);

}  // namespace quern::app
