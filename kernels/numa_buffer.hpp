// Page-aligned memory placed on one NUMA node (or anywhere), and the placement of weight rows over nodes.
// Weights of a machine with one node stay in the mapped file; with several nodes each node gets a copy of the rows that
// its workers compute. Threads: const after creation. Errors: io when the memory cannot be had.
#pragma once

#include "base/result.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/topology.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::kernels {

class NumaBuffer {
 public:
  static constexpr std::uint32_t kAnyNode = UINT32_MAX;       // the node of whoever writes first
  static constexpr std::uint32_t kAllNodes = UINT32_MAX - 1;  // pages in turn: for what the workers of every node read
  // node: index into topology.nodes, or one of the above. The memory is zero and page-aligned (2 MiB-aligned and in
  // huge pages, where the system has them, from kHugePage on). Binding is a preference: it is skipped where
  // topology.bindable is false or there is one node, and a system that forbids it costs a warning, not the buffer.
  static Result<NumaBuffer> allocate(const Topology& topology, std::size_t size_bytes, std::uint32_t node);

  static constexpr std::size_t kHugePage = std::size_t{2} << 20;

  NumaBuffer() = default;
  NumaBuffer(NumaBuffer&& other) noexcept;
  NumaBuffer& operator=(NumaBuffer&& other) noexcept;
  NumaBuffer(const NumaBuffer&) = delete;
  NumaBuffer& operator=(const NumaBuffer&) = delete;
  ~NumaBuffer();

  std::span<std::byte> bytes() const noexcept { return {data_, size_}; }
  // Gives the memory of a part back to the system, as far as it is whole pages: zero when it is next used, the rest of
  // the part stays as it is.
  void drop(std::size_t offset, std::size_t size) noexcept;

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;    // as asked for
  std::size_t mapped_ = 0;  // rounded up to whole pages
};

// Rows of one matrix split over the pool: worker w computes rows [rows[w].begin, rows[w].end), whose bytes are best
// kept on node_of(w). Rows of one node are contiguous. Shares are multiples of granularity (except the last).
std::vector<Range> split_rows(std::size_t n_rows, std::size_t granularity, const CorePool& pool);

// The bytes of one matrix where the workers that compute its rows find them: in place on a machine with one node, else
// as one copy per node of the rows that split_rows() gives to that node's workers.
class PlacedRows {
 public:
  // matrix: n_rows rows of row_bytes bytes; it must outlive the object where nothing is copied.
  // REQUIRES: n_rows * row_bytes bytes are there.
  static Result<PlacedRows> create(const std::byte* matrix, std::size_t n_rows, std::size_t row_bytes,
                                   std::size_t granularity, const CorePool& pool, const Topology& topology);

  // Row r is at base_of_node(node) + r * row_bytes, for r in rows_of_node(node) only.
  const std::byte* base_of_node(std::uint32_t node) const noexcept { return base_[node]; }
  Range rows_of_node(std::uint32_t node) const noexcept { return rows_[node]; }
  std::size_t copied_bytes() const noexcept;

 private:
  std::vector<Range> rows_;             // [n_nodes]
  std::vector<const std::byte*> base_;  // [n_nodes]
  std::vector<NumaBuffer> copies_;      // [n_nodes] or empty
};

}  // namespace quern::kernels
