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

TEST(ReadHead, TakesThePathOutOfTheTarget) {
  EXPECT_EQ(read_head(request_for("/v1/models?x=1"))->path, "/v1/models");
  EXPECT_EQ(read_head(request_for("http://localhost:8080/health"))->path, "/health");
  EXPECT_EQ(read_head(request_for("HTTP://localhost"))->path, "/");
  EXPECT_EQ(read_head(request_for("/v1/models/org%2Fname%20x"))->path, "/v1/models/org/name x");
  EXPECT_EQ(read_head(request_for("*"))->path, "*");
}

TEST(ReadHead, RefusesTargetsThatAreNoPath) {
  for (const char* target : {"health", "/%", "/%4", "/%zz", "/%00", "/%ff"}) {
    EXPECT_FALSE(read_head(request_for(target))) << target;
  }
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
