// Which web pages may talk to this server. A browser lets any page send requests to localhost, and DNS rebinding makes
// such a page look like our own; so over TCP the Host must be a name of this server, and an Origin must be this server
// itself, a page or an app of the user's own machine, or one that was allowed by name. That a page comes from an
// address says nothing about whose it is. Over the Unix socket nothing is checked: no browser reaches it. Threads:
// const after creation.
#pragma once

#include "base/result.hpp"
#include "server/authority.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

class AccessPolicy {
 public:
  // bound_host: where the server listens; a wildcard ("0.0.0.0", "::") allows every IP address as Host.
  // Errors: bad_input naming host, allowed-hosts or allowed-origins and the text that is none.
  static Result<AccessPolicy> create(std::string_view bound_host, const std::vector<std::string>& allowed_hosts,
                                     const std::vector<std::string>& allowed_origins);

  // `host` as in the header: a name or address with an optional port. Empty (HTTP/1.0) is allowed: browsers send it.
  bool host_allowed(std::string_view host) const;
  // `origin` and `host` as in the headers; the host was allowed. Its own origin has the very host and port of it.
  // "null" (a file, a sandboxed frame) is foreign unless it was allowed.
  bool origin_allowed(std::string_view origin, std::string_view host) const;

 private:
  AccessPolicy() = default;

  std::vector<std::string> names_;    // of Authority
  std::vector<std::string> origins_;  // of Origin::text(), or "null"
  bool any_address_ = false;
};

bool is_json_type(std::string_view content_type);  // application/json, with or without parameters

}  // namespace quern::server
