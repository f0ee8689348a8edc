#include "server/access.hpp"

#include <algorithm>
#include <array>
#include <cctype>

#include <boost/asio/ip/address.hpp>

namespace quern::server {
namespace {

namespace net = boost::asio;

std::string lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool is_address(const std::string& name) {
  boost::system::error_code error;
  net::ip::make_address(name, error);
  return !error;
}

bool is_loopback(const std::string& name) {
  if (name == "localhost" || name.ends_with(".localhost")) return true;  // RFC 6761: never leaves the machine
  boost::system::error_code error;
  const net::ip::address address = net::ip::make_address(name, error);
  return !error && address.is_loopback();
}

}  // namespace

std::string host_name(std::string_view authority) {
  if (authority.starts_with('[')) {
    const std::size_t end = authority.find(']');
    return lower(authority.substr(1, end == std::string_view::npos ? end : end - 1));
  }
  const std::size_t colon = authority.find(':');
  const bool bare_v6 = colon != std::string_view::npos && authority.find(':', colon + 1) != std::string_view::npos;
  return lower(bare_v6 ? authority : authority.substr(0, colon));
}

bool is_json_type(std::string_view content_type) {
  std::string_view type = content_type.substr(0, content_type.find(';'));
  while (!type.empty() && (type.back() == ' ' || type.back() == '\t')) type.remove_suffix(1);
  return lower(type) == "application/json";
}

AccessPolicy::AccessPolicy(std::string_view bound_host, const std::vector<std::string>& allowed_hosts,
                           const std::vector<std::string>& allowed_origins) {
  const std::string bound = host_name(bound_host);
  names_.push_back(bound);
  for (const std::string& host : allowed_hosts) names_.push_back(host_name(host));
  for (const std::string& origin : allowed_origins) origins_.push_back(lower(origin));
  boost::system::error_code error;
  const net::ip::address address = net::ip::make_address(bound, error);
  any_address_ = !error && address.is_unspecified();
}

bool AccessPolicy::name_allowed(std::string_view name_in) const {
  const std::string name(name_in);
  if (is_loopback(name) || std::find(names_.begin(), names_.end(), name) != names_.end()) return true;
  // Rebinding needs a DNS name; whoever asks for an address asks for this machine.
  return any_address_ && is_address(name);
}

bool AccessPolicy::host_allowed(std::string_view host) const {
  return host.empty() || name_allowed(host_name(host));
}

bool AccessPolicy::origin_allowed(std::string_view origin) const {
  if (std::find(origins_.begin(), origins_.end(), lower(origin)) != origins_.end()) return true;
  for (const std::string_view scheme : {std::string_view("http://"), std::string_view("https://")}) {
    const std::string text = lower(origin);
    if (!text.starts_with(scheme)) continue;
    const std::string_view authority = std::string_view(text).substr(scheme.size());
    return authority.find_first_of("/?#@ ") == std::string_view::npos && name_allowed(host_name(authority));
  }
  return false;
}

}  // namespace quern::server
