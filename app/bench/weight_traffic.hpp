// How many weight bytes one decode step reads. Threads: pure function.
#pragma once

#include "engine/model.hpp"

#include <cstdint>

namespace quern::app {

// Every matrix once, whatever the number of sequences, apart from: the embedding table, of which each sequence reads
// one row (unless it is the output matrix too), and experts, of which each sequence picks a few. Their number is the
// expected count of distinct ones when sequences choose independently and uniformly.
double weight_bytes_per_step(const engine::Model& model, std::uint32_t n_seqs);

}  // namespace quern::app
