#include "registry/sources/bearer_challenge.hpp"

#include "registry/sources/content_digest.hpp"
#include "registry/sources/outside_json.hpp"

#include <algorithm>
#include <utility>

namespace quern::registry::sources {
namespace {

constexpr std::size_t kMaxTokenBytes = 64 * 1024;

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return out;
}

void skip(std::string_view& text, std::string_view characters) {
  text.remove_prefix(std::min(text.find_first_not_of(characters), text.size()));
}

// A quoted string or a word. false: a quote that does not end.
bool take_value(std::string_view& text, std::string& out) {
  out.clear();
  if (!text.starts_with('"')) {
    const std::size_t end = std::min(text.find_first_of(", \t"), text.size());
    out = text.substr(0, end);
    text.remove_prefix(end);
    return true;
  }
  for (std::size_t i = 1; i < text.size(); ++i) {
    if (text[i] == '"') {
      text.remove_prefix(i + 1);
      return true;
    }
    if (text[i] == '\\' && i + 1 < text.size()) ++i;
    out += text[i];
  }
  return false;
}

}  // namespace

Result<BearerChallenge> read_challenge(std::string_view header) {
  const auto bad = [&] {
    return fail(Errc::corrupt, "WWW-Authenticate: want Bearer realm=\"..\", found {}", quoted(header));
  };
  constexpr std::string_view kScheme = "bearer ";
  if (lower(header.substr(0, kScheme.size())) != kScheme) {
    return fail(Errc::unsupported, "WWW-Authenticate: want the scheme Bearer, found {}", quoted(header));
  }
  BearerChallenge out;
  for (std::string_view rest = header.substr(kScheme.size());;) {
    skip(rest, ", \t");
    if (rest.empty()) break;
    const std::size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return bad();
    const std::string name = lower(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    std::string value;
    if (!take_value(rest, value)) return bad();
    if (name == "realm")
      out.realm = std::move(value);
    else if (name == "service")
      out.service = std::move(value);
    else if (name == "scope")
      out.scope = std::move(value);
  }
  if (out.realm.empty()) return bad();
  return out;
}

Result<net::Url> token_address(const BearerChallenge& challenge, const net::Url& registry) {
  QUERN_TRY(net::Url out, net::parse_url(challenge.realm));
  const bool is_docker = registry.host == "registry-1.docker.io" && out.host == "auth.docker.io";
  if (out.host != registry.host && !is_docker) {
    return fail(Errc::bad_input,
                "the registry {} sends for a token to another host, {}, which is refused: it could collect tokens",
                registry.origin(), quoted(out.host));
  }
  if (!out.tls && !(net::is_loopback(out.host) && !registry.tls)) {
    return fail(Errc::bad_input, "the registry {} sends for a token to {}, which is not encrypted and so is refused",
                registry.origin(), out.origin());
  }
  const auto add = [&out](std::string_view name, std::string_view value) {
    if (value.empty()) return;
    out.target += out.target.find('?') == std::string::npos ? '?' : '&';
    out.target += fmt::format("{}={}", name, net::percent_encode(value));
  };
  add("service", challenge.service);
  add("scope", challenge.scope);
  return out;
}

Result<std::string> read_token(std::string_view text) {
  constexpr std::string_view kWhat = "answer with a token";
  QUERN_TRY(const boost::json::object object, parse_outside_object(text, kWhat));
  std::string token = text_or_empty(object, "token");
  if (token.empty()) token = text_or_empty(object, "access_token");
  const bool visible = std::ranges::all_of(token, [](char c) { return c > 0x20 && c < 0x7F; });
  if (token.empty() || token.size() > kMaxTokenBytes || !visible) {
    return fail(Errc::corrupt, "{}: token: want 1 to {} visible characters, found {} bytes", kWhat, kMaxTokenBytes,
                token.size());
  }
  return token;
}

}  // namespace quern::registry::sources
