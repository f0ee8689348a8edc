#include "kernels/row_dealer.hpp"

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

std::unique_ptr<CorePool> pool_of(std::uint32_t n_workers) {
  TopologySource source;
  source.synthetic = "core:2 pu:1";
  source.cgroup_root = source.proc_self_cgroup = "/nonexistent";
  const Topology topology = read_topology(source).value();
  return CorePool::create(topology, {.n_workers = n_workers, .pin = false}).value();
}

std::vector<Range> shares_of(std::size_t n_rows, std::uint32_t n_workers) {
  std::vector<Range> shares;
  for (std::uint32_t w = 0; w < n_workers; ++w) shares.push_back(share_of(n_rows, 1, w, n_workers));
  return shares;
}

struct Shape {
  std::uint32_t n_workers;
  std::size_t n_rows, n_matrices, piece;
};

class RowDealerTest : public testing::TestWithParam<Shape> {};

// Counts are plain integers: TSan proves that no two workers get the same row. Many calls per run and many runs use
// every word of a deck again and again.
TEST_P(RowDealerTest, EveryRowIsDealtOnceInEveryCall) {
  const Shape shape = GetParam();
  const auto pool = pool_of(shape.n_workers);
  RowDealer dealer(*pool);
  const std::vector<Range> shares = shares_of(shape.n_rows, shape.n_workers);
  constexpr std::size_t kCalls = RowDealer::kOpenCalls - 1;
  std::vector<std::uint32_t> dealt(kCalls * shape.n_matrices * shape.n_rows, 0);
  for (std::uint32_t round = 1; round <= 40; ++round) {
    pool->run([&](std::uint32_t worker) {
      for (std::size_t call = 0; call < kCalls; ++call) {
        dealer.deal(worker, {.shares = shares, .n_matrices = shape.n_matrices, .piece = shape.piece},
                    [&](std::uint32_t owner, std::size_t matrix, Range rows) {
                      EXPECT_GE(rows.begin, shares[owner].begin);
                      EXPECT_LE(rows.end, shares[owner].end);
                      for (std::size_t r = rows.begin; r < rows.end; ++r) {
                        ++dealt[(call * shape.n_matrices + matrix) * shape.n_rows + r];
                      }
                    });
      }
    });
    for (const std::uint32_t n : dealt) ASSERT_EQ(n, round);
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, RowDealerTest,
                         testing::Values(Shape{1, 100, 1, 48}, Shape{2, 2048, 1, 48}, Shape{2, 1, 1, 48},
                                         Shape{3, 100, 7, 16}, Shape{4, 3, 5, 48}, Shape{4, 1000, 1, 1},
                                         Shape{3, 0, 4, 48}),
                         [](const testing::TestParamInfo<Shape>& c) {
                           return "workers" + std::to_string(c.param.n_workers) + "_rows" +
                                  std::to_string(c.param.n_rows) + "_matrices" + std::to_string(c.param.n_matrices);
                         });

// Worker 0 stays in its first piece until all other rows are done: without help this would never end.
TEST(RowDealer, AFastWorkerTakesWhatASlowOneHasLeft) {
  const auto pool = pool_of(2);
  RowDealer dealer(*pool);
  const std::vector<Range> shares = shares_of(960, 2);
  std::atomic<std::size_t> n_others{0};
  std::size_t first_piece = 0;
  pool->run([&](std::uint32_t worker) {
    bool is_first = worker == 0;
    dealer.deal(worker, {.shares = shares, .piece = 48}, [&](std::uint32_t, std::size_t, Range rows) {
      if (!is_first) {
        n_others += rows.end - rows.begin;
        return;
      }
      is_first = false;
      first_piece = rows.end - rows.begin;
      while (n_others.load() + first_piece < 960) std::this_thread::yield();
    });
  });
  EXPECT_EQ(n_others.load() + first_piece, 960u);
  EXPECT_LE(first_piece, 480u / 3 + 48);
}

TEST(RowDealer, RowsStayOnTheirNode) {
  const auto pool = pool_of(4);
  const std::vector<std::uint32_t> node_of{0, 0, 1, 1};
  RowDealer dealer(node_of);
  const std::vector<Range> shares = shares_of(4000, 4);
  std::atomic<bool> crossed{false};
  std::atomic<std::size_t> n_dealt{0};
  for (int round = 0; round < 50; ++round) {
    pool->run([&](std::uint32_t worker) {
      dealer.deal(worker, {.shares = shares, .piece = 16}, [&](std::uint32_t owner, std::size_t, Range rows) {
        if (node_of[owner] != node_of[worker]) crossed = true;
        n_dealt += rows.end - rows.begin;
      });
    });
  }
  EXPECT_FALSE(crossed.load());
  EXPECT_EQ(n_dealt.load(), 50u * 4000u);
}

TEST(RowDealer, PiecesAreLargeAtFirstAndSmallAtTheEnd) {
  RowDealer dealer(std::vector<std::uint32_t>{0, 0});
  const std::vector<Range> shares{{0, 1000}, {1000, 1000}};
  std::vector<std::size_t> pieces;
  dealer.deal(0, {.shares = shares, .piece = 48},
              [&](std::uint32_t, std::size_t, Range rows) { pieces.push_back(rows.end - rows.begin); });
  EXPECT_EQ(pieces.front(), 336u);  // a third, in units of 48
  for (std::size_t i = 1; i < pieces.size(); ++i) EXPECT_LE(pieces[i], pieces[i - 1]);
  for (std::size_t i = 0; i + 1 < pieces.size(); ++i) EXPECT_EQ(pieces[i] % 48, 0u);
}

}  // namespace
}  // namespace quern::kernels
