#include "server/request_head.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <random>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>

namespace quern::server {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kMaxIdLength = 128;

std::string text_of(const HttpRequest& request, http::field name) {
  return std::string(request[name]);
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// The path of "/a?b", of "http://host/a" (absolute form), or "*".
Result<std::string> path_of(std::string_view target) {
  constexpr std::string_view kScheme = "http://";
  if (beast::iequals(target.substr(0, kScheme.size()), kScheme)) {
    const std::size_t slash = target.find('/', kScheme.size());
    target = slash == std::string_view::npos ? "/" : target.substr(slash);
  }
  if (target == "*") return std::string(target);
  if (!target.starts_with('/')) return fail(Errc::bad_input, "request target: must begin with '/'");
  return percent_decode(target.substr(0, target.find_first_of("?#")));
}

std::string bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() || !beast::iequals(authorization.substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  authorization.remove_prefix(authorization.find_first_not_of(' ', kScheme.size() - 1));
  return std::string(authorization);
}

bool is_header_list(std::string_view text) noexcept {
  return text.size() <= 2048 && std::all_of(text.begin(), text.end(), [](unsigned char c) {
           return std::isalnum(c) != 0 || c == '-' || c == '_' || c == ',' || c == ' ';
         });
}

}  // namespace

bool is_sane_id(std::string_view id) noexcept {
  return !id.empty() && id.size() <= kMaxIdLength && std::all_of(id.begin(), id.end(), [](unsigned char c) {
    return std::isalnum(c) != 0 || c == '.' || c == '_' || c == ':' || c == '-';
  });
}

bool is_traceparent(std::string_view text) noexcept {
  constexpr std::string_view kShape = "00-tttttttttttttttttttttttttttttttt-pppppppppppppppp-ff";
  if (text.size() != kShape.size()) return false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    const bool is_hex = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
    if (i < 3 || kShape[i] == '-' ? c != kShape[i] : !is_hex) return false;
  }
  return text.substr(3, 32).find_first_not_of('0') != std::string_view::npos &&
         text.substr(36, 16).find_first_not_of('0') != std::string_view::npos;
}

std::string make_id(std::string_view prefix) {
  static thread_local std::mt19937_64 random{std::random_device{}()};
  const std::uint64_t high = random();
  const auto low = static_cast<std::uint32_t>(random());
  return fmt::format("{}{:016x}{:08x}", prefix, high, low);
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const int high = i + 1 < text.size() ? hex_value(text[i + 1]) : -1;
    const int low = i + 2 < text.size() ? hex_value(text[i + 2]) : -1;
    if (high < 0 || low < 0 || high + low == 0) return fail(Errc::bad_input, "request target: broken percent escape");
    out.push_back(static_cast<char>(high * 16 + low));
    i += 2;
  }
  if (!engine::is_valid_utf8(out)) return fail(Errc::bad_input, "request target: not UTF-8");
  return out;
}

Result<RequestHead> read_head(const HttpRequest& request) {
  RequestHead head;
  head.method = request.method();
  head.http_1_0 = request.version() < 11;
  head.keep_alive = request.keep_alive();
  if (const auto id = request.find("X-Request-Id"); id != request.end() && is_sane_id(id->value())) {
    head.request_id = std::string(id->value());
  } else {
    head.request_id = make_id("req-");
  }
  QUERN_TRY(head.path, path_of(request.target()));
  const auto n_hosts = request.count(http::field::host);
  if (n_hosts > 1) return fail(Errc::bad_input, "Host: sent {} times, expected once", n_hosts);
  if (n_hosts == 0 && !head.http_1_0) return fail(Errc::bad_input, "Host: missing, HTTP/1.1 requires it");
  head.host = text_of(request, http::field::host);
  head.origin = text_of(request, http::field::origin);
  head.content_type = text_of(request, http::field::content_type);
  head.api_key = bearer_token(text_of(request, http::field::authorization));
  if (const auto trace = request.find("traceparent"); trace != request.end() && is_traceparent(trace->value())) {
    head.traceparent = std::string(trace->value());
  }
  const std::string requested = text_of(request, http::field::access_control_request_headers);
  if (is_header_list(requested)) head.requested_headers = requested;
  head.accepts_trailers = text_of(request, http::field::te).find("trailers") != std::string::npos;
  head.expects_continue = !head.http_1_0 && beast::iequals(request[http::field::expect], "100-continue");
  return head;
}

}  // namespace quern::server
