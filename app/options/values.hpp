// Text -> value and back, for everything that is typed by a person: on the command line, in the environment, in YAML.
// Errors: bad_input "want <what>, found '<text>'", without the option's name (the caller knows where the text stood).
// Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <charconv>
#include <chrono>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

namespace quern::app {

template <class T>
concept Number = std::integral<T> || std::floating_point<T>;

// The whole text must be the number: no blanks, no unit, no NaN or infinity.
template <Number T>
Result<T> parse_number(std::string_view text, T min, T max) {
  T value{};
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), value);
  bool good = ec == std::errc{} && end == text.data() + text.size() && value >= min && value <= max;
  if constexpr (std::floating_point<T>) good = good && std::isfinite(value);
  if (good) return value;
  constexpr const char* kKind = std::floating_point<T> ? "a number" : "an integer";
  return fail(Errc::bad_input, "want {} between {} and {}, found '{}'", kKind, min, max, text);
}

// true/false, yes/no, on/off, 1/0.
Result<bool> parse_bool(std::string_view text);

// Bytes with a power-of-two suffix: "4096", "512K", "512M", "4G", "1T"; "MB" and "MiB" mean the same as "M".
Result<std::uint64_t> parse_bytes(std::string_view text, std::uint64_t min, std::uint64_t max);
std::string format_bytes(std::uint64_t bytes);  // "4G" where it is exact, else plain bytes

// "500ms", "30s", "5m", "2h"; a bare number is refused, except 0: nobody can know its unit.
Result<std::chrono::milliseconds> parse_duration(std::string_view text, std::chrono::milliseconds min,
                                                 std::chrono::milliseconds max);
std::string format_duration(std::chrono::milliseconds duration);

}  // namespace quern::app
