#include "fuzz/http_edges.hpp"

#include "server/access.hpp"
#include "server/framing.hpp"
#include "server/head_scanner.hpp"
#include "server/http_error.hpp"
#include "server/origin.hpp"
#include "server/request_head.hpp"
#include "server/routes.hpp"
#include "server/target.hpp"

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>

namespace quern::fuzz {
namespace {

namespace http = boost::beast::http;
using server::HeadScanner;

// The same verdict in one piece and byte by byte.
HeadScanner::Found scan(std::string_view bytes, std::size_t& size) {
  HeadScanner whole, pieces;
  const HeadScanner::Found found = whole.scan(bytes);
  HeadScanner::Found found_in_pieces = HeadScanner::Found::more;
  for (std::size_t end = 1; end <= bytes.size() && found_in_pieces == HeadScanner::Found::more; ++end) {
    found_in_pieces = pieces.scan(bytes.substr(0, end));
  }
  require(found == found_in_pieces, "the split decides whether a head is whole");
  require(found != HeadScanner::Found::complete || whole.size() == pieces.size(),
          "the split decides where a head ends");
  require(whole.problem() == pieces.problem(), "the split decides what is wrong");
  size = whole.size();
  return found;
}

void check_path(std::string_view path) {
  require(path == "*" || path.starts_with('/'), "a path that begins with something else");
}

void check_framed(const http::request_parser<http::string_body>& parser) {
  const auto& message = parser.get();
  const bool has_coding = message.count(http::field::transfer_encoding) > 0;
  const bool has_length = message.count(http::field::content_length) > 0;
  require(!(has_coding && has_length), "a coding and a length");
  require(parser.chunked() == has_coding, "a coding that the parser does not follow");
  require(parser.content_length().has_value() == has_length, "a length that the parser does not follow");
}

}  // namespace

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "broken: %s\n", what);
  std::abort();
}

void request_head(std::string_view bytes) {
  bytes.remove_prefix(server::empty_lines(bytes));
  const std::string_view id = server::request_id_in(bytes);
  require(id.empty() || server::is_sane_id(id), "a request id that must not be echoed");
  std::size_t size = 0;
  if (scan(bytes, size) != HeadScanner::Found::complete) return;
  require(bytes.substr(0, size).ends_with("\r\n\r\n"), "a head without an end");
  http::request_parser<http::string_body> parser;
  parser.header_limit(static_cast<std::uint32_t>(size));
  parser.body_limit(boost::none);
  boost::system::error_code error;
  parser.put(boost::asio::buffer(bytes.data(), size), error);
  if (error) return;
  require(parser.is_header_done(), "a whole head that the parser wants more of");
  const Result<server::RequestHead> head = server::read_head(parser.get());
  if (!head) {
    require(!head.error().detail.empty(), "an error without a message");
    return;
  }
  check_framed(parser);
  check_path(head->path);
  require(server::is_sane_id(head->request_id), "a request id that must not be echoed");
  require(head->host.empty() || server::parse_authority(head->host).has_value(), "a host that is none");
  require(head->origin.empty() || head->by_browser, "an Origin that no browser sent");
  const server::RouteMatch match = server::find_route(head->path, head->method, true);
  require(match.route == nullptr || !match.allow.empty(), "a route without a method");
}

void target(std::string_view text) {
  const Result<server::Target> found = server::parse_target(text);
  if (!found) return;
  check_path(found->path);
  if (text.find('%') != std::string_view::npos || found->path == "*")
    return;                        // a decoded path may not be decoded again
  if (found->path == "/") return;  // no segments
  require(!found->path.ends_with('/'), "a slash at the end");
  for (const char* part : {"//", "/./", "/../"}) {
    require((found->path + "/").find(part) == std::string::npos, "a segment that is none");
  }
  require(server::parse_target(found->path)->path == found->path, "a path that changes when it is read again");
}

void origin(std::string_view text) {
  static const server::AccessPolicy policy =
      server::AccessPolicy::create("0.0.0.0", {"box.lan"}, {"https://chat.example"}).value();
  const std::size_t end = std::min(text.find('\n'), text.size());
  const std::string_view origin_text = text.substr(0, end), host = text.substr(std::min(end + 1, text.size()));
  if (const auto authority = server::parse_authority(host)) {
    require(!authority->name.empty(), "a host without a name");
    require(authority->name.find_first_of(" \t/@[]?#%\\,") == std::string::npos, "a name with something else in it");
    require(!server::is_loopback(*authority) || policy.host_allowed(host), "loopback is not allowed");
  } else {
    require(host.empty() || !policy.host_allowed(host), "a host that is none is allowed");
  }
  const auto parsed = server::parse_origin(origin_text);
  const bool allowed = policy.origin_allowed(origin_text, host);
  if (!parsed) return require(!allowed, "an origin that is none is allowed");
  require(server::parse_origin(parsed->text())->text() == parsed->text(), "an origin changes when it is written");
  require(policy.origin_allowed(parsed->text(), host) == allowed, "how an origin is written decides");
  if (!allowed || !parsed->is_web() || parsed->text() == "https://chat.example") return;
  const auto own = server::parse_authority(host);
  require(server::is_loopback(*parsed->host) || (own && own->name == parsed->host->name), "a foreign page is allowed");
}

}  // namespace quern::fuzz
