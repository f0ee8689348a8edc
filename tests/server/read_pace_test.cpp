#include "server/read_pace.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr ReadPaceLimits kLimits{.window = seconds(10), .min_bytes = 1000};

TEST(ReadPace, WhoTakesNothingHasOneWindow) {
  EXPECT_EQ(ReadPace().patience(kLimits), seconds(10));
}

// However the bytes come, the window is not begun anew by one of them.
TEST(ReadPace, AByteNowAndThenIsNotEnough) {
  ReadPace pace;
  for (int i = 0; i < 9; ++i) {
    EXPECT_EQ(pace.patience(kLimits), seconds(10 - i));
    pace.took(1, seconds(1), kLimits);
  }
  EXPECT_EQ(pace.patience(kLimits), seconds(1));
}

TEST(ReadPace, WhoTakesEnoughGoesOnForEver) {
  ReadPace pace;
  for (int i = 0; i < 1000; ++i) {
    ASSERT_GT(pace.patience(kLimits), seconds(3)) << i;
    pace.took(400, seconds(3), kLimits);
  }
}

TEST(ReadPace, OneThatStopsHasTheRestOfItsWindowAndTheNext) {
  ReadPace pace;
  pace.took(5000, seconds(4), kLimits);
  EXPECT_EQ(pace.patience(kLimits), seconds(16));
  pace.took(1, seconds(15), kLimits);
  EXPECT_EQ(pace.patience(kLimits), seconds(1)) << "9 s into the next one, with one byte";
}

TEST(ReadPace, AReaderThatKeepsUpCollectsNothing) {
  ReadPace pace;
  for (int i = 0; i < 100'000; ++i) pace.took(200, std::chrono::microseconds(50), kLimits);
  EXPECT_GE(pace.patience(kLimits), seconds(10));
}

TEST(ReadPace, AnyByteCountsWhereTheMinimumIsOne) {
  ReadPace pace;
  const ReadPaceLimits any{.window = seconds(10)};
  for (int i = 0; i < 50; ++i) {
    ASSERT_GE(pace.patience(any), seconds(9)) << i;
    pace.took(1, seconds(9), any);
  }
}

}  // namespace
}  // namespace quern::server
