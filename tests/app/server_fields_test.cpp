#include "app/options/server_fields.hpp"

#include <gtest/gtest.h>

namespace quern::app {
namespace {

TEST(ParseOtlp, NoneAndNothingMeanOff) {
  for (const char* text : {"none", ""}) {
    Options options;
    options.server.otlp_endpoint = "http://from-the-file:4318";
    EXPECT_TRUE(parse_otlp(text, options));
    EXPECT_EQ(options.server.otlp_endpoint, "") << text;
  }
}

TEST(ParseOtlp, WrongUrlsAreWrongUsage) {
  Options options;
  EXPECT_TRUE(parse_otlp("http://127.0.0.1:4318", options));
  EXPECT_EQ(options.server.otlp_endpoint, "http://127.0.0.1:4318");
  for (const char* text : {"None", "off", "http://", "localhost:4318", "https://x:4318", "http://x", "http://x:0",
                           "http://x:65536", "http://x:99999999999999999999"}) {
    const Status parsed = parse_otlp(text, options);
    ASSERT_FALSE(parsed) << text;
    EXPECT_NE(
        parsed.error().detail.find("want http://HOST:PORT[/PATH], found '" + std::string(text) + "'; none: no spans"),
        std::string::npos)
        << parsed.error().detail;
  }
}

}  // namespace
}  // namespace quern::app
