// What a model file amounts to: parameters, bytes, and how they divide over tensor types.
// Threads: pure functions.
#pragma once

#include "engine/gguf/reader.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace quern::app {

struct TypeShare {
  kernels::TensorType type;
  std::uint64_t n_tensors = 0, n_values = 0, size_bytes = 0;
};

struct FileSummary {
  std::string architecture;                    // "" where the file does not say
  std::string file_type;                       // "q4_k_m", "15 (unknown)"; "" where the file does not say
  std::uint64_t n_values = 0, size_bytes = 0;  // of all tensors
  std::vector<TypeShare> types;                // most bytes first

  double bits_per_value() const noexcept;  // 0 for no values
};

FileSummary summarize(const engine::gguf::GgufFile& file);

}  // namespace quern::app
