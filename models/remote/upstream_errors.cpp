#include "models/remote/upstream_errors.hpp"

#include <charconv>

namespace quern::models {
namespace {

// Seconds; dates are rare and clocks differ.
std::optional<Duration> retry_after(const quern::net::ResponseHead& head) {
  constexpr std::uint32_t kMost = 3600;
  const std::string_view text = head.header("retry-after");
  std::uint32_t seconds = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), seconds);
  if (code != std::errc{} || end == text.data()) return std::nullopt;
  return std::chrono::seconds(std::min(seconds, kMost));
}

}  // namespace

Refusal refusal_of(const quern::net::ResponseHead& head, std::string_view body, const Upstream& upstream) {
  const std::string said = remote_dialect(upstream.kind).error_text(body);
  const std::string who = upstream.name();
  switch (head.status) {
    case 400:
    case 413:
    case 422:
      return {fail(Errc::bad_input, "{} refuses the request ({}): {}", who, head.status, said)};
    case 401:
    case 403:
      return {fail(Errc::unsupported, "{} does not let this server in ({}): {}", who, head.status,
                   upstream.key_env.empty() ? "no key is configured for it"
                                            : "it does not take the key in " + upstream.key_env)};
    case 404:
      return {fail(Errc::unsupported, "{} does not have it (404): {}", who, said)};
    case 429:
    case 503:
    case 529:
      return {fail(Errc::overloaded, "{} is busy ({}): {}", who, head.status, said), UpstreamOutcome::refused,
              retry_after(head)};
    default:
      break;
  }
  return {fail(Errc::io, "{} answered {}: {}", who, head.status, said), UpstreamOutcome::failed, {}};
}

bool may_ask_another(const Error& error) noexcept {
  return error.code == Errc::io || error.code == Errc::overloaded || error.code == Errc::draining;
}

}  // namespace quern::models
