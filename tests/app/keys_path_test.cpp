#include "app/keys_path.hpp"

#include "tests/support/temp_dir.hpp"

#include <cstdlib>
#include <optional>

#include <gtest/gtest.h>

namespace quern::app {
namespace {

// The variables as a test sets them, and as they were afterwards.
class KeysPath : public testing::Test {
 protected:
  struct Kept {
    explicit Kept(const char* variable) : name(variable) {
      if (const char* const value = std::getenv(name)) before = value;
    }
    ~Kept() { before ? ::setenv(name, before->c_str(), 1) : ::unsetenv(name); }
    Kept(const Kept&) = delete;
    Kept& operator=(const Kept&) = delete;
    const char* name;
    std::optional<std::string> before;
  };
  void TearDown() override {
    ::unsetenv("XDG_CONFIG_HOME");
    ::unsetenv("HOME");
  }
  const Kept config_{"XDG_CONFIG_HOME"}, home_{"HOME"};
  test::TempDir dir_;
};

TEST_F(KeysPath, TheUsualPlaces) {
  ::setenv("XDG_CONFIG_HOME", "/config", 1);
  ::setenv("HOME", "/home/me", 1);
  EXPECT_EQ(keys_path("auto"), "/config/quern/keys.json");
  ::setenv("XDG_CONFIG_HOME", "relative", 1);
  EXPECT_EQ(keys_path("auto"), "/home/me/.config/quern/keys.json");
  ::unsetenv("XDG_CONFIG_HOME");
  EXPECT_EQ(keys_path("auto"), "/home/me/.config/quern/keys.json");
  ::unsetenv("HOME");
  EXPECT_EQ(keys_path("auto"), "/etc/quern/keys.json");
  EXPECT_EQ(keys_path("none"), "");
  EXPECT_EQ(keys_path("here.json"), "here.json");
}

TEST_F(KeysPath, TheUsualFileCountsOnceItIsThere) {
  ::setenv("XDG_CONFIG_HOME", dir_.path().c_str(), 1);
  EXPECT_FALSE(has_keys_file("auto"));
  EXPECT_FALSE(has_keys_file("none"));
  EXPECT_TRUE(has_keys_file("/named.json"));
  dir_.write("quern/keys.json", "");
  EXPECT_TRUE(has_keys_file("auto"));
}

TEST(ParseScopes, AreAListOfNames) {
  EXPECT_EQ(scope_names(parse_scopes("read,infer").value()), "read,infer");
  EXPECT_EQ(scope_names(parse_scopes("admin").value()), "admin");
  for (const char* bad : {"", "read,", ",read", "none", "Read", "read infer"}) {
    const auto scopes = parse_scopes(bad);
    ASSERT_FALSE(scopes) << bad;
    EXPECT_EQ(scopes.error().field, "--scopes");
  }
}

}  // namespace
}  // namespace quern::app
