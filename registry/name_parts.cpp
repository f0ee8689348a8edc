#include "registry/name_parts.hpp"

#include <algorithm>

namespace quern::registry {
namespace {

constexpr bool is_lower(char c) {
  return c >= 'a' && c <= 'z';
}
constexpr bool is_upper(char c) {
  return c >= 'A' && c <= 'Z';
}
constexpr bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string want(const PartRules& rules) {
  std::string marks;
  for (const char c : rules.beyond) marks += fmt::format(" {}", c);
  std::string first;
  for (const char c : rules.first) first += fmt::format(" or {}", c);
  return fmt::format("1 to {} {}letters, digits,{}, beginning with a letter or a digit{}", rules.max_bytes,
                     rules.lower_case ? "lower-case " : "", marks, first);
}

}  // namespace

Status check_part(std::string_view text, const PartRules& rules) {
  const auto plain = [&rules](char c) { return is_lower(c) || is_digit(c) || (is_upper(c) && !rules.lower_case); };
  const bool good =
      !text.empty() && text.size() <= rules.max_bytes &&
      (plain(text.front()) || rules.first.find(text.front()) != std::string_view::npos) &&
      std::ranges::all_of(text, [&](char c) { return plain(c) || rules.beyond.find(c) != std::string_view::npos; });
  if (good) return {};
  return fail(Errc::bad_input, "{}: want {}, found '{}'", rules.what, want(rules), shown(text));
}

std::string shown(std::string_view text) {
  constexpr std::size_t kShown = 100;
  std::string out;
  for (const char c : text.substr(0, kShown)) {
    const auto byte = static_cast<unsigned char>(c);
    out += byte < 0x20 || byte >= 0x7f ? fmt::format("\\x{:02x}", byte) : std::string(1, c);
  }
  return text.size() > kShown ? out + "..." : out;
}

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = is_upper(c) ? static_cast<char>(c - 'A' + 'a') : c;
  return out;
}

bool ends_in_gguf(std::string_view text) {
  constexpr std::string_view kSuffix = ".gguf";
  return text.size() >= kSuffix.size() && lower(text.substr(text.size() - kSuffix.size())) == kSuffix;
}

std::string stem_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  std::string_view name = slash == std::string_view::npos ? path : path.substr(slash + 1);
  if (ends_in_gguf(name)) name.remove_suffix(5);
  return name == "." || name == ".." ? "" : std::string(name);
}

std::string slashes_encoded(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '/' ? std::string("%2F") : std::string(1, c);
  return out;
}

std::string slashes_decoded(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const bool slash = lower(text.substr(i, 3)) == "%2f";
    out += slash ? '/' : text[i];
    i += slash ? 2 : 0;
  }
  return out;
}

bool take_prefix(std::string_view& text, std::string_view prefix) {
  if (text.size() < prefix.size() || lower(text.substr(0, prefix.size())) != lower(prefix)) return false;
  text.remove_prefix(prefix.size());
  return true;
}

std::string_view take_until(std::string_view& text, char mark) {
  const std::size_t at = std::min(text.find(mark), text.size());
  const std::string_view out = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return out;
}

}  // namespace quern::registry
