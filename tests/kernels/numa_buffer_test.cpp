#include "kernels/numa_buffer.hpp"

#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include <gtest/gtest.h>

namespace quern::kernels {
namespace {

Topology machine(const std::string& description) {
  TopologySource source;
  source.synthetic = description;
  return read_topology(source).value();
}

std::unique_ptr<CorePool> pool_on(const Topology& topology, std::uint32_t n_workers) {
  CorePoolOptions options;
  options.n_workers = n_workers;
  options.spin_iterations = 1;
  return CorePool::create(topology, options).value();
}

bool all_zero(std::span<const std::byte> bytes) {
  return std::all_of(bytes.begin(), bytes.end(), [](std::byte b) { return b == std::byte{0}; });
}

TEST(NumaBuffer, IsZeroAlignedAndWritable) {
  const Topology t = read_topology().value();
  for (const std::size_t size : {std::size_t{1}, std::size_t{4095}, std::size_t{4097}, NumaBuffer::kHugePage - 1,
                                 NumaBuffer::kHugePage, 3 * NumaBuffer::kHugePage + 17}) {
    for (const std::uint32_t node : {NumaBuffer::kAnyNode, NumaBuffer::kAllNodes, 0u}) {
      const NumaBuffer buffer = NumaBuffer::allocate(t, size, node).value();
      ASSERT_EQ(buffer.bytes().size(), size);
      const std::size_t alignment = size >= NumaBuffer::kHugePage ? NumaBuffer::kHugePage : 4096;
      EXPECT_EQ(reinterpret_cast<std::uintptr_t>(buffer.bytes().data()) % alignment, 0u);
      EXPECT_TRUE(all_zero(buffer.bytes()));
      std::fill(buffer.bytes().begin(), buffer.bytes().end(), std::byte{7});
    }
  }
}

TEST(NumaBuffer, EveryNodeOfASyntheticMachine) {
  const Topology t = machine("numa:4 core:2 pu:1");
  for (std::uint32_t node = 0; node < 4; ++node) EXPECT_TRUE(NumaBuffer::allocate(t, 10'000, node));
}

TEST(NumaBuffer, NothingIsAnEmptySpan) {
  EXPECT_TRUE(NumaBuffer::allocate(machine("core:1 pu:1"), 0, 0).value().bytes().empty());
}

TEST(NumaBuffer, TooMuchIsAnErrorWithTheSize) {
  const Topology t = machine("core:1 pu:1");
  for (const std::size_t size : {SIZE_MAX, SIZE_MAX - NumaBuffer::kHugePage, std::size_t{1} << 60}) {
    const Result<NumaBuffer> buffer = NumaBuffer::allocate(t, size, NumaBuffer::kAnyNode);
    ASSERT_FALSE(buffer);
    EXPECT_EQ(buffer.error().code, Errc::io);
    EXPECT_NE(buffer.error().detail.find(std::to_string(size)), std::string::npos) << buffer.error().detail;
  }
}

TEST(NumaBuffer, MoveTakesTheMemoryAlong) {
  const Topology t = machine("core:1 pu:1");
  NumaBuffer a = NumaBuffer::allocate(t, 5000, 0).value();
  a.bytes()[4999] = std::byte{42};
  NumaBuffer b = std::move(a);
  EXPECT_EQ(b.bytes()[4999], std::byte{42});
  b = NumaBuffer::allocate(t, 100, 0).value();
  EXPECT_EQ(b.bytes().size(), 100u);
}

TEST(SplitRows, WorkersOfANodeHaveNeighbouringRows) {
  const Topology t = machine("numa:2 core:4 pu:1");
  const auto pool = pool_on(t, 5);
  const std::vector<Range> rows = split_rows(1003, 16, *pool);
  ASSERT_EQ(rows.size(), 5u);
  EXPECT_EQ(rows.front().begin, 0u);
  EXPECT_EQ(rows.back().end, 1003u);
  for (std::size_t w = 1; w < rows.size(); ++w) {
    EXPECT_EQ(rows[w].begin, rows[w - 1].end);
    EXPECT_EQ(rows[w].begin % 16, 0u);
  }
}

struct Case {
  const char* machine;
  std::uint32_t n_workers;
  std::size_t n_rows;
};

class PlacedRowsTest : public testing::TestWithParam<Case> {};

TEST_P(PlacedRowsTest, EveryWorkerFindsItsRows) {
  constexpr std::size_t kRowBytes = 34, kGranularity = 4;
  const Topology t = machine(GetParam().machine);
  const auto pool = pool_on(t, GetParam().n_workers);
  std::vector<std::byte> matrix(GetParam().n_rows * kRowBytes);
  for (std::size_t i = 0; i < matrix.size(); ++i) matrix[i] = static_cast<std::byte>(i * 7 + i / 251);
  const PlacedRows placed =
      PlacedRows::create(matrix.data(), GetParam().n_rows, kRowBytes, kGranularity, *pool, t).value();
  const std::vector<std::byte> original = matrix;
  const bool copies = t.nodes.size() > 1;
  if (copies) std::fill(matrix.begin(), matrix.end(), std::byte{0xee});  // the copies do not look at it again
  EXPECT_EQ(placed.copied_bytes(), copies ? matrix.size() : 0);
  const std::vector<Range> rows = split_rows(GetParam().n_rows, kGranularity, *pool);
  for (std::uint32_t w = 0; w < pool->n_workers(); ++w) {
    const std::uint32_t node = pool->node_of(w);
    for (std::size_t r = rows[w].begin; r < rows[w].end; ++r) {
      ASSERT_GE(r, placed.rows_of_node(node).begin);
      ASSERT_LT(r, placed.rows_of_node(node).end);
      const std::byte* row = placed.base_of_node(node) + r * kRowBytes;
      ASSERT_EQ(std::memcmp(row, original.data() + r * kRowBytes, kRowBytes), 0) << "worker " << w << ", row " << r;
    }
    if (!copies) {
      EXPECT_EQ(placed.base_of_node(node), matrix.data());
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Machines, PlacedRowsTest,
                         testing::Values(Case{"core:4 pu:1", 3, 100}, Case{"numa:2 core:4 pu:2", 8, 1003},
                                         Case{"numa:2 core:4 pu:2", 3, 1003}, Case{"numa:4 core:2 pu:1", 8, 129},
                                         Case{"numa:4 core:2 pu:1", 2, 64},   // two nodes without workers
                                         Case{"numa:4 core:2 pu:1", 8, 3},    // fewer rows than workers
                                         Case{"numa:2 core:1 pu:1", 7, 500},  // more workers than cores
                                         Case{"numa:2 core:1 pu:1", 2, 0}));

}  // namespace
}  // namespace quern::kernels
