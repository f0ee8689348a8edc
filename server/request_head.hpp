// What a session needs to know of a request before its body is read: plain data, copied out of Beast's parser.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

#include <boost/beast/http/fields.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/string_body.hpp>
#include <boost/beast/http/verb.hpp>

namespace quern::server {

using HttpRequest = boost::beast::http::request<boost::beast::http::string_body>;

struct RequestHead {
  boost::beast::http::verb method = boost::beast::http::verb::unknown;
  std::string path;   // of Target
  std::string query;  // of Target, for parse_query()
  std::string host;   // as sent, and well-formed; empty: none
  std::string origin;
  std::string content_type;
  std::string content_coding;     // other than identity; empty: none
  std::string request_id;         // of request_id_of()
  std::string api_key;            // of "Authorization: Bearer KEY", else of "X-Api-Key: KEY"; empty: none
  std::string traceparent;        // when well-formed (W3C Trace Context)
  std::string requested_headers;  // Access-Control-Request-Headers of a preflight, when sane
  bool http_1_0 = false;
  bool keep_alive = true;
  bool keys_differ = false;  // several keys were sent, and not the same
  bool expects_continue = false;
  bool accepts_trailers = false;  // "TE: trailers"
  bool to_anthropic = false;      // "Anthropic-Version": what its API's clients send
  bool by_browser = false;        // there is an Origin or a Sec-Fetch-Site: a page may have sent it, not only a program
};

// Errors: those of parse_target() and check_framing(); bad_input for several Host or Origin fields, a Host that is no
// host with an optional port, HTTP/1.1 without Host.
Result<RequestHead> read_head(const HttpRequest& request);

// Unreserved text of 1..128 characters out of [A-Za-z0-9._:-]: safe to echo in a header and to write to a log.
bool is_sane_id(std::string_view id) noexcept;

// version 00: 00-<32 hex digits>-<16 hex digits>-<2 hex digits>, ids not all zero. Source: W3C Trace Context 1.
bool is_traceparent(std::string_view text) noexcept;

// The client's own X-Request-Id when sane, else one made here.
std::string request_id_of(const HttpRequest& request);

// A random id of 24 hex digits after `prefix`. Not a secret.
std::string make_id(std::string_view prefix);

}  // namespace quern::server
