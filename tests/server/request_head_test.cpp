#include "server/request_head.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace http = boost::beast::http;

HttpRequest request_for(std::string_view target) {
  HttpRequest request{http::verb::get, target, 11};
  request.set(http::field::host, "localhost");
  return request;
}

TEST(ReadHead, TakesPathAndHostOutOfTheTarget) {
  EXPECT_EQ(read_head(request_for("//v1/models/?x=1"))->path, "/v1/models");
  EXPECT_EQ(read_head(request_for("/health"))->host, "localhost");
  EXPECT_EQ(read_head(request_for("http://box:8080/health"))->path, "/health");
  EXPECT_EQ(read_head(request_for("http://box:8080/health"))->host, "box:8080") << "it counts, not Host";
  EXPECT_FALSE(read_head(request_for("http://user@box/health")));
  EXPECT_FALSE(read_head(request_for("health")));
}

TEST(ReadHead, NeedsExactlyOneHost) {
  HttpRequest request = request_for("/");
  request.insert(http::field::host, "other");
  EXPECT_FALSE(read_head(request));
  request.erase(http::field::host);
  EXPECT_FALSE(read_head(request));
  request.version(10);
  EXPECT_TRUE(read_head(request)) << "HTTP/1.0 has no Host";
}

TEST(ReadHead, RefusesAHostThatIsNone) {
  HttpRequest request = request_for("/");
  for (const char* host :
       {"localhost@evil.example", "[::1]evil.example", "a b", "localhost/x", "localhost:99999", "::1"}) {
    request.set(http::field::host, host);
    EXPECT_FALSE(read_head(request)) << host;
  }
  for (const char* host : {"localhost.", "LOCALHOST:8080", "[::1]:1", ""}) {
    request.set(http::field::host, host);
    EXPECT_TRUE(read_head(request)) << host;
  }
}

TEST(ReadHead, KnowsWhatBrowsersSend) {
  HttpRequest request = request_for("/");
  EXPECT_FALSE(read_head(request)->by_browser);
  request.set("Sec-Fetch-Mode", "cors");
  EXPECT_FALSE(read_head(request)->by_browser) << "node sends it too";
  request.set("Sec-Fetch-Site", "same-origin");
  EXPECT_TRUE(read_head(request)->by_browser);
  request.erase("Sec-Fetch-Site");
  request.set(http::field::origin, "null");
  EXPECT_TRUE(read_head(request)->by_browser);
  request.insert(http::field::origin, "http://localhost");
  EXPECT_FALSE(read_head(request)) << "which of them counts?";
}

TEST(ReadHead, RefusesABodyWithoutAClearEnd) {
  HttpRequest request = request_for("/");
  request.set(http::field::transfer_encoding, "gzip, chunked");
  EXPECT_EQ(read_head(request).error().code, Errc::unsupported);
}

TEST(ReadHead, KeepsASaneRequestIdAndReplacesOthers) {
  HttpRequest request = request_for("/");
  request.set("X-Request-Id", "abc-1.2_3:4");
  EXPECT_EQ(read_head(request)->request_id, "abc-1.2_3:4");
  for (const std::string& id : {std::string("a b"), std::string(129, 'a'), std::string("<x>"), std::string()}) {
    request.set("X-Request-Id", id);
    EXPECT_TRUE(read_head(request)->request_id.starts_with("req-")) << id;
  }
}

TEST(ReadHead, ForgetsRequestedHeadersThatAreNoList) {
  HttpRequest request = request_for("/");
  request.set(http::field::access_control_request_headers, "content-type, x-stainless-os");
  EXPECT_EQ(read_head(request)->requested_headers, "content-type, x-stainless-os");
  request.set(http::field::access_control_request_headers, "a: b");
  EXPECT_EQ(read_head(request)->requested_headers, "");
}

TEST(MakeId, DiffersEachTime) {
  EXPECT_NE(make_id("x-"), make_id("x-"));
  EXPECT_EQ(make_id("x-").size(), 26u);
}

TEST(Traceparent, OnlyTheShapeOfTheStandardCounts) {
  EXPECT_TRUE(is_traceparent("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"));
  for (const char* bad : {"", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331",
                          "01-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-0AF7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                          "00-00000000000000000000000000000000-b7ad6b7169203331-01",
                          "00-0af7651916cd43dd8448eb211c80319c-0000000000000000-01",
                          "00-0af7651916cd43dd8448eb211c80319c_b7ad6b7169203331-01"}) {
    EXPECT_FALSE(is_traceparent(bad)) << bad;
  }
}

}  // namespace
}  // namespace quern::server
