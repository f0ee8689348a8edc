#include "registry/sources/hub_options.hpp"

#include "registry/sources/content_digest.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>

#include <sys/stat.h>

namespace quern::registry::sources {
namespace {

constexpr std::string_view kHubAddress = "https://huggingface.co";
constexpr std::size_t kMaxTokenBytes = 4096;

std::string value_of(const Environment& environment, const char* name) {
  const char* const value = environment(name);
  return value == nullptr ? std::string() : std::string(value);
}

// As the hub's tools read a switch.
bool is_on(const Environment& environment, const char* name) {
  std::string value = value_of(environment, name);
  std::ranges::transform(value, value.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; });
  constexpr std::array<std::string_view, 4> kOn{"1", "ON", "YES", "TRUE"};
  return std::ranges::find(kOn, value) != kOn.end();
}

std::string default_token_path(const Environment& environment) {
  if (const std::string home = value_of(environment, "HF_HOME"); !home.empty()) return home + "/token";
  if (const std::string cache = value_of(environment, "XDG_CACHE_HOME"); !cache.empty())
    return cache + "/huggingface/token";
  const std::string home = value_of(environment, "HOME");
  return home.empty() ? std::string() : home + "/.cache/huggingface/token";
}

std::string trimmed(const std::string& text) {
  const std::size_t begin = text.find_first_not_of(" \t\r\n");
  return begin == std::string::npos ? std::string() : text.substr(begin, text.find_last_not_of(" \t\r\n") - begin + 1);
}

Result<std::string> read_token_file(const std::string& path, bool named, HubOptions& out) {
  struct stat info {};
  if (path.empty() || ::stat(path.c_str(), &info) != 0) {
    if (!named) return std::string();
    return fail(Errc::io, "HF_TOKEN_PATH: {}: cannot be read: {}", path, std::strerror(errno));
  }
  if (!S_ISREG(info.st_mode)) return fail(Errc::bad_input, "token file {}: want a regular file", path);
  std::ifstream file(path, std::ios::binary);
  std::string text(kMaxTokenBytes + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || !file.is_open()) return fail(Errc::io, "token file {}: it cannot be read", path);
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kMaxTokenBytes)
    return fail(Errc::bad_input, "token file {}: want a token, found more than {} bytes", path, kMaxTokenBytes);
  if ((info.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    out.warnings.push_back(fmt::format("token file {}: others can read it (mode {:04o}); chmod 600 keeps it yours",
                                       path, info.st_mode & 07777u));
  }
  return trimmed(text);
}

Status read_token(const Environment& environment, HubOptions& out) {
  if (is_on(environment, "HF_HUB_DISABLE_IMPLICIT_TOKEN")) return {};
  out.hf_token = trimmed(value_of(environment, "HF_TOKEN"));
  if (out.hf_token.empty()) {
    const std::string path = value_of(environment, "HF_TOKEN_PATH");
    QUERN_TRY(out.hf_token, read_token_file(path.empty() ? default_token_path(environment) : path, !path.empty(), out));
  }
  const bool visible = std::ranges::all_of(out.hf_token, [](char c) { return c > 0x20 && c < 0x7F; });
  if (!visible || out.hf_token.size() > kMaxTokenBytes) {
    return fail(Errc::bad_input, "token of the hub: want visible characters without blanks, found something else");
  }
  return {};
}

}  // namespace

Result<HubOptions> hub_options(const Environment& environment) {
  HubOptions out;
  std::string address = value_of(environment, "HF_ENDPOINT");
  if (address.empty()) address = kHubAddress;
  while (address.ends_with('/')) address.pop_back();
  const Result<net::Url> endpoint = net::parse_url(address);
  if (!endpoint) return fail(Errc::bad_input, "HF_ENDPOINT: {}", endpoint.error().detail);
  if (endpoint->target != "/")
    return fail(Errc::bad_input, "HF_ENDPOINT: want an address without a path, found {}", quoted(address));
  out.hf_endpoint = *endpoint;
  out.offline = is_on(environment, "HF_HUB_OFFLINE") || is_on(environment, "TRANSFORMERS_OFFLINE");
  QUERN_CHECK(read_token(environment, out));
  if (!out.hf_token.empty() && !endpoint->tls && !net::is_loopback(endpoint->host)) {
    out.hf_token.clear();
    out.warnings.push_back(
        fmt::format("HF_ENDPOINT: {} is not encrypted, so the token is not sent there", endpoint->origin()));
  }
  return out;
}

Result<HubOptions> hub_options() {
  return hub_options([](const char* name) { return std::getenv(name); });
}

}  // namespace quern::registry::sources
