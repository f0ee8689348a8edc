#include "net/proxy.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

namespace quern::net {
namespace {

std::pair<std::string_view, std::string_view> first_set(std::initializer_list<const char*> names) {
  for (const char* const name : names) {
    const char* const value = std::getenv(name);
    if (value != nullptr && *value != '\0') return {name, value};
  }
  return {};
}

std::string_view trimmed(std::string_view text) noexcept {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

bool covers(std::string_view entry, const Url& url) {
  if (entry == "*") return true;
  const std::string with_port = url.host + ":" + std::to_string(url.port);
  if (entry.starts_with('.')) entry.remove_prefix(1);
  const auto below = [entry](std::string_view name) {
    return name == entry ||
           (name.size() > entry.size() && name.ends_with(entry) && name[name.size() - entry.size() - 1] == '.');
  };
  return below(url.host) || below(with_port);
}

}  // namespace

Result<ProxySettings> ProxySettings::from_environment() {
  const auto [name, proxy] = first_set({"https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"});
  if (proxy.empty()) return ProxySettings();
  auto out = make(proxy, first_set({"no_proxy", "NO_PROXY"}).second);
  if (!out) return fail(Errc::bad_input, "{}: {}", name, out.error().detail);
  return out;
}

Result<ProxySettings> ProxySettings::make(std::string_view proxy, std::string_view no_proxy) {
  ProxySettings out;
  const bool has_scheme = proxy.find("://") != std::string_view::npos;
  QUERN_TRY(Url url, parse_url(has_scheme ? std::string(proxy) : "http://" + std::string(proxy)));
  if (url.tls) return fail(Errc::bad_input, "want a proxy with http://, found {}", url.origin());
  out.proxy_ = std::move(url);
  while (!no_proxy.empty()) {
    const std::size_t comma = std::min(no_proxy.find(','), no_proxy.size());
    std::string entry(trimmed(no_proxy.substr(0, comma)));
    std::ranges::transform(entry, entry.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    if (entry.size() > 2 && entry.front() == '[' && entry.back() == ']') entry = entry.substr(1, entry.size() - 2);
    if (!entry.empty()) out.direct_.push_back(std::move(entry));
    no_proxy.remove_prefix(std::min(comma + 1, no_proxy.size()));
  }
  return out;
}

const Url* ProxySettings::choose(const Url& url) const noexcept {
  if (!proxy_ || !url.tls || is_loopback(url.host)) return nullptr;
  const bool direct = std::ranges::any_of(direct_, [&](const std::string& entry) { return covers(entry, url); });
  return direct ? nullptr : &*proxy_;
}

}  // namespace quern::net
