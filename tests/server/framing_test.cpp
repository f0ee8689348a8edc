#include "server/framing.hpp"

#include <gtest/gtest.h>

namespace quern::server {
namespace {

namespace http = boost::beast::http;
using Fields = std::vector<std::pair<http::field, const char*>>;

constexpr auto kCoding = http::field::transfer_encoding;
constexpr auto kLength = http::field::content_length;

HttpRequest request_with(const Fields& fields, unsigned version = 11) {
  HttpRequest request{http::verb::post, "/", version};
  for (const auto& [name, value] : fields) request.insert(name, value);
  return request;
}

// 200: fine.
unsigned status_of(const Fields& fields, unsigned version = 11) {
  const Status status = check_framing(request_with(fields, version));
  return status ? 200 : status.error().code == Errc::unsupported ? 501 : 400;
}

TEST(CheckFraming, OneLengthOrChunkedAndNothingElse) {
  EXPECT_EQ(status_of({}), 200u);
  EXPECT_EQ(status_of({{kLength, "0"}}), 200u);
  EXPECT_EQ(status_of({{kLength, "0012"}}), 200u);
  EXPECT_EQ(status_of({{kCoding, "chunked"}}), 200u);
  EXPECT_EQ(status_of({{kCoding, " Chunked\t"}}), 200u);
}

TEST(CheckFraming, CodingsThatAreNotOnlyChunked) {
  for (const char* coding : {"", "identity", "gzip", "xchunked", "chunked, gzip", "chunked, chunked", "chunked,",
                             "\"chunked\"", "chunked;q=1", "chun ked", "chunked, identity", "gzip, chunked, chunked"}) {
    EXPECT_EQ(status_of({{kCoding, coding}}), 400u) << coding;
  }
  for (const char* coding : {"gzip, chunked", "identity, chunked", ",chunked", "identity,\tCHUNKED"}) {
    EXPECT_EQ(status_of({{kCoding, coding}}), 501u) << coding;
  }
  EXPECT_EQ(status_of({{kCoding, "identity"}, {kCoding, "chunked"}}), 400u);
  EXPECT_EQ(status_of({{kCoding, "chunked"}, {kCoding, "chunked"}}), 400u);
  EXPECT_EQ(status_of({{kCoding, "chunked"}}, 10), 400u) << "HTTP/1.0";
}

TEST(CheckFraming, ACodingAndALengthContradictEachOther) {
  EXPECT_EQ(status_of({{kCoding, "chunked"}, {kLength, "5"}}), 400u);
  EXPECT_EQ(status_of({{kLength, "5"}, {kCoding, "identity"}}), 400u);
  EXPECT_EQ(status_of({{kLength, "0"}, {kCoding, "chunked"}}), 400u);
}

TEST(CheckFraming, ALengthIsOneNumber) {
  for (const char* length : {"", "-1", "+5", "5, 5", "5,", "0x5", "5 5", "5.0", "five"}) {
    EXPECT_EQ(status_of({{kLength, length}}), 400u) << length;
  }
  EXPECT_EQ(status_of({{kLength, "5"}, {kLength, "5"}}), 400u);
}

TEST(ContentCoding, TheFirstOtherThanIdentity) {
  constexpr auto kField = http::field::content_encoding;
  EXPECT_EQ(content_coding(request_with({})), "");
  EXPECT_EQ(content_coding(request_with({{kField, ""}})), "");
  EXPECT_EQ(content_coding(request_with({{kField, "Identity, identity"}})), "");
  EXPECT_EQ(content_coding(request_with({{kField, "gzip"}})), "gzip");
  EXPECT_EQ(content_coding(request_with({{kField, "identity"}, {kField, "identity, br"}})), "br");
}

}  // namespace
}  // namespace quern::server
