// Where a page comes from, as browsers and apps write it into the Origin field. Threads: pure functions.
// Source: RFC 6454 6.1 and the Fetch standard ("serializing a request origin").
#pragma once

#include "server/authority.hpp"

#include <optional>
#include <string>
#include <string_view>

namespace quern::server {

struct Origin {
  std::string scheme;             // lower case
  std::optional<Authority> host;  // none: "file://"; the port only where it is not the scheme's own

  bool is_web() const noexcept { return scheme == "http" || scheme == "https"; }
  std::string text() const;  // one text for one origin: "https://[::1]:8443"
};

// "https://chat.example:8443". Nothing for anything else: "null", a path (a single "/" too), user information, blanks,
// a list, a web page without a host.
std::optional<Origin> parse_origin(std::string_view text);

// The port where none is written; 0: the scheme has none.
std::uint16_t default_port(std::string_view scheme) noexcept;

// Schemes that programs on the user's machine give to their own windows. No page from the net can have them, and such a
// program could connect without a browser engine anyway. Web pages in files are "null" to today's browsers.
bool is_local_app(const Origin& origin) noexcept;

}  // namespace quern::server
