// Page-aligned memory placed on one NUMA node (or anywhere), and the placement of weight rows over nodes.
// Weights of a machine with one node stay in the mapped file; with several nodes each node gets a copy of the rows that
// its workers compute. Threads: const after creation. Errors: io when the memory cannot be had.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/result.hpp"
#include "kernels/core_pool.hpp"
#include "kernels/topology.hpp"

namespace quern::kernels {

class NumaBuffer {
 public:
  static constexpr std::uint32_t kAnyNode = UINT32_MAX;
  // node: index into topology.nodes, or kAnyNode. The memory is zero. Binding is skipped where topology.bindable is false.
  static Result<NumaBuffer> allocate(const Topology& topology, std::size_t size_bytes, std::uint32_t node);

  NumaBuffer() = default;
  NumaBuffer(NumaBuffer&& other) noexcept;
  NumaBuffer& operator=(NumaBuffer&& other) noexcept;
  NumaBuffer(const NumaBuffer&) = delete;
  NumaBuffer& operator=(const NumaBuffer&) = delete;
  ~NumaBuffer();

  std::span<std::byte> bytes() const noexcept { return {data_, size_}; }

 private:
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

// Rows of one matrix split over the pool: worker w computes rows [rows[w].begin, rows[w].end), whose bytes are best kept
// on node_of(w). Rows of one node are contiguous. Shares are multiples of granularity (except the last).
std::vector<Range> split_rows(std::size_t n_rows, std::size_t granularity, const CorePool& pool);

}  // namespace quern::kernels
