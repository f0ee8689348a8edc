#include "server/authority.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

std::string shown(const std::optional<Authority>& found) {
  if (!found) return "none";
  return found->name + (found->address ? " address" : "") + (found->port ? " " + std::to_string(*found->port) : "");
}

TEST(ParseAuthority, NamesAndAddressesWithAnOptionalPort) {
  const std::pair<const char*, const char*> kGood[] = {{"localhost", "localhost"},
                                                       {"LocalHost:8080", "localhost 8080"},
                                                       {"localhost.", "localhost"},
                                                       {"localhost.:80", "localhost 80"},
                                                       {"my_box-1.lan:", "my_box-1.lan"},
                                                       {"xn--bcher-kva.example", "xn--bcher-kva.example"},
                                                       {"127.0.0.1:0", "127.0.0.1 address 0"},
                                                       {"127.0.0.1.", "127.0.0.1 address"},
                                                       {"[::1]", "::1 address"},
                                                       {"[0:0::0:1]:65535", "::1 address 65535"},
                                                       {"[FD00::A]:1", "fd00::a address 1"},
                                                       {"[::ffff:10.1.2.3]", "10.1.2.3 address"},
                                                       {"127.1", "127.1"},
                                                       {"0x7f000001", "0x7f000001"}};
  for (const auto& [text, expected] : kGood) EXPECT_EQ(shown(parse_authority(text)), expected) << text;
}

TEST(ParseAuthority, NothingElse) {
  for (const char* text : {"",
                           ".",
                           "..",
                           ":",
                           ":80",
                           ".local",
                           "a..b",
                           "local..",
                           "localhost:65536",
                           "localhost:-1",
                           "localhost:+1",
                           "localhost: 1",
                           "localhost:1x",
                           "localhost:1:2",
                           "::1",
                           "::1:80",
                           "[::1",
                           "[::1]x",
                           "[::1]evil.example",
                           "[::1]:x",
                           "[]",
                           "[localhost]",
                           "[127.0.0.1]",
                           "[::1%25lo]",
                           "[fe80::1%lo]",
                           "user@localhost",
                           "localhost@evil.example",
                           "localhost/x",
                           "local host",
                           " localhost",
                           "localhost ",
                           "local\thost",
                           "localhost?x",
                           "localhost#x",
                           "localhost\\x",
                           "local%68ost",
                           "b\xc3\xbc"
                           "cher.example",
                           "localhost,evil.example"}) {
    EXPECT_EQ(shown(parse_authority(text)), "none") << text;
  }
  EXPECT_FALSE(parse_authority(std::string(254, 'a')));
  EXPECT_FALSE(parse_authority(std::string_view("local\0host", 10)));
}

TEST(ParseHost, HasNoPort) {
  EXPECT_EQ(shown(parse_host("Box.local")), "box.local");
  EXPECT_EQ(shown(parse_host("::1")), "::1 address");
  EXPECT_EQ(shown(parse_host("[::1]")), "::1 address");
  EXPECT_EQ(shown(parse_host("fe80::1%lo")), "fe80::1 address");
  for (const char* text : {"", "box:80", "[::1]:80", "http://box", "*", "*.example", "[box]"}) {
    EXPECT_EQ(shown(parse_host(text)), "none") << text;
  }
}

TEST(IsLoopback, NamesAndAddresses) {
  for (const char* text : {"localhost", "localhost.", "app.localhost", "127.9.9.9", "[::1]", "[::ffff:127.0.0.1]"}) {
    EXPECT_TRUE(is_loopback(*parse_authority(text))) << text;
  }
  for (const char* text : {"evil-localhost", "localhost.evil.example", "127.0.0.1.evil.example", "128.0.0.1", "0.0.0.0",
                           "[::]", "[::2]", "127.1"}) {
    EXPECT_FALSE(is_loopback(*parse_authority(text))) << text;
  }
}

TEST(WithoutBrackets, OnlyAWholePair) {
  EXPECT_EQ(without_brackets("[::1]"), "::1");
  EXPECT_EQ(without_brackets("::1"), "::1");
  EXPECT_EQ(without_brackets("[::1"), "[::1");
}

}  // namespace
}  // namespace quern::server
