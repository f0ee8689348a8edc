#include "engine/sampling/row_check.hpp"

#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace quern::engine::sampling {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLargest = std::numeric_limits<float>::max();
constexpr float kDenormal = std::numeric_limits<float>::denorm_min();

// Around the block of the vectorized pass (512), and a vocabulary.
constexpr std::size_t kLengths[] = {1, 2, 3, 511, 512, 513, 1023, 1024, 1025, 5000};

TEST(RowCheck, NumbersOfAnySizeAreWell) {
  for (const std::size_t n : kLengths) {
    for (const float value : {0.0f, -0.0f, 1.0f, kLargest, -kLargest, kDenormal, -kDenormal}) {
      const std::vector<float> row(n, value);
      EXPECT_EQ(find_fault(row), RowFault::none);
      EXPECT_TRUE(all_finite(row));
    }
  }
}

TEST(RowCheck, OneBadValueIsFoundWhereverItStands) {
  for (const std::size_t n : kLengths) {
    for (std::size_t at = 0; at < n; at += n < 20 ? 1 : 37) {
      for (const auto& [value, fault] : {std::pair{kNan, RowFault::not_a_number},
                                         {-kNan, RowFault::not_a_number},
                                         {std::numeric_limits<float>::signaling_NaN(), RowFault::not_a_number},
                                         {kInfinity, RowFault::infinite}}) {
        std::vector<float> row(n, -1.0f);
        row[at] = value;
        ASSERT_EQ(find_fault(row), fault) << "length " << n << ", at " << at;
        ASSERT_FALSE(all_finite(row));
        if (n == 1) continue;
        row[(at + 1) % n] = -kInfinity;
        ASSERT_EQ(find_fault(row), fault) << "a masked neighbour hides nothing; length " << n << ", at " << at;
      }
    }
  }
}

TEST(RowCheck, MaskedTokensAreWellAsLongAsOneIsLeft) {
  for (const std::size_t n : kLengths) {
    std::vector<float> row(n, -kInfinity);
    EXPECT_EQ(find_fault(row), RowFault::nothing_finite);
    EXPECT_FALSE(all_finite(row));
    row[n / 2] = -3.0f;
    EXPECT_EQ(find_fault(row), RowFault::none);
    EXPECT_EQ(all_finite(row), n == 1);
  }
}

TEST(RowCheck, NanIsWhatIsNamedOfSeveralFaults) {
  EXPECT_EQ(find_fault(std::vector{kInfinity, kNan, -kInfinity}), RowFault::not_a_number);
  EXPECT_EQ(find_fault(std::vector{kInfinity, -kInfinity}), RowFault::infinite);
  EXPECT_STREQ(row_fault_text(RowFault::not_a_number), "NaN");
  EXPECT_STREQ(row_fault_text(RowFault::infinite), "+infinity");
}

}  // namespace
}  // namespace quern::engine::sampling
