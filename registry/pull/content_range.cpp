#include "registry/pull/content_range.hpp"

#include <charconv>
#include <limits>

namespace quern::registry::pull {
namespace {

// Takes a number off the front.
std::optional<std::uint64_t> take_number(std::string_view& text) noexcept {
  std::uint64_t value = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (code != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, std::string_view what) noexcept {
  if (!text.starts_with(what)) return false;
  text.remove_prefix(what.size());
  return true;
}

}  // namespace

std::optional<ContentRange> read_content_range(std::string_view text) noexcept {
  ContentRange out;
  if (!take(text, "bytes ")) return std::nullopt;
  const bool only_size = take(text, "*");
  if (!only_size) {
    const auto first = take_number(text);
    if (!first || !take(text, "-")) return std::nullopt;
    const auto last = take_number(text);
    if (!last || *last < *first || *last == std::numeric_limits<std::uint64_t>::max()) return std::nullopt;
    out.begin = *first;
    out.end = *last + 1;
  }
  if (!take(text, "/")) return std::nullopt;
  if (!take(text, "*")) {
    out.total = take_number(text);
    if (!out.total || *out.total < out.end) return std::nullopt;
  }
  if (!text.empty()) return std::nullopt;
  return out;
}

}  // namespace quern::registry::pull
