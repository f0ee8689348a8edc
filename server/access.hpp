// Which web pages may talk to this server. A browser lets any page send requests to localhost, and DNS rebinding makes
// such a page look like our own; so over TCP the Host must be a name of this server, and an Origin must be one of ours.
// Over the Unix socket nothing is checked: no browser reaches it. Threads: const after creation.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>
#include <vector>

namespace quern::server {

class AccessPolicy {
 public:
  // bound_host: where the server listens; a wildcard ("0.0.0.0", "::") allows every IP address as Host.
  AccessPolicy(std::string_view bound_host, const std::vector<std::string>& allowed_hosts,
               const std::vector<std::string>& allowed_origins);

  // `host` as in the header: a name or address with an optional port. Empty (HTTP/1.0) is allowed: browsers send it.
  bool host_allowed(std::string_view host) const;
  // `origin` as in the header: "http://localhost:3000". "null" (a file, a sandboxed frame) is foreign.
  bool origin_allowed(std::string_view origin) const;

 private:
  bool name_allowed(std::string_view name) const;

  std::vector<std::string> names_;  // lower case
  std::vector<std::string> origins_;
  bool any_address_ = false;
};

// The host part of "name:port", "[::1]:8080" or "::1", in lower case and without brackets.
std::string host_name(std::string_view authority);

bool is_json_type(std::string_view content_type);  // application/json, with or without parameters

}  // namespace quern::server
