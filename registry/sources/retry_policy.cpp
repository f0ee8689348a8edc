#include "registry/sources/retry_policy.hpp"

#include <algorithm>
#include <charconv>

namespace quern::registry::sources {
namespace {

constexpr std::uint64_t kYearSeconds = 365ull * 24 * 3600;

std::string_view trimmed(std::string_view text) {
  const std::size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::optional<std::uint64_t> whole_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return std::min(value, kYearSeconds);
}

// The value of ";name=<number>" in a header of parameters.
std::optional<std::uint64_t> parameter(std::string_view text, std::string_view name) {
  for (std::size_t at = text.find(';'); at != std::string_view::npos; at = text.find(';', at + 1)) {
    const std::string_view item = trimmed(text.substr(at + 1, text.find_first_of(";,", at + 1) - at - 1));
    if (item.size() > name.size() && item.starts_with(name) && item[name.size()] == '=') {
      return whole_number(item.substr(name.size() + 1));
    }
  }
  return std::nullopt;
}

}  // namespace

bool may_succeed_later(int status) noexcept {
  constexpr int kStatuses[] = {408, 425, 429, 500, 502, 503, 504};
  return std::ranges::find(kStatuses, status) != std::end(kStatuses);
}

std::chrono::milliseconds pause_of(const RetryLimits& limits, std::uint32_t attempt, double random) noexcept {
  const std::uint32_t doublings = std::min(attempt, 20u);
  const auto longest = static_cast<double>(limits.longest_pause.count());
  const double full =
      std::min(static_cast<double>(limits.first_pause.count()) * static_cast<double>(1u << doublings), longest);
  return std::chrono::milliseconds(static_cast<std::int64_t>(full * (0.5 + 0.5 * random)));
}

std::optional<std::chrono::milliseconds> pause_asked(std::string_view rate_limit,
                                                     std::string_view retry_after) noexcept {
  const auto remaining = parameter(rate_limit, "r");
  const auto resets_in = parameter(rate_limit, "t");
  if (remaining && *remaining == 0 && resets_in) return std::chrono::seconds(*resets_in + 1);
  if (const auto seconds = whole_number(trimmed(retry_after))) return std::chrono::seconds(*seconds);
  return std::nullopt;
}

}  // namespace quern::registry::sources
