#include "server/api/keep_alive.hpp"

#include "models/residency.hpp"
#include "server/api/json_fields.hpp"

#include <cctype>
#include <charconv>
#include <cmath>
#include <string_view>

namespace quern::server {
namespace {

constexpr double kMost_s = 100.0 * 365 * 24 * 3600;  // beyond: for ever

std::optional<double> unit_s(std::string_view name) noexcept {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"\u00B5s", 1e-6}, {"ms", 1e-3},
                                                            {"s", 1},     {"m", 60},    {"h", 3600}};
  for (const auto& [unit, seconds] : kUnits) {
    if (name == unit) return seconds;
  }
  return std::nullopt;
}

// "1h30m", "-1s", "0".
std::optional<double> go_duration(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  double seconds = 0;
  while (!text.empty()) {
    double value = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (number.ec != std::errc() || value < 0 || text.front() == '-') return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    std::size_t n = 0;
    while (n < text.size() && std::isdigit(static_cast<unsigned char>(text[n])) == 0 && text[n] != '.') ++n;
    const std::optional<double> unit = unit_s(text.substr(0, n));
    if (!unit) return std::nullopt;
    seconds += value * *unit;
    text.remove_prefix(n);
  }
  return negative ? -seconds : seconds;
}

}  // namespace

Result<std::optional<Duration>> read_keep_alive(const json::object& request) {
  const json::value* const value = request.if_contains("keep_alive");
  if (value == nullptr || value->is_null()) return std::optional<Duration>();
  std::optional<double> seconds;
  if (value->is_number()) seconds = value->to_number<double>();
  if (value->is_string()) seconds = go_duration({value->get_string().data(), value->get_string().size()});
  if (!seconds || std::isnan(*seconds))
    return fail_field("keep_alive", "expected a duration such as \"5m\", or seconds, found {}", describe(*value));
  if (*seconds < 0 || *seconds > kMost_s) return std::optional<Duration>(models::kForever);
  return std::optional<Duration>(std::chrono::duration_cast<Duration>(std::chrono::duration<double>(*seconds)));
}

}  // namespace quern::server
