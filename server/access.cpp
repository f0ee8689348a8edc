#include "server/access.hpp"

#include "server/origin.hpp"

#include <algorithm>

#include <boost/beast/core/string.hpp>

namespace quern::server {
namespace {

bool contains(const std::vector<std::string>& list, std::string_view text) noexcept {
  return std::find(list.begin(), list.end(), text) != list.end();
}

// Host says the port only where it is not the usual one of the page's scheme.
bool is_own(const Origin& origin, std::string_view host) {
  const std::optional<Authority> own = parse_authority(host);
  const std::uint16_t usual = default_port(origin.scheme);
  return own && origin.is_web() && origin.host->name == own->name &&
         origin.host->port.value_or(usual) == own->port.value_or(usual);
}

}  // namespace

bool is_json_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return boost::beast::iequals(type, "application/json");
}

Result<AccessPolicy> AccessPolicy::create(std::string_view bound_host, const std::vector<std::string>& allowed_hosts,
                                          const std::vector<std::string>& allowed_origins) {
  AccessPolicy out;
  const std::optional<Authority> bound = parse_host(bound_host);
  if (!bound) return fail_field("host", "expected a name or an IP address, found '{}'", bound_host);
  out.names_.push_back(bound->name);
  out.any_address_ = bound->address && bound->address->is_unspecified();
  for (const std::string& text : allowed_hosts) {
    const std::optional<Authority> host = parse_host(text);
    if (!host) return fail_field("allowed-hosts", "expected names or addresses without a port, found '{}'", text);
    out.names_.push_back(host->name);
  }
  for (const std::string& text : allowed_origins) {
    const std::optional<Origin> origin = parse_origin(text);
    if (!origin && text != "null") {
      return fail_field("allowed-origins",
                        "expected origins as https://chat.example or http://10.0.0.2:3000, found '{}'", text);
    }
    out.origins_.push_back(origin ? origin->text() : text);
  }
  return out;
}

bool AccessPolicy::host_allowed(std::string_view host) const {
  if (host.empty()) return true;
  const std::optional<Authority> name = parse_authority(host);
  if (!name) return false;
  // Rebinding needs a DNS name; whoever asks for an address asks for this machine.
  return is_loopback(*name) || contains(names_, name->name) || (any_address_ && name->address);
}

bool AccessPolicy::origin_allowed(std::string_view origin_text, std::string_view host) const {
  const std::optional<Origin> origin = parse_origin(origin_text);
  if (!origin) return origin_text == "null" && contains(origins_, origin_text);
  if (contains(origins_, origin->text()) || is_local_app(*origin)) return true;
  return origin->is_web() && (is_loopback(*origin->host) || is_own(*origin, host));
}

}  // namespace quern::server
