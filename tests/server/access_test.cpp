#include "server/access.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

TEST(HostName, LeavesPortAndBracketsOff) {
  EXPECT_EQ(host_name("LocalHost:8080"), "localhost");
  EXPECT_EQ(host_name("[::1]:8080"), "::1");
  EXPECT_EQ(host_name("::1"), "::1");
  EXPECT_EQ(host_name("[::1"), "::1");
  EXPECT_EQ(host_name(""), "");
}

TEST(AccessPolicy, AllowsLoopbackAndTheBoundHost) {
  const AccessPolicy policy("192.168.1.5", {"Box.local"}, {});
  for (const char* host : {"localhost", "localhost:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:80", "app.localhost",
                           "192.168.1.5:8080", "box.local:80", "BOX.LOCAL", ""}) {
    EXPECT_TRUE(policy.host_allowed(host)) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.6",
                           "10.0.0.1", "evil.example:80@localhost", "localhost@evil.example"}) {
    EXPECT_FALSE(policy.host_allowed(host)) << host;
  }
}

TEST(AccessPolicy, AWildcardAllowsAnyAddressButNoName) {
  for (const char* bound : {"0.0.0.0", "::"}) {
    const AccessPolicy policy(bound, {}, {});
    EXPECT_TRUE(policy.host_allowed("10.1.2.3:8080"));
    EXPECT_TRUE(policy.host_allowed("[fd00::1]:8080"));
    EXPECT_FALSE(policy.host_allowed("rebound.example:8080"));
  }
}

TEST(AccessPolicy, OriginsAreOursOrListed) {
  const AccessPolicy policy("127.0.0.1", {}, {"https://Chat.example"});
  for (const char* origin :
       {"http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173", "https://chat.example"}) {
    EXPECT_TRUE(policy.origin_allowed(origin)) << origin;
  }
  for (const char* origin :
       {"null", "https://evil.example", "http://chat.example", "https://chat.example.evil.example", "file://",
        "http://localhost@evil.example", "http://localhost/x", "chrome-extension://abc"}) {
    EXPECT_FALSE(policy.origin_allowed(origin)) << origin;
  }
}

TEST(IsJsonType, IgnoresParametersAndCase) {
  EXPECT_TRUE(is_json_type("application/json"));
  EXPECT_TRUE(is_json_type("Application/JSON ; charset=utf-8"));
  for (const char* type : {"", "text/plain", "application/x-www-form-urlencoded", "application/jsonp", "text/json"}) {
    EXPECT_FALSE(is_json_type(type)) << type;
  }
}

}  // namespace
}  // namespace quern::server
