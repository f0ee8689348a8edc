// One HTTP response as plain data, and its bytes on the wire. All header values are made by us or checked before they
// get here (no CR, no LF), so writing needs no escaping. Threads: pure functions.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace quern::server {

// A prompt that does not fit: clients recognise it by words that depend on the dialect.
struct ContextOverflow {
  std::uint64_t n_prompt = 0;  // tokens; 0: too many to be counted
  std::uint64_t n_context = 0;
};

// What went wrong, before a dialect has put it into its shape.
struct HttpError {
  unsigned status = 500;
  std::string message;
  std::string field;  // of the request; empty: none in particular
  std::string code;   // for programs; empty: none
  std::optional<ContextOverflow> overflow = {};
};

struct Response {
  unsigned status = 200;
  std::string body;
  std::string content_type = "application/json";
  std::vector<std::pair<std::string, std::string>> headers;  // further ones, e.g. Retry-After
  std::optional<HttpError> error = {};                       // then `body` is what the dialect makes of it
};

// What the head of a response depends on besides the response itself.
struct ReplyContext {
  bool http_1_0 = false;
  bool keep_alive = true;
  bool trailers = false;            // of an event stream: a Server-Timing field will follow the body
  bool head_only = false;           // answer to HEAD: the body's length, but no body
  std::string_view request_id;      // echoed as X-Request-Id; empty: none
  std::string_view ignored;         // X-Quern-Ignored: unknown fields of the request; empty: none
  std::string_view allowed_origin;  // echoed as Access-Control-Allow-Origin; empty: none
  std::chrono::sys_seconds now{};
};

std::string_view reason_phrase(unsigned status) noexcept;

// Head and body of a response whose length is known.
std::string serialize(const Response& response, const ReplyContext& context);
std::string serialize_head(const Response& response, const ReplyContext& context);

// Head of a stream: chunked for HTTP/1.1; for HTTP/1.0 the end of the connection ends the stream.
std::string stream_head(std::string_view content_type, const ReplyContext& context);

// Adds `data` to out as one chunk; empty data would end the body, so it adds nothing.
void append_chunk(std::string& out, std::string_view data);
// The end of the body. server_timing: the value of a trailer field; empty: none.
void append_last_chunk(std::string& out, std::string_view server_timing);

// Source: RFC 9110 5.6.7, e.g. "Sun, 06 Nov 1994 08:49:37 GMT".
std::string http_date(std::chrono::sys_seconds time);

}  // namespace quern::server
