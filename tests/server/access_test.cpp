#include "server/access.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

AccessPolicy policy_of(std::string_view bound, const std::vector<std::string>& hosts = {},
                       const std::vector<std::string>& origins = {}) {
  return AccessPolicy::create(bound, hosts, origins).value();
}

TEST(AccessPolicy, AllowsLoopbackAndTheBoundHost) {
  const AccessPolicy policy = policy_of("192.168.1.5", {"Box.local", "[fd00::0:7]"});
  for (const char* host : {"localhost", "localhost.", "localhost:1", "127.0.0.1:8080", "127.9.9.9", "[::1]:80",
                           "app.localhost", "192.168.1.5:8080", "box.local:80", "BOX.LOCAL.", "[fd00::7]:1", ""}) {
    EXPECT_TRUE(policy.host_allowed(host)) << host;
  }
  for (const char* host : {"evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "192.168.1.6",
                           "10.0.0.1", "evil.example:80@localhost", "localhost@evil.example", "[::1]evil.example",
                           "::1", "[::1", "localhost/evil", "evil-localhost", "127.1"}) {
    EXPECT_FALSE(policy.host_allowed(host)) << host;
  }
}

TEST(AccessPolicy, AWildcardAllowsAnyAddressButNoName) {
  for (const char* bound : {"0.0.0.0", "::", "[::]"}) {
    const AccessPolicy policy = policy_of(bound);
    EXPECT_TRUE(policy.host_allowed("10.1.2.3:8080"));
    EXPECT_TRUE(policy.host_allowed("[fd00::1]:8080"));
    EXPECT_FALSE(policy.host_allowed("rebound.example:8080"));
  }
}

TEST(AccessPolicy, OriginsAreOfThisMachineOrListed) {
  const AccessPolicy policy = policy_of("127.0.0.1", {}, {"https://Chat.example:443", "http://10.0.0.2:3000"});
  for (const char* origin : {"http://localhost:3000", "https://127.0.0.1", "http://[::1]:5173", "https://chat.example",
                             "http://localhost.", "https://CHAT.example.", "http://10.0.0.2:3000", "app://obsidian.md",
                             "vscode-webview://1a2b", "tauri://localhost", "http://tauri.localhost", "file://"}) {
    EXPECT_TRUE(policy.origin_allowed(origin, "localhost:8080")) << origin;
  }
  for (const char* origin :
       {"null", "", "https://evil.example", "http://chat.example", "https://chat.example:8443",
        "https://chat.example.evil.example", "http://10.0.0.2", "http://10.0.0.2:3001", "http://localhost@evil.example",
        "http://localhost/x", "http://localhost/", "http://[::1]evil.example", "http://[::1].evil.example",
        "chrome-extension://abc", "http://localhost:80:80", "http://localhost, https://evil.example"}) {
    EXPECT_FALSE(policy.origin_allowed(origin, "localhost:8080")) << origin;
  }
}

TEST(AccessPolicy, AnAddressIsNoReasonToTrustAPage) {
  const AccessPolicy policy = policy_of("0.0.0.0", {"box.lan"});
  for (const char* origin :
       {"http://10.9.9.9", "http://10.9.9.9:8080", "http://203.0.113.5", "http://[2001:db8::1]:8080", "http://10.1.2.3",
        "http://10.1.2.3:8081", "https://10.1.2.3", "http://box.lan:8080"}) {
    EXPECT_FALSE(policy.origin_allowed(origin, "10.1.2.3:8080")) << origin;
  }
}

TEST(AccessPolicy, ThePagesOfTheServerItselfMayUseIt) {
  const AccessPolicy policy = policy_of("0.0.0.0", {"box.lan"});
  EXPECT_TRUE(policy.origin_allowed("http://10.1.2.3:8080", "10.1.2.3:8080"));
  EXPECT_TRUE(policy.origin_allowed("http://[fd00::1]:8080", "[fd00:0::1]:8080"));
  EXPECT_TRUE(policy.origin_allowed("http://box.lan", "BOX.lan"));
  EXPECT_TRUE(policy.origin_allowed("http://box.lan", "box.lan:80"));
  EXPECT_TRUE(policy.origin_allowed("https://box.lan", "box.lan")) << "behind a proxy that speaks TLS";
  EXPECT_FALSE(policy.origin_allowed("http://box.lan:8081", "box.lan:8080"));
  EXPECT_FALSE(policy.origin_allowed("http://box.lan", "box.lan:443"));
  EXPECT_FALSE(policy.origin_allowed("http://box.lan", "")) << "HTTP/1.0";
}

TEST(AccessPolicy, NullIsForeignUnlessListed) {
  EXPECT_TRUE(policy_of("127.0.0.1", {}, {"null"}).origin_allowed("null", "localhost"));
  EXPECT_FALSE(policy_of("127.0.0.1", {}, {"null"}).origin_allowed("Null ", "localhost"));
}

TEST(AccessPolicy, OptionsThatCouldNeverMatchAreErrors) {
  EXPECT_EQ(AccessPolicy::create("not a host", {}, {}).error().field, "host");
  for (const char* host : {"box:80", "http://box", "*", ""}) {
    EXPECT_EQ(AccessPolicy::create("::1", {"fine", host}, {}).error().field, "allowed-hosts") << host;
  }
  for (const char* origin : {"chat.example", "https://chat.example/", "*", "https://*", ""}) {
    EXPECT_EQ(AccessPolicy::create("::1", {}, {"https://fine", origin}).error().field, "allowed-origins") << origin;
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
