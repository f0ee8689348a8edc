#include "app/options/values.hpp"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

using namespace std::chrono_literals;

constexpr std::uint64_t kMax = UINT64_MAX;

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<std::uint16_t>("8080", 0, 65535).value(), 8080);
  EXPECT_EQ(parse_number<std::int32_t>("-1", -1, 10).value(), -1);
  EXPECT_FLOAT_EQ(parse_number<float>("0.25", 0.0f, 1.0f).value(), 0.25f);
  for (const char* bad : {"", " 1", "1 ", "1x", "+1", "0x10", "1.5", "99999999999999999999", "-1", "11"}) {
    EXPECT_FALSE(parse_number<std::uint16_t>(bad, 0, 10)) << bad;
  }
  for (const char* bad : {"nan", "inf", "-inf", "1e99", "0,5"}) {
    EXPECT_FALSE(parse_number<float>(bad, -1e30f, 1e30f)) << bad;
  }
}

TEST(ParseNumber, NamesRangeAndText) {
  EXPECT_EQ(parse_number<std::uint16_t>("70000", 0, 65535).error().detail,
            "want an integer between 0 and 65535, found '70000'");
}

TEST(ParseBool, KnowsFourSpellings) {
  for (const char* yes : {"true", "yes", "on", "1"}) EXPECT_TRUE(parse_bool(yes).value()) << yes;
  for (const char* no : {"false", "no", "off", "0"}) EXPECT_FALSE(parse_bool(no).value()) << no;
  EXPECT_EQ(parse_bool("maybe").error().detail, "want true or false, found 'maybe'");
}

struct Size {
  const char* text;
  std::uint64_t bytes;
};

TEST(ParseBytes, KnowsSuffixes) {
  for (const Size& size :
       {Size{"0", 0}, Size{"4096", 4096}, Size{"7B", 7}, Size{"1k", 1024}, Size{"512M", 512ull << 20},
        Size{"512MB", 512ull << 20}, Size{"512MiB", 512ull << 20}, Size{"4G", 4ull << 30}, Size{"2T", 2ull << 40}}) {
    EXPECT_EQ(parse_bytes(size.text, 0, kMax).value(), size.bytes) << size.text;
  }
}

TEST(ParseBytes, RefusesNonsenseAndOverflow) {
  for (const char* bad : {"", "M", "4 G", "1.5G", "-1", "4P", "4GG", "4iG", "99999999999T", "18446744073709551616"}) {
    EXPECT_FALSE(parse_bytes(bad, 0, kMax)) << bad;
  }
  EXPECT_EQ(parse_bytes("2K", 4096, 1 << 20).error().detail,
            "want a size between 4K and 1M such as 512M or 4G, found '2K'");
}

TEST(FormatBytes, IsReadBackAsTheSame) {
  for (const std::uint64_t bytes : {0ull, 1ull, 1000ull, 1024ull, 1536ull, 1ull << 30, 3ull << 40, (1ull << 30) + 1}) {
    EXPECT_EQ(parse_bytes(format_bytes(bytes), 0, kMax).value(), bytes) << format_bytes(bytes);
  }
  EXPECT_EQ(format_bytes(4ull << 30), "4G");
}

TEST(ParseDuration, WantsAUnit) {
  EXPECT_EQ(parse_duration("500ms", 0ms, 24h).value(), 500ms);
  EXPECT_EQ(parse_duration("30s", 0ms, 24h).value(), 30s);
  EXPECT_EQ(parse_duration("5m", 0ms, 24h).value(), 5min);
  EXPECT_EQ(parse_duration("2h", 0ms, 24h).value(), 2h);
  EXPECT_EQ(parse_duration("0", 0ms, 24h).value(), 0ms);
  for (const char* bad : {"", "30", "s", "-1s", "1d", "1.5s", "25h", "99999999999999999h"}) {
    EXPECT_FALSE(parse_duration(bad, 0ms, 24h)) << bad;
  }
}

TEST(FormatDuration, UsesTheLargestExactUnit) {
  EXPECT_EQ(format_duration(90s), "90s");
  EXPECT_EQ(format_duration(120s), "2m");
  EXPECT_EQ(format_duration(1500ms), "1500ms");
  EXPECT_EQ(format_duration(0ms), "0");
}

}  // namespace
}  // namespace quern::app
