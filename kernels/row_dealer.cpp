#include "kernels/row_dealer.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace quern::kernels {
namespace {

// A worker that is half as fast as another may start with a third of its share and still not be the last.
constexpr std::size_t kPartOfTheRest = 3;
constexpr unsigned kRowBits = 32;
constexpr std::uint64_t kRowMask = (std::uint64_t{1} << kRowBits) - 1;

std::vector<std::uint32_t> nodes_of(const CorePool& pool) {
  std::vector<std::uint32_t> nodes(pool.n_workers());
  for (std::uint32_t w = 0; w < pool.n_workers(); ++w) nodes[w] = pool.node_of(w);
  return nodes;
}

}  // namespace

RowDealer::RowDealer(std::vector<std::uint32_t> node_of_worker)
    : node_of_(std::move(node_of_worker)), decks_(node_of_.size()) {}

RowDealer::RowDealer(const CorePool& pool) : RowDealer(nodes_of(pool)) {}

Range RowDealer::take(std::size_t owner, std::uint64_t call, std::size_t n, std::size_t piece) noexcept {
  QUERN_ASSERT(n <= kRowMask && piece > 0);
  if (n == 0) return {0, 0};
  if (node_of_.size() == 1) piece = n;
  const std::uint64_t round = call / kOpenCalls & kRowMask;
  std::atomic<std::uint64_t>& left = decks_[owner].left[call % kOpenCalls];
  // Relaxed: a word only decides who computes what; run() orders the rows' values themselves.
  std::uint64_t seen = left.load(std::memory_order_relaxed);
  for (;;) {
    // A word of an earlier round is that of a call that every worker has left. One of a later round would mean that
    // another worker is more than kOpenCalls ahead, and rows would be dealt twice.
    QUERN_ASSERT(static_cast<std::int32_t>(static_cast<std::uint32_t>(round) -
                                           static_cast<std::uint32_t>(seen >> kRowBits)) >= 0);
    const std::size_t begin = seen >> kRowBits == round ? seen & kRowMask : 0;
    if (begin >= n) return {0, 0};
    const std::size_t wanted = ((n - begin) / kPartOfTheRest + piece - 1) / piece * piece;
    const std::size_t end = std::min(begin + std::max(wanted, piece), n);
    if (left.compare_exchange_weak(seen, round << kRowBits | end, std::memory_order_relaxed)) return {begin, end};
  }
}

}  // namespace quern::kernels
