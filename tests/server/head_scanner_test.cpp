#include "server/head_scanner.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

using Found = HeadScanner::Found;

constexpr std::string_view kGood = "GET / HTTP/1.1\r\nHost: a\r\nEmpty:\r\nTab:\t\xc3\xbc x\r\n\r\n";

TEST(HeadScanner, FindsTheEndHoweverTheBytesArrive) {
  const std::string bytes = std::string(kGood) + "GET";
  for (std::size_t step = 1; step <= bytes.size(); ++step) {
    HeadScanner scanner;
    Found found = Found::more;
    for (std::size_t end = step; found == Found::more; end = std::min(end + step, bytes.size())) {
      found = scanner.scan(std::string_view(bytes).substr(0, end));
    }
    EXPECT_EQ(found, Found::complete) << step;
    EXPECT_EQ(scanner.size(), kGood.size()) << step;
  }
  HeadScanner scanner;
  EXPECT_EQ(scanner.scan(kGood.substr(0, kGood.size() - 1)), Found::more);
}

TEST(HeadScanner, NamesTheLineThatParsersDisagreeOn) {
  const std::pair<std::string_view, const char*> kBad[] = {
      {"GET / HTTP/1.1\nHost: a\n\n", "a line feed without a carriage return in line 1 of the request's head"},
      {"GET / HTTP/1.1\r\nHost: a\n\r\n", "a line feed without a carriage return in line 2 of the request's head"},
      {"GET / HTTP/1.1\r\nHost: a\rb\r\n", "a carriage return without a line feed in line 2 of the request's head"},
      {"GET / HTTP/1.1\r\nA: b\r\r\n", "a carriage return without a line feed in line 2 of the request's head"},
      {"GET / HTTP/1.1\r\nA: b\r\n c\r\n", "a blank at the beginning in line 3 of the request's head"},
      {"GET / HTTP/1.1\r\nTransfer-Encoding:\r\n\tchunked\r\n",
       "a blank at the beginning in line 3 of the request's head"},
      {"GET / HTTP/1.1\r\n Host: a\r\n", "a blank at the beginning in line 2 of the request's head"},
      {std::string_view("GET / HTTP/1.1\r\nA: \0\r\n", 21),
       "a character that may not stand there in line 2 of the request's head"},
      {"GET /\x7f HTTP/1.1\r\n", "a character that may not stand there in line 1 of the request's head"},
      {"\x16\x03\x01\x02", "a character that may not stand there in line 1 of the request's head"},
      {" GET /", "a character that may not stand there in line 1 of the request's head"},
      {"G(T /", "a character that may not stand there in line 1 of the request's head"},
  };
  for (const auto& [bytes, problem] : kBad) {
    HeadScanner scanner;
    EXPECT_EQ(scanner.scan(bytes), Found::malformed) << bytes;
    EXPECT_EQ(scanner.problem(), problem);
  }
}

TEST(EmptyLines, AreCountedBeforeARequestOnly) {
  EXPECT_EQ(empty_lines(""), 0u);
  EXPECT_EQ(empty_lines("\r"), 0u);
  EXPECT_EQ(empty_lines("\r\n"), 2u);
  EXPECT_EQ(empty_lines("\r\n\r\n\rGET"), 4u);
  EXPECT_EQ(empty_lines("\n"), 0u);
  EXPECT_EQ(empty_lines(kGood), 0u);
}

TEST(RequestIdIn, ReadsWholeLinesOfUnfinishedHeads) {
  EXPECT_EQ(request_id_in("GET / HTTP/1.1\r\nx-request-ID: \tab-1 \r\nX: yyy"), "ab-1");
  EXPECT_EQ(request_id_in("GET / HTTP/1.1\r\nX-Request-Id: ab-1"), "") << "it may go on";
  EXPECT_EQ(request_id_in("GET / HTTP/1.1\r\nX-Request-Id: a b\r\n"), "");
  EXPECT_EQ(request_id_in("GET / HTTP/1.1\r\nX-Request-Id:\r\n"), "");
  EXPECT_EQ(request_id_in("GET / HTTP/1.1\r\nX-Request-Ids: a\r\n"), "");
  EXPECT_EQ(request_id_in(""), "");
}

}  // namespace
}  // namespace quern::server
