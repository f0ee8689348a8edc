#include "registry/pull/chunk_map.hpp"

#include <random>

#include <gtest/gtest.h>

namespace quern::registry::pull {
namespace {

TEST(ChunkMap, CutsAFileIntoChunksOfWhichTheLastMayBeShort) {
  ChunkMap map(1000, 300);
  EXPECT_EQ(map.n_chunks(), 4u);
  EXPECT_EQ(map.range_of(3), (ByteRange{900, 1000}));
  EXPECT_EQ(ChunkMap(900, 300).n_chunks(), 3u);
  EXPECT_TRUE(ChunkMap(0, 300).all_whole());
}

TEST(ChunkMap, HandsOutFromTheFrontAndLessTowardsTheEnd) {
  ChunkMap map(80, 1);
  EXPECT_EQ(map.take(4, 100), (ByteRange{0, 10}));  // 80 / (2 * 4)
  EXPECT_EQ(map.take(4, 3), (ByteRange{10, 13}));
  std::uint64_t last = UINT64_MAX;
  for (auto range = map.take(4, 100); range; range = map.take(4, 100)) {
    EXPECT_LE(range->end - range->begin, last);
    last = range->end - range->begin;
  }
  EXPECT_EQ(last, 1u);
}

TEST(ChunkMap, GivesBackOnlyWhatIsNotWhole) {
  ChunkMap map(40, 10);
  const auto all = map.take(1, 1000);
  ASSERT_TRUE(all);
  EXPECT_EQ(*all, (ByteRange{0, 20}));
  map.mark_whole(0);
  map.give_back(*all);
  EXPECT_EQ(map.take(1, 10), (ByteRange{10, 20}));
  EXPECT_EQ(map.whole_prefix(), 10u);
}

// Any order of taking, finishing and failing: nothing is handed out twice, and all becomes whole.
TEST(ChunkMap, RandomHistories) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 engine(seed);
    const std::uint64_t size = engine() % 5000, chunk = 1 + engine() % 700;
    ChunkMap map(size, chunk);
    std::vector<ByteRange> taken;
    std::vector<int> owners(map.n_chunks(), 0);
    for (int steps = 0; !map.all_whole() && steps < 100'000; ++steps) {
      if (taken.empty() || engine() % 2 == 0) {
        if (const auto range = map.take(1 + engine() % 8, chunk * (1 + engine() % 5))) {
          ASSERT_LT(range->begin, range->end);
          for (auto c = range->begin / chunk; c * chunk < range->end; ++c) {
            ASSERT_FALSE(map.is_whole(c));
            ASSERT_EQ(owners[c]++, 0);
          }
          taken.push_back(*range);
        }
        continue;
      }
      const std::size_t index = engine() % taken.size();
      const ByteRange range = taken[index];
      taken.erase(taken.begin() + static_cast<std::ptrdiff_t>(index));
      const bool breaks = engine() % 3 == 0;
      for (auto c = range.begin / chunk; c * chunk < range.end; ++c) {
        --owners[c];
        if (!breaks || engine() % 2 == 0) map.mark_whole(c);
      }
      map.give_back(range);
    }
    EXPECT_TRUE(map.all_whole());
    EXPECT_EQ(map.whole_bytes(), size);
    EXPECT_EQ(map.whole_prefix(), size);
  }
}

}  // namespace
}  // namespace quern::registry::pull
