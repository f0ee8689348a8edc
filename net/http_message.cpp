#include "net/http_message.hpp"

#include <algorithm>
#include <array>

namespace quern::net {
namespace {

bool same_name(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

bool is_token(std::string_view text) noexcept {
  static constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) {
    return std::isalnum(c) != 0 || kOthers.find(static_cast<char>(c)) != std::string_view::npos;
  });
}

bool is_value(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](unsigned char c) { return (c >= 0x20 || c == '\t') && c != 0x7F; });
}

}  // namespace

std::string_view ResponseHead::header(std::string_view name) const noexcept {
  const auto found = std::ranges::find_if(headers, [name](const Header& h) { return same_name(h.name, name); });
  return found == headers.end() ? std::string_view() : std::string_view(found->value);
}

Result<std::string> write_head(const HttpRequest& request) {
  static constexpr std::array<std::string_view, 5> kOurs{"host", "content-length", "transfer-encoding", "connection",
                                                         "accept-encoding"};
  if (!is_token(request.method)) return fail(Errc::bad_input, "'{}' is no HTTP method", request.method);
  std::string out =
      fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\n", request.method, request.url.target, request.url.authority());
  for (const Header& header : request.headers) {
    const bool ours = std::ranges::any_of(kOurs, [&](std::string_view name) { return same_name(name, header.name); });
    if (ours || !is_token(header.name)) return fail(Errc::bad_input, "'{}' cannot be set as a header", header.name);
    // The value is not repeated: it may be a secret.
    if (!is_value(header.value)) {
      return fail(Errc::bad_input, "header {}: want no control characters in its value", header.name);
    }
    out += fmt::format("{}: {}\r\n", header.name, header.value);
  }
  out += request.accept_gzip ? "Accept-Encoding: gzip\r\n" : "Accept-Encoding: identity\r\n";
  if (request.has_body || !request.body.empty()) out += fmt::format("Content-Length: {}\r\n", request.body.size());
  return out + "\r\n";
}

}  // namespace quern::net
