// The host and port of a Host field, of an Origin or of a request's target. Strict, because whoever reads such a text
// leniently finds another host in it than a browser does. Threads: pure functions.
// Source: RFC 3986 3.2, RFC 9110 7.2; host names as browsers send them (ASCII, IDNs as xn--).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <boost/asio/ip/address.hpp>

namespace quern::server {

struct Authority {
  std::string name;  // lower case, without a dot at the end; of an address its shortest text, without brackets
  std::optional<boost::asio::ip::address> address;  // IPv4 also where it was written as IPv6 (::ffff:1.2.3.4)
  std::optional<std::uint16_t> port;
};

// "name", "name:8080", "10.0.0.1", "[::1]:8080". Nothing for anything else: user information, a path, blanks, an IPv6
// address without brackets, a port that is no number up to 65535. An empty port ("name:") is none.
std::optional<Authority> parse_authority(std::string_view text);

// A host as options name it: without a port; an IPv6 address with or without brackets, a zone (%eth0) is dropped.
std::optional<Authority> parse_host(std::string_view text);

// localhost, *.localhost (RFC 6761: they never leave the machine) and loopback addresses.
bool is_loopback(const Authority& host) noexcept;

// "[::1]" -> "::1", as the resolver wants it.
std::string_view without_brackets(std::string_view host) noexcept;

}  // namespace quern::server
