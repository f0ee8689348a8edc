#include "server/response.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

using std::chrono::seconds;
using std::chrono::sys_seconds;

TEST(HttpDate, IsTheFormatOfRfc9110) {
  EXPECT_EQ(http_date(sys_seconds(seconds(784111777))), "Sun, 06 Nov 1994 08:49:37 GMT");
  EXPECT_EQ(http_date(sys_seconds(seconds(0))), "Thu, 01 Jan 1970 00:00:00 GMT");
}

TEST(Serialize, WritesHeadAndBody) {
  Response response{.status = 429, .body = "{}"};
  response.headers.emplace_back("Retry-After", "1");
  EXPECT_EQ(serialize(response, {.request_id = "req-1"}),
            "HTTP/1.1 429 Too Many Requests\r\nServer: quern\r\nDate: Thu, 01 Jan 1970 00:00:00 GMT\r\n"
            "Content-Type: application/json\r\nX-Content-Type-Options: nosniff\r\nX-Request-Id: req-1\r\n"
            "Retry-After: 1\r\nContent-Length: 2\r\n\r\n{}");
}

TEST(Serialize, HeadHasTheLengthButNoBody) {
  const std::string out = serialize({.body = "12345"}, {.head_only = true});
  EXPECT_NE(out.find("Content-Length: 5\r\n"), std::string::npos);
  EXPECT_TRUE(out.ends_with("\r\n\r\n"));
}

TEST(Serialize, NoContentHasNeitherBodyNorLength) {
  const std::string out = serialize({.status = 204}, {});
  EXPECT_EQ(out.find("Content-"), std::string::npos);
}

TEST(Serialize, SaysHowTheConnectionGoesOn) {
  EXPECT_EQ(serialize({}, {}).find("Connection:"), std::string::npos);
  EXPECT_NE(serialize({}, {.keep_alive = false}).find("Connection: close\r\n"), std::string::npos);
  EXPECT_NE(serialize({}, {.http_1_0 = true}).find("Connection: keep-alive\r\n"), std::string::npos);
}

TEST(EventStream, IsChunkedExceptForHttp10) {
  EXPECT_NE(stream_head("text/event-stream", {}).find("Transfer-Encoding: chunked\r\n"), std::string::npos);
  EXPECT_EQ(stream_head("text/event-stream", {.http_1_0 = true, .keep_alive = false}).find("chunked"),
            std::string::npos);
}

TEST(AppendChunk, NeverEndsTheBodyByAccident) {
  std::string out;
  append_chunk(out, "");
  EXPECT_EQ(out, "");
  append_chunk(out, std::string(255, 'x'));
  EXPECT_TRUE(out.starts_with("ff\r\nxx"));
  EXPECT_TRUE(out.ends_with("xx\r\n"));
}

TEST(ReasonPhrase, KnowsEveryStatusInUse) {
  for (const unsigned status :
       {200u, 202u, 204u, 400u, 403u, 404u, 405u, 413u, 415u, 429u, 431u, 499u, 500u, 501u, 503u}) {
    EXPECT_NE(reason_phrase(status), reason_phrase(999)) << status;
  }
}

}  // namespace
}  // namespace quern::server
