#include "base/duration_text.hpp"

#include <charconv>
#include <utility>

namespace quern {
namespace {

std::optional<double> unit_s(std::string_view name) noexcept {
  constexpr std::pair<std::string_view, double> kUnits[] = {{"ns", 1e-9}, {"us", 1e-6}, {"\u00B5s", 1e-6}, {"ms", 1e-3},
                                                            {"s", 1},     {"m", 60},    {"h", 3600}};
  for (const auto& [unit, seconds] : kUnits) {
    if (name == unit) return seconds;
  }
  return std::nullopt;
}

}  // namespace

std::optional<double> parse_go_duration(std::string_view text) noexcept {
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.remove_prefix(1);
  if (text == "0") return 0;
  if (text.empty()) return std::nullopt;
  constexpr std::string_view kNumber = "0123456789.";
  double seconds = 0;
  while (!text.empty()) {
    double value = 0;
    const auto number = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (number.ec != std::errc() || kNumber.find(text.front()) == std::string_view::npos) return std::nullopt;
    text.remove_prefix(static_cast<std::size_t>(number.ptr - text.data()));
    const std::string_view name = text.substr(0, text.find_first_of(kNumber));
    const std::optional<double> unit = unit_s(name);
    if (!unit) return std::nullopt;
    seconds += value * *unit;
    text.remove_prefix(name.size());
  }
  return negative ? -seconds : seconds;
}

}  // namespace quern
