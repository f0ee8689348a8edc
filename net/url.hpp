// Addresses of HTTP servers, as people and redirects write them: http:// and https:// only, checked before anything is
// sent there. Names are lower case, IPv6 addresses stand in brackets, a fragment is dropped; names and passwords in an
// address are refused: they end up in logs. Threads: plain data, pure functions. Limit: 8 KiB.
#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace quern::net {

struct Url {
  bool tls = false;        // https
  std::string host;        // without brackets
  std::uint16_t port = 0;  // never 0
  std::string target;      // path and query, begins with '/'

  std::string authority() const;  // as the header Host has it: the port only where it is not the scheme's own
  std::string origin() const;     // "https://host:8443": names a server in messages and pools
  std::string text() const;       // all of it
  bool operator==(const Url&) const = default;
};

// Errors: bad_input: no such scheme, no host, user information, a port out of range, a '%' without two digits,
// characters that must be written as %XX.
Result<Url> parse_url(std::string_view text);

// What `location` of a redirect means, seen from `base`. Errors: those of parse_url().
Result<Url> resolve_url(const Url& base, std::string_view location);

// Whether a name or address means this machine and nothing else: localhost, 127.0.0.0/8, ::1.
bool is_loopback(std::string_view host) noexcept;
bool is_ip_address(std::string_view host) noexcept;

// A text for one segment of a path or one value of a query: all but letters, digits and "-._~" as %XX.
std::string percent_encode(std::string_view text);
// Errors: bad_input: a '%' without two digits.
Result<std::string> percent_decode(std::string_view text);

}  // namespace quern::net
