#include "server/origin.hpp"

#include <algorithm>
#include <array>
#include <utility>

namespace quern::server {
namespace {

constexpr std::array<std::string_view, 5> kAppSchemes{"app", "file", "tauri", "vscode-file", "vscode-webview"};

// RFC 3986 3.1
bool is_scheme(std::string_view text) noexcept {
  const auto is_letter = [](char c) { return c >= 'a' && c <= 'z'; };
  return !text.empty() && is_letter(text.front()) && std::all_of(text.begin(), text.end(), [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  });
}

}  // namespace

std::uint16_t default_port(std::string_view scheme) noexcept {
  return scheme == "http" ? 80 : scheme == "https" ? 443 : 0;
}

std::string Origin::text() const {
  std::string out = scheme + "://";
  if (!host) return out;
  const bool brackets = host->address && host->address->is_v6();
  out.append(brackets ? "[" : "").append(host->name).append(brackets ? "]" : "");
  if (host->port) out += ":" + std::to_string(*host->port);
  return out;
}

std::optional<Origin> parse_origin(std::string_view text) {
  const std::size_t colon = text.find("://");
  if (colon == std::string_view::npos) return std::nullopt;
  Origin out{.scheme = std::string(text.substr(0, colon)), .host = {}};
  for (char& c : out.scheme) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  if (!is_scheme(out.scheme)) return std::nullopt;
  const std::string_view authority = text.substr(colon + 3);
  if (authority.empty()) return out.is_web() ? std::nullopt : std::optional(std::move(out));
  if (authority.ends_with(':')) return std::nullopt;
  out.host = parse_authority(authority);
  if (!out.host) return std::nullopt;
  if (out.host->port && *out.host->port == default_port(out.scheme)) out.host->port.reset();
  return out;
}

bool is_local_app(const Origin& origin) noexcept {
  return std::find(kAppSchemes.begin(), kAppSchemes.end(), origin.scheme) != kAppSchemes.end();
}

}  // namespace quern::server
