#include "base/log.hpp"

#include "base/log_record.hpp"

#include <string>

#include <gtest/gtest.h>

namespace quern {
namespace {

TEST(Log, UnknownLevelNamesItAndTheKnownOnes) {
  for (const char* bad : {"", "INFO", "verbose", "warning", "info "}) {
    const Status status = log::set_up(bad);
    ASSERT_FALSE(status) << bad;
    EXPECT_EQ(status.error().code, Errc::bad_input);
    EXPECT_EQ(status.error().field, "log_level");
    EXPECT_NE(status.error().detail.find("'" + std::string(bad) + "'"), std::string::npos) << status.error().detail;
    EXPECT_NE(status.error().detail.find("trace, debug, info, warn, error or off"), std::string::npos);
  }
}

TEST(Log, LevelDecidesWhatIsWritten) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(log::set_up("warn"));
  log::info("not {}", "this");
  log::warn("but {} and {}", "this", 7);
  ASSERT_TRUE(log::set_up("debug"));  // setting up again changes the level and keeps the one logger
  log::debug("now this");
  ASSERT_TRUE(log::set_up("off"));
  log::error("never this");
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_EQ(text.find("not this"), std::string::npos) << text;
  EXPECT_NE(text.find("but this and 7"), std::string::npos) << text;
  EXPECT_NE(text.find("now this"), std::string::npos) << text;
  EXPECT_EQ(text.find("never this"), std::string::npos) << text;
}

TEST(LogRecord, IsTextOrOneJsonObject) {
  const log::Field fields[] = {{"id", std::string("a \"b\"\n")}, {"n", std::int64_t{3}}, {"s", 0.5}};
  testing::internal::CaptureStderr();
  ASSERT_TRUE(log::set_up("info"));
  log::set_format(log::Format::text);
  log::record("done", fields);
  log::set_format(log::Format::json);
  log::record("done", fields);
  log::info("plain \\ {}", 1);
  log::set_format(log::Format::text);
  ASSERT_TRUE(log::set_up("off"));
  const std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("done id=a \"b\"\n n=3 s=0.5\n"), std::string::npos) << text;
  EXPECT_NE(text.find(R"("level":"info","message":"done","id":"a \"b\"\u000a","n":3,"s":0.5})"), std::string::npos)
      << text;
  EXPECT_NE(text.find(R"("message":"plain \\ 1"})"), std::string::npos) << text;
}

}  // namespace
}  // namespace quern
