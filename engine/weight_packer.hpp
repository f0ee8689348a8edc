// Packs the weights of a loaded model into the layouts of its kernels (kernels::PackedLayout, docs/decisions/019), and
// says which arithmetic its matrices get.
// Threads: the caller's and a few more that end before pack() returns. Ownership: packed matrices lie in the
// WeightStore; what they were made from is dropped from memory. Errors: io (no memory).
#pragma once

#include "base/result.hpp"
#include "engine/gguf/reader.hpp"
#include "engine/weights.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/kernel_table.hpp"
#include "kernels/topology.hpp"

#include <cstdint>

namespace quern::engine {

// Which products may round their activations to 8 bits: those that no softmax multiplies the errors of, none, or all.
enum class Arithmetic : std::uint8_t { automatic, exact, fast };
// automatic: packed where the memory budget has room for it.
enum class Packing : std::uint8_t { automatic, on, off };

struct WeightOptions {
  Packing pack = Packing::automatic;
  Arithmetic arithmetic = Arithmetic::automatic;
};

void set_arithmetic(ModelWeights& weights, Arithmetic arithmetic) noexcept;

// Whether a matrix would be packed: its type has a layout, and few rows of the last group are empty.
bool can_pack(const kernels::KernelTable& kernels, kernels::TensorType type, std::size_t n_rows) noexcept;
// What the weights of a file take when what can be packed is: as if each tensor were one matrix.
std::uint64_t packed_bytes(const gguf::GgufFile& file, const kernels::KernelTable& kernels) noexcept;

class WeightPacker {
 public:
  WeightPacker(ModelWeights& weights, const kernels::KernelTable& kernels, const kernels::CorePool& pool);

  // What packing adds to the memory that weights take, and what it no longer needs of the file.
  std::uint64_t packed_bytes() const noexcept { return packed_bytes_; }
  std::uint64_t source_bytes() const noexcept { return source_bytes_; }
  Status pack(const gguf::GgufFile& file, const kernels::Topology& topology, WeightStore& store);

 private:
  // Rows of one matrix that lie on one node, and where they go.
  struct Part {
    Matrix* matrix;
    std::uint32_t node;
    kernels::Range groups;
    std::size_t offset;  // in the node's buffer
  };
  void add(Matrix& matrix);
  void pack_part(const Part& part, kernels::Range groups, const gguf::GgufFile& file, std::byte* to) const noexcept;

  const kernels::KernelTable& kernels_;
  const kernels::CorePool& pool_;
  std::vector<Part> parts_;
  std::vector<std::size_t> node_bytes_;
  std::uint64_t packed_bytes_ = 0, source_bytes_ = 0;
};

}  // namespace quern::engine
