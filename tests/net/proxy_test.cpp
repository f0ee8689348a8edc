#include "net/proxy.hpp"

#include <gtest/gtest.h>

namespace quern::test {
namespace {

net::Url url(const char* text) {
  return net::parse_url(text).value();
}

TEST(Proxy, IsForServersElsewhereOverTls) {
  const auto proxies = net::ProxySettings::make("proxy:3128", "").value();
  ASSERT_NE(proxies.choose(url("https://a.example/")), nullptr);
  EXPECT_EQ(proxies.choose(url("https://a.example/"))->origin(), "http://proxy:3128");
  EXPECT_EQ(proxies.choose(url("http://a.example/")), nullptr);
  for (const char* here : {"https://localhost/", "https://127.0.0.1:1/", "https://[::1]/"}) {
    EXPECT_EQ(proxies.choose(url(here)), nullptr) << here;
  }
  EXPECT_EQ(net::ProxySettings().choose(url("https://a.example/")), nullptr);
}

TEST(Proxy, WhatNoProxyNamesIsReachedDirectly) {
  const auto proxies = net::ProxySettings::make("http://proxy:3128/", "a.example, .B.example,10.0.0.1,c:8443").value();
  for (const char* direct : {"https://a.example/", "https://x.a.example/", "https://b.example/", "https://x.b.example/",
                             "https://10.0.0.1/", "https://c:8443/"}) {
    EXPECT_EQ(proxies.choose(url(direct)), nullptr) << direct;
  }
  for (const char* proxied : {"https://xa.example/", "https://example/", "https://10.0.0.11/", "https://c/"}) {
    EXPECT_NE(proxies.choose(url(proxied)), nullptr) << proxied;
  }
  EXPECT_EQ(net::ProxySettings::make("proxy:1", "*").value().choose(url("https://a/")), nullptr);
}

TEST(Proxy, BadOnesAreNamed) {
  EXPECT_FALSE(net::ProxySettings::make("https://proxy", ""));
  EXPECT_FALSE(net::ProxySettings::make("socks5://proxy", ""));
  const auto secret = net::ProxySettings::make("http://me:hunter2@proxy", "");
  ASSERT_FALSE(secret);
  EXPECT_EQ(secret.error().detail.find("hunter2"), std::string::npos);
}

}  // namespace
}  // namespace quern::test
