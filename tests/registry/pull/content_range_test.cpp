#include "registry/pull/content_range.hpp"

#include <random>
#include <string>

#include <gtest/gtest.h>

namespace quern::registry::pull {
namespace {

TEST(ContentRange, ReadsWhatServersSend) {
  const auto some = read_content_range("bytes 5-9/20");
  ASSERT_TRUE(some);
  EXPECT_EQ(some->begin, 5u);
  EXPECT_EQ(some->end, 10u);
  EXPECT_EQ(some->total, 20u);
  EXPECT_FALSE(read_content_range("bytes 5-9/*")->total);
  const auto refused = read_content_range("bytes */20");
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->end, 0u);
  EXPECT_EQ(refused->total, 20u);
}

TEST(ContentRange, RefusesWhatContradictsItself) {
  for (const char* text :
       {"", "bytes", "bytes ", "5-9/20", "bytes 9-5/20", "bytes 5-20/20", "bytes 5-9/", "bytes 5-9", "bytes -9/20",
        "bytes 5-9/20 ", "bytes 0-18446744073709551615/*", "bytes 99999999999999999999-1/2", "bytes 5-9/20x"}) {
    EXPECT_FALSE(read_content_range(text)) << text;
  }
}

TEST(ContentRange, RandomTextNeverMakesAnEmptyOrBackwardRange) {
  std::mt19937 engine(1);
  const std::string alphabet = "bytes 0123456789-/*";
  for (int i = 0; i < 20'000; ++i) {
    std::string text = engine() % 2 == 0 ? "bytes " : "";
    for (auto n = engine() % 16; n > 0; --n) text += alphabet[engine() % alphabet.size()];
    if (const auto range = read_content_range(text)) {
      EXPECT_TRUE(range->begin < range->end || range->end == 0) << text;
      EXPECT_GE(range->total.value_or(UINT64_MAX), range->end) << text;
    }
  }
}

}  // namespace
}  // namespace quern::registry::pull
