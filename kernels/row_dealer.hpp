// Hands the rows of products out to the workers of a pool while the products run: cores differ in speed (efficiency
// cores, other programs, a virtual machine's neighbours), and a product is finished when its slowest worker is.
// Every worker first takes pieces of its own share, a third of what is left each time, so that it mostly reads what
// lies on its NUMA node and in one run; when nothing is left, it takes pieces of its neighbours' shares on the same
// node. Threads: deal() inside CorePool::run on every worker. No mutex, no allocation after construction; a worker
// never waits.
#pragma once

#include "kernels/core_pool.hpp"

#include <atomic>
#include <cstdint>
#include <span>
#include <vector>

namespace quern::kernels {

// n_matrices matrices of the same shape, as if each worker's rows of all of them lay one behind the other.
struct DealtRows {
  std::span<const Range> shares;  // [n_workers] rows of each matrix
  std::size_t n_matrices = 1;
  std::size_t piece = 1;  // rows worth a call of their own; pieces are multiples of it where rows are left
};

class RowDealer {
 public:
  // deal() calls that a worker may be ahead of another one: the most that one run() may make without a barrier.
  static constexpr std::size_t kOpenCalls = 16;

  explicit RowDealer(std::vector<std::uint32_t> node_of_worker);
  explicit RowDealer(const CorePool& pool);

  // Calls body(owner, matrix, rows) for pieces that together are all rows of all shares, each exactly once: on this
  // worker those that it got, of one owner's share and one matrix each. Every worker must make the same calls.
  template <class Body>
  void deal(std::uint32_t worker, const DealtRows& work, Body&& body) noexcept {
    const std::uint64_t call = ++decks_[worker].n_calls;
    const std::size_t n_workers = node_of_.size();
    for (std::size_t i = 0; i < n_workers; ++i) {
      const std::size_t owner = worker + i < n_workers ? worker + i : worker + i - n_workers;
      if (node_of_[owner] != node_of_[worker]) continue;
      const Range share = work.shares[owner];
      const std::size_t n_rows = share.end - share.begin, n = n_rows * work.n_matrices;
      for (Range taken; (taken = take(owner, call, n, work.piece)).begin < taken.end;) {
        for (std::size_t at = taken.begin; at < taken.end;) {
          const std::size_t row = at % n_rows, here = row + (taken.end - at) < n_rows ? taken.end - at : n_rows - row;
          body(static_cast<std::uint32_t>(owner), at / n_rows, Range{share.begin + row, share.begin + row + here});
          at += here;
        }
      }
    }
  }

 private:
  // What is left of a worker's shares, one word per open call: the call's round and the first row not taken.
  struct alignas(64) Deck {
    std::atomic<std::uint64_t> left[kOpenCalls] = {};
    alignas(64) std::uint64_t n_calls = 0;  // of this worker; used by it alone
  };

  // The next rows of [0, n) that nobody has taken in this call; empty when there are none.
  Range take(std::size_t owner, std::uint64_t call, std::size_t n, std::size_t piece) noexcept;

  std::vector<std::uint32_t> node_of_;  // [n_workers]
  std::vector<Deck> decks_;             // [n_workers]
};

}  // namespace quern::kernels
