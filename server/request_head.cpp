#include "server/request_head.hpp"

#include "server/authority.hpp"
#include "server/framing.hpp"
#include "server/target.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cstdint>
#include <optional>
#include <random>
#include <utility>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/field.hpp>

namespace quern::server {
namespace {

namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t kMaxIdLength = 128;
constexpr std::size_t kShownBytes = 60;

std::string text_of(const HttpRequest& request, http::field name) {
  return std::string(request[name]);
}

std::string bearer_token(std::string_view authorization) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() <= kScheme.size() || !beast::iequals(authorization.substr(0, kScheme.size()), kScheme)) {
    return {};
  }
  const std::size_t begin = authorization.find_first_not_of(' ', kScheme.size() - 1);
  authorization.remove_prefix(std::min(begin, authorization.size()));
  return std::string(authorization);
}

// Clients and proxies may each add a key: the first bearer token is the one that counts, then the first X-Api-Key.
void read_keys(const HttpRequest& request, RequestHead& head) {
  const auto note = [&head](std::string key) {
    if (key.empty()) return;
    if (head.api_key.empty()) {
      head.api_key = std::move(key);
    } else if (key != head.api_key) {
      head.keys_differ = true;
    }
  };
  const auto [first, last] = request.equal_range(http::field::authorization);
  for (auto line = first; line != last; ++line) note(bearer_token(std::string_view(line->value())));
  const auto [first_plain, last_plain] = request.equal_range("x-api-key");
  for (auto line = first_plain; line != last_plain; ++line) note(std::string(line->value()));
}

// The target's own host counts where it has one (RFC 9112 3.2.2).
Result<std::string> host_of(const HttpRequest& request, const std::optional<std::string>& of_target) {
  const auto n_hosts = request.count(http::field::host);
  if (n_hosts > 1) return fail(Errc::bad_input, "Host: sent {} times, expected once", n_hosts);
  if (n_hosts == 0 && request.version() >= 11) return fail(Errc::bad_input, "Host: missing, HTTP/1.1 requires it");
  std::string host = of_target ? *of_target : text_of(request, http::field::host);
  if (host.empty() || parse_authority(host)) return host;
  return fail(Errc::bad_input, "Host: expected a name or an address with an optional port, found '{}'",
              host.substr(0, kShownBytes));
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

std::string request_id_of(const HttpRequest& request) {
  const auto id = request.find("X-Request-Id");
  return id != request.end() && is_sane_id(id->value()) ? std::string(id->value()) : make_id("req-");
}

Result<RequestHead> read_head(const HttpRequest& request) {
  QUERN_CHECK(check_framing(request));
  RequestHead head;
  head.method = request.method();
  head.http_1_0 = request.version() < 11;
  head.keep_alive = request.keep_alive();
  head.request_id = request_id_of(request);
  QUERN_TRY(Target target, parse_target(request.target()));
  head.path = std::move(target.path);
  head.query = std::move(target.query);
  QUERN_TRY(head.host, host_of(request, target.authority));
  const auto n_origins = request.count(http::field::origin);
  if (n_origins > 1) return fail(Errc::bad_input, "Origin: sent {} times, expected once", n_origins);
  head.origin = text_of(request, http::field::origin);
  head.to_anthropic = request.count("Anthropic-Version") > 0;
  head.by_browser = n_origins > 0 || request.count("Sec-Fetch-Site") > 0;
  head.content_type = text_of(request, http::field::content_type);
  head.content_coding = content_coding(request);
  read_keys(request, head);
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
