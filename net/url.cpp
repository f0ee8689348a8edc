#include "net/url.hpp"

#include <algorithm>
#include <charconv>

#include <boost/asio/ip/address.hpp>

namespace quern::net {
namespace {

constexpr std::size_t kMaxUrlBytes = 8192;
constexpr std::size_t kMaxHostBytes = 255;  // of DNS

bool is_hex(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

bool is_plain(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  return (c >= 'a' ? c - 'a' : c - 'A') + 10;
}

// Long ones and those with control characters are not for messages.
std::string shown(std::string_view text) {
  constexpr std::size_t kShown = 200;
  std::string out(text.substr(0, kShown));
  std::ranges::replace_if(
      out, [](unsigned char c) { return c < 0x20 || c >= 0x7F; }, '?');
  return text.size() > kShown ? out + "..." : out;
}

Status check_target(std::string_view target, std::string_view all) {
  for (std::size_t i = 0; i < target.size(); ++i) {
    const char c = target[i];
    if (static_cast<unsigned char>(c) <= 0x20 || static_cast<unsigned char>(c) >= 0x7F || c == '\\' || c == '"' ||
        c == '<' || c == '>') {
      return fail(Errc::bad_input, "'{}': character {} of the path must be written as %XX", shown(all), i);
    }
    if (c == '%' && (i + 2 >= target.size() || !is_hex(target[i + 1]) || !is_hex(target[i + 2]))) {
      return fail(Errc::bad_input, "'{}': want two hexadecimal digits after '%'", shown(all));
    }
  }
  return {};
}

Status check_name(std::string_view host, std::string_view all) {
  const bool fits = std::ranges::all_of(host, [](char c) { return is_plain(c) && c != '~'; });
  if (host.empty() || host.size() > kMaxHostBytes || !fits) {
    return fail(Errc::bad_input, "'{}': '{}' is no host name, want letters, digits, '-', '.'", shown(all), shown(host));
  }
  return {};
}

// host, host:port, [v6], [v6]:port
Status read_authority(std::string_view authority, std::string_view all, Url& out) {
  if (authority.find('@') != std::string_view::npos) {
    // The text is not repeated: it has a password in it.
    return fail(Errc::bad_input, "an address may hold no name or password before '@': they would be in logs");
  }
  std::string_view port;
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    boost::system::error_code error;
    const std::string address(authority.substr(1, std::min(end, authority.size()) - 1));
    boost::asio::ip::make_address_v6(address, error);
    if (end == std::string_view::npos || error || address.find('%') != std::string::npos) {
      return fail(Errc::bad_input, "'{}': want an IPv6 address in brackets", shown(all));
    }
    out.host = address;
    port = authority.substr(end + 1);
    if (!port.empty() && port.front() != ':') return fail(Errc::bad_input, "'{}': want ':' after ']'", shown(all));
  } else {
    const std::size_t colon = std::min(authority.find(':'), authority.size());
    out.host = authority.substr(0, colon);
    QUERN_CHECK(check_name(out.host, all));
    port = authority.substr(colon);
  }
  std::ranges::transform(out.host, out.host.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  out.port = out.tls ? 443 : 80;
  if (port.size() <= 1) return {};  // "host:" is the default port, too
  port.remove_prefix(1);
  const auto [end, code] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (code != std::errc{} || end != port.data() + port.size() || out.port == 0) {
    return fail(Errc::bad_input, "'{}': want a port between 1 and 65535, found '{}'", shown(all), shown(port));
  }
  return {};
}

// A path without "." and "..". Source: RFC 3986 5.2.4.
std::string without_dots(std::string_view path) {
  std::string out;
  while (!path.empty()) {
    const std::size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool last = end == path.size();
    if (segment == "/..") out.erase(std::min(out.rfind('/'), out.size()));
    if (segment != "/." && segment != "/..") {
      out += segment;
    } else if (last) {
      out += '/';
    }
    path.remove_prefix(end);
  }
  return out.empty() ? "/" : out;
}

}  // namespace

std::string Url::authority() const {
  const bool is_v6 = host.find(':') != std::string::npos;
  const std::string name = is_v6 ? fmt::format("[{}]", host) : host;
  return port == (tls ? 443 : 80) ? name : fmt::format("{}:{}", name, port);
}

std::string Url::origin() const {
  return fmt::format("{}://{}", tls ? "https" : "http", authority());
}

std::string Url::text() const {
  return origin() + target;
}

Result<Url> parse_url(std::string_view text) {
  if (text.size() > kMaxUrlBytes) {
    return fail(Errc::bad_input, "'{}': {} bytes, at most {}", shown(text), text.size(), kMaxUrlBytes);
  }
  const auto scheme_is = [text](std::string_view scheme) {
    return text.size() >= scheme.size() && std::ranges::equal(text.substr(0, scheme.size()), scheme, {},
                                                              [](unsigned char c) { return std::tolower(c); });
  };
  Url out;
  if (scheme_is("https://")) {
    out.tls = true;
  } else if (!scheme_is("http://")) {
    const bool secret = text.find('@') != std::string_view::npos;
    return fail(Errc::bad_input, "want an address that begins with http:// or https://, found '{}'",
                secret ? "..." : shown(text));
  }
  const std::string_view rest = text.substr(out.tls ? 8 : 7);
  const std::size_t path = std::min(rest.find_first_of("/?#"), rest.size());
  QUERN_CHECK(read_authority(rest.substr(0, path), text, out));
  const std::string_view target = rest.substr(path, std::min(rest.find('#'), rest.size()) - path);
  QUERN_CHECK(check_target(target, text));
  out.target = target.starts_with('/') ? std::string(target) : "/" + std::string(target);
  return out;
}

Result<Url> resolve_url(const Url& base, std::string_view location) {
  const std::size_t colon = location.find_first_of(":/?#");
  const bool has_scheme = colon != std::string_view::npos && colon > 0 && location[colon] == ':';
  if (has_scheme) return parse_url(location);
  if (location.starts_with("//")) return parse_url((base.tls ? "https:" : "http:") + std::string(location));
  const std::string_view target(base.target);
  const std::string_view path = target.substr(0, std::min(target.find('?'), target.size()));
  std::string joined;
  if (location.empty() || location.starts_with('#')) {
    joined = target;
  } else if (location.starts_with('?')) {
    joined = std::string(path) + std::string(location);
  } else {
    joined = location.starts_with('/') ? std::string(location)
                                       : std::string(path.substr(0, path.rfind('/') + 1)) + std::string(location);
    const std::size_t query = std::min(joined.find_first_of("?#"), joined.size());
    joined = without_dots(std::string_view(joined).substr(0, query)) + joined.substr(query);
  }
  return parse_url(base.origin() + joined);
}

bool is_ip_address(std::string_view host) noexcept {
  boost::system::error_code error;
  boost::asio::ip::make_address(host, error);
  return !error;
}

bool is_loopback(std::string_view host) noexcept {
  if (host == "localhost" || host.ends_with(".localhost")) return true;
  boost::system::error_code error;
  const boost::asio::ip::address address = boost::asio::ip::make_address(host, error);
  return !error && address.is_loopback();
}

std::string percent_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (is_plain(c)) {
      out += c;
    } else {
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out += text[i];
      continue;
    }
    if (i + 2 >= text.size() || !is_hex(text[i + 1]) || !is_hex(text[i + 2])) {
      return fail(Errc::bad_input, "'{}': want two hexadecimal digits after '%'", shown(text));
    }
    out += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
    i += 2;
  }
  return out;
}

}  // namespace quern::net
