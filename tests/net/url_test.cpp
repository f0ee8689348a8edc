#include "net/url.hpp"

#include <gtest/gtest.h>

namespace quern::test {
namespace {

TEST(Url, ReadsHostPortAndTarget) {
  const net::Url url = net::parse_url("HTTPS://Hub.Example:8443/a/b?c=d%20e#part").value();
  EXPECT_TRUE(url.tls);
  EXPECT_EQ(url.host, "hub.example");
  EXPECT_EQ(url.port, 8443);
  EXPECT_EQ(url.target, "/a/b?c=d%20e");
  EXPECT_EQ(url.origin(), "https://hub.example:8443");
  EXPECT_EQ(url.text(), "https://hub.example:8443/a/b?c=d%20e");
  EXPECT_EQ(net::parse_url("http://a").value().text(), "http://a/");
  EXPECT_EQ(net::parse_url("http://a?x").value().target, "/?x");
  EXPECT_EQ(net::parse_url("https://a:443").value().authority(), "a");
  EXPECT_EQ(net::parse_url("http://a:").value().port, 80);
}

TEST(Url, ReadsAddressesInBrackets) {
  const net::Url url = net::parse_url("http://[2001:DB8::1]:81/x").value();
  EXPECT_EQ(url.host, "2001:db8::1");
  EXPECT_EQ(url.authority(), "[2001:db8::1]:81");
  EXPECT_EQ(net::parse_url("http://[::1]").value().authority(), "[::1]");
  for (const char* bad : {"http://[::1", "http://[]", "http://[1.2.3.4]", "http://[::1]x", "http://[fe80::1%25eth0]"}) {
    EXPECT_FALSE(net::parse_url(bad)) << bad;
  }
}

TEST(Url, RefusesWhatItCannotMean) {
  for (const char* bad : {"",
                          "a",
                          "ftp://a",
                          "http:/a",
                          "http://",
                          "http:///x",
                          "http://:80",
                          "http://a:0",
                          "http://a:65536",
                          "http://a:8o",
                          "http://a b",
                          "http://a/x y",
                          "http://a/%",
                          "http://a/%4",
                          "http://a/%zz",
                          "http://a/\r\nHost: b",
                          "http://\xc3\xa4",
                          "http://a/\xc3\xa4",
                          "http://a\\b",
                          "http://a:80:80"}) {
    const auto url = net::parse_url(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().code, Errc::bad_input);
    EXPECT_EQ(url.error().detail.find('\n'), std::string::npos);
  }
  EXPECT_FALSE(net::parse_url("http://a/" + std::string(9000, 'x')));
}

TEST(Url, SecretsInAnAddressAreRefusedAndNotRepeated) {
  for (const char* bad : {"https://me:hunter2@a/", "https://hunter2@a", "hunter2@a"}) {
    const auto url = net::parse_url(bad);
    ASSERT_FALSE(url) << bad;
    EXPECT_EQ(url.error().detail.find("hunter2"), std::string::npos) << url.error().detail;
  }
  EXPECT_EQ(net::parse_url("https://a/@b").value().target, "/@b");
}

TEST(Url, RedirectsAreReadFromWhereTheyStand) {
  const net::Url base = net::parse_url("https://a:1/x/y?z").value();
  const auto to = [&](std::string_view location) { return net::resolve_url(base, location).value().text(); };
  EXPECT_EQ(to("http://b/c"), "http://b/c");
  EXPECT_EQ(to("//b/c"), "https://b/c");
  EXPECT_EQ(to("/c?d"), "https://a:1/c?d");
  EXPECT_EQ(to("c"), "https://a:1/x/c");
  EXPECT_EQ(to("../c"), "https://a:1/c");
  EXPECT_EQ(to("../../../c/./d/.."), "https://a:1/c/");
  EXPECT_EQ(to("?q=/../"), "https://a:1/x/y?q=/../");
  EXPECT_EQ(to("#f"), "https://a:1/x/y?z");
  EXPECT_EQ(to("c?u=http://d/"), "https://a:1/x/c?u=http://d/");
  EXPECT_FALSE(net::resolve_url(base, "file:///etc/passwd"));
  EXPECT_FALSE(net::resolve_url(base, "http://user@b/"));
}

TEST(Url, KnowsThisMachine) {
  for (const char* here : {"localhost", "a.localhost", "127.0.0.1", "127.9.9.9", "::1"}) {
    EXPECT_TRUE(net::is_loopback(here)) << here;
  }
  for (const char* there : {"localhost.example", "128.0.0.1", "::2", "127.0.0.1.example", "0.0.0.0", "nlocalhost"}) {
    EXPECT_FALSE(net::is_loopback(there)) << there;
  }
}

TEST(Url, PercentSigns) {
  EXPECT_EQ(net::percent_encode("a/b c~\xc3\xa4"), "a%2Fb%20c~%C3%A4");
  EXPECT_EQ(net::percent_decode("a%2Fb%20c~%c3%A4").value(), "a/b c~\xc3\xa4");
  EXPECT_FALSE(net::percent_decode("%"));
  EXPECT_FALSE(net::percent_decode("%1"));
  EXPECT_FALSE(net::percent_decode("%1g"));
}

}  // namespace
}  // namespace quern::test
