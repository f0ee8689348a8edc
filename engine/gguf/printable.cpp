#include "engine/gguf/printable.hpp"

#include <cstdint>

#include <fmt/format.h>

namespace quern::engine::gguf {
namespace {

struct Character {
  char32_t code = 0;
  std::size_t length = 0;  // bytes; 0: the first byte starts no valid character
};

// Source: RFC 3629 (no overlong forms, no surrogates, at most U+10FFFF). REQUIRES: text is not empty.
Character first_character(std::string_view text) {
  const auto byte = [text](std::size_t i) { return static_cast<std::uint8_t>(text[i]); };
  if (byte(0) < 0x80) return {byte(0), 1};
  const std::size_t length = byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if (byte(0) < 0xC2 || byte(0) > 0xF4 || text.size() < length) return {};
  char32_t code = byte(0) & (0xFFu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return {};
    code = code << 6 | (byte(i) & 0x3Fu);
  }
  constexpr char32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return {};
  return {code, length};
}

bool is_unsafe(char32_t code) {
  return code < 0x20 || (code >= 0x7F && code <= 0x9F) ||                                             // C0, DEL, C1
         code == 0x061C || code == 0x200E || code == 0x200F || (code >= 0x202A && code <= 0x202E) ||  // direction
         code == 0x2028 || code == 0x2029 || (code >= 0x2066 && code <= 0x2069) || code == 0xFEFF;
}

std::string escaped(char32_t code) {
  if (code == '\n') return "\\n";
  if (code == '\t') return "\\t";
  if (code == '\r') return "\\r";
  return code < 0x80 ? fmt::format("\\x{:02x}", static_cast<std::uint32_t>(code))
                     : fmt::format("\\u{{{:04x}}}", static_cast<std::uint32_t>(code));
}

}  // namespace

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  while (!text.empty()) {
    const Character c = first_character(text);
    const std::string_view raw = text.substr(0, c.length);
    const std::string shown = c.length == 0       ? fmt::format("\\x{:02x}", static_cast<std::uint8_t>(text[0]))
                              : is_unsafe(c.code) ? escaped(c.code)
                                                  : std::string(raw);
    if (out.size() + shown.size() > max_bytes) return out + "...";
    out += shown;
    text.remove_prefix(c.length == 0 ? 1 : c.length);
  }
  return out;
}

std::string valid_utf8(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const std::size_t length = first_character(text).length;
    out += length == 0 ? std::string_view("\xEF\xBF\xBD") : text.substr(0, length);
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

}  // namespace quern::engine::gguf
