#include "server/authority.hpp"

#include <algorithm>
#include <charconv>
#include <utility>

namespace quern::server {
namespace {

namespace ip = boost::asio::ip;

constexpr std::size_t kMaxNameBytes = 253;  // RFC 1035

bool is_name_char(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

Authority of_address(ip::address address) {
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return {.name = address.to_string(), .address = address, .port = {}};
}

std::optional<Authority> parse_name(std::string_view text) {
  std::string name(text);
  for (char& c : name) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (name.ends_with('.')) name.pop_back();
  if (name.empty() || name.size() > kMaxNameBytes || !std::all_of(name.begin(), name.end(), is_name_char) ||
      name.starts_with('.') || name.ends_with('.') || name.find("..") != std::string::npos) {
    return std::nullopt;
  }
  boost::system::error_code error;
  const ip::address_v4 address = ip::make_address_v4(name, error);
  if (!error) return of_address(address);
  return Authority{.name = std::move(name), .address = {}, .port = {}};
}

std::optional<Authority> parse_v6(std::string_view text) {
  boost::system::error_code error;
  ip::address_v6 address = ip::make_address_v6(text, error);
  if (error) return std::nullopt;
  address.scope_id(0);
  return of_address(address);
}

}  // namespace

std::optional<Authority> parse_authority(std::string_view text) {
  std::optional<Authority> out;
  std::string_view rest;
  if (text.starts_with('[')) {
    const std::size_t end = text.find(']');
    if (end == std::string_view::npos) return std::nullopt;
    const std::string_view inside = text.substr(1, end - 1);
    if (inside.find('%') != std::string_view::npos) return std::nullopt;
    out = parse_v6(inside);
    rest = text.substr(end + 1);
  } else {
    const std::size_t colon = std::min(text.find(':'), text.size());
    out = parse_name(text.substr(0, colon));
    rest = text.substr(colon);
  }
  if (!out || rest.empty() || rest == ":") return out;
  if (rest.front() != ':') return std::nullopt;
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(rest.data() + 1, rest.data() + rest.size(), port);
  if (error != std::errc() || end != rest.data() + rest.size()) return std::nullopt;
  out->port = port;
  return out;
}

std::optional<Authority> parse_host(std::string_view text) {
  const std::string_view host = without_brackets(text);
  if (host.find(':') != std::string_view::npos) return parse_v6(host);
  return host.size() == text.size() ? parse_name(host) : std::nullopt;
}

bool is_loopback(const Authority& host) noexcept {
  return host.address ? host.address->is_loopback() : host.name == "localhost" || host.name.ends_with(".localhost");
}

std::string_view without_brackets(std::string_view host) noexcept {
  return host.size() >= 2 && host.front() == '[' && host.back() == ']' ? host.substr(1, host.size() - 2) : host;
}

}  // namespace quern::server
