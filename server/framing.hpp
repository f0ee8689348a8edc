// Where a request's body ends. Two parties that read this differently can be made to see different requests in the same
// bytes, so what is ambiguous is refused, whatever the parser would make of it. Threads: pure functions.
// Source: RFC 9112 6.
#pragma once

#include "base/result.hpp"
#include "server/request_head.hpp"

#include <string>

namespace quern::server {

// A body is sent with one Content-Length of digits, or with "Transfer-Encoding: chunked" and nothing else (HTTP/1.1).
// Errors: bad_input; unsupported for other codings that end in chunked.
Status check_framing(const HttpRequest& request);

// The first content coding other than identity; empty: none.
std::string content_coding(const HttpRequest& request);

}  // namespace quern::server
