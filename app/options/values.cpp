#include "app/options/values.hpp"

#include "base/checked.hpp"

#include <array>
#include <cctype>
#include <optional>
#include <utility>

namespace quern::app {
namespace {

struct Unit {
  std::string_view suffix;
  std::uint64_t factor;
};

constexpr std::array kByteUnits = {
    Unit{"T", 1ull << 40}, Unit{"G", 1ull << 30}, Unit{"M", 1ull << 20}, Unit{"K", 1ull << 10}, Unit{"", 1},
};
constexpr std::array kTimeUnits = {Unit{"h", 3'600'000}, Unit{"m", 60'000}, Unit{"s", 1000}, Unit{"ms", 1}};

// Splits "512MiB" into 512 and "MiB". No digits, or too many: nothing.
std::optional<std::pair<std::uint64_t, std::string_view>> split_number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (ec != std::errc{}) return std::nullopt;
  return std::pair(value, text.substr(static_cast<std::size_t>(end - text.data())));
}

template <std::size_t N>
std::optional<std::uint64_t> scaled(std::uint64_t value, std::string_view suffix, const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (unit.suffix == suffix) return checked_mul(value, unit.factor);
  }
  return std::nullopt;
}

// "MiB", "MB", "m" -> "M"; "B" -> "".
std::string byte_suffix(std::string_view suffix) {
  if (suffix.ends_with('B') || suffix.ends_with('b')) suffix.remove_suffix(1);
  if (suffix.size() == 2 && suffix[1] == 'i') suffix.remove_suffix(1);
  std::string out(suffix);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

}  // namespace

Result<bool> parse_bool(std::string_view text) {
  for (const std::string_view yes : {"true", "yes", "on", "1"}) {
    if (text == yes) return true;
  }
  for (const std::string_view no : {"false", "no", "off", "0"}) {
    if (text == no) return false;
  }
  return fail(Errc::bad_input, "want true or false, found '{}'", text);
}

Result<std::uint64_t> parse_bytes(std::string_view text, std::uint64_t min, std::uint64_t max) {
  const auto parts = split_number(text);
  const auto bytes = parts ? scaled(parts->first, byte_suffix(parts->second), kByteUnits) : std::nullopt;
  if (bytes && *bytes >= min && *bytes <= max) return *bytes;
  return fail(Errc::bad_input, "want a size between {} and {} such as 512M or 4G, found '{}'", format_bytes(min),
              format_bytes(max), text);
}

std::string format_bytes(std::uint64_t bytes) {
  for (const Unit& unit : kByteUnits) {
    if (bytes >= unit.factor && bytes % unit.factor == 0) return fmt::format("{}{}", bytes / unit.factor, unit.suffix);
  }
  return "0";
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::chrono::milliseconds min,
                                                 std::chrono::milliseconds max) {
  const auto parts = split_number(text);
  const std::uint64_t unknown = UINT64_MAX;  // beyond every max
  const std::uint64_t scaled_ms = parts ? scaled(parts->first, parts->second, kTimeUnits).value_or(unknown) : unknown;
  const std::uint64_t ms = text == "0" ? 0 : scaled_ms;
  if (ms >= static_cast<std::uint64_t>(min.count()) && ms <= static_cast<std::uint64_t>(max.count())) {
    return std::chrono::milliseconds(ms);
  }
  return fail(Errc::bad_input, "want a time between {} and {} such as 500ms, 30s or 5m, found '{}'",
              format_duration(min), format_duration(max), text);
}

std::string format_duration(std::chrono::milliseconds duration) {
  const auto ms = static_cast<std::uint64_t>(duration.count());
  for (const Unit& unit : kTimeUnits) {
    if (ms >= unit.factor && ms % unit.factor == 0) return fmt::format("{}{}", ms / unit.factor, unit.suffix);
  }
  return "0";
}

}  // namespace quern::app
