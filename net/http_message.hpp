// A request and the head of its answer, as plain data. Threads: plain data.
#pragma once

#include "base/clock.hpp"
#include "net/url.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::net {

struct Header {
  std::string name, value;
};

struct HttpRequest {
  std::string method = "GET";
  Url url;
  // Besides Host, Content-Length, Connection and Accept-Encoding, which are the client's own affair.
  std::vector<Header> headers = {};
  std::string body = {};
  bool has_body = false;         // an empty body is one, too: Content-Length: 0
  std::string unix_socket = {};  // path of a socket to connect to, instead of the host
  bool accept_gzip = false;      // for read_all(), which unpacks it
  // How long nothing may come. head: until the answer begins, after the request has been sent; empty: as silence.
  Duration silence = std::chrono::seconds(60);
  std::optional<Duration> head = {};
};

struct ResponseHead {
  int status = 0;
  std::vector<Header> headers;
  std::optional<std::uint64_t> content_length;  // of the body, where the server says it

  // The first of this name, whatever its case; empty: there is none.
  std::string_view header(std::string_view name) const noexcept;
};

// What is sent before the body. Errors: bad_input: a method, name or value with characters that would end it, a header
// that is not the caller's to set.
Result<std::string> write_head(const HttpRequest& request);

}  // namespace quern::net
