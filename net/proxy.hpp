// The proxy through which servers beyond this machine are reached, as the environment says it: https_proxy (or
// HTTPS_PROXY, all_proxy, ALL_PROXY) is used for https:// with CONNECT, except for what no_proxy (or NO_PROXY) names
// and, always, for this machine itself. Addresses with http:// are reached without one. Threads: const after creation.
#pragma once

#include "net/url.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace quern::net {

class ProxySettings {
 public:
  ProxySettings() = default;  // no proxy

  // Errors: bad_input naming the variable: no http:// address, or one with a password.
  static Result<ProxySettings> from_environment();
  // no_proxy: "*", or names, ".domains" and addresses with commas between; a name covers what is below it.
  static Result<ProxySettings> make(std::string_view proxy, std::string_view no_proxy);

  // nullptr: connect to it directly.
  const Url* choose(const Url& url) const noexcept;

 private:
  std::optional<Url> proxy_;
  std::vector<std::string> direct_;
};

}  // namespace quern::net
