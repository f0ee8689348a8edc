#include "engine/grammar/alphabet.hpp"

#include <vector>

#include <fmt/format.h>

namespace quern::engine::grammar {
namespace {

// Source: RFC 8259, section 7.
std::string escaped(std::uint32_t c) {
  switch (c) {
    case '"':
      return "\\\"";
    case '\\':
      return "\\\\";
    case '\b':
      return "\\b";
    case '\f':
      return "\\f";
    case '\n':
      return "\\n";
    case '\r':
      return "\\r";
    case '\t':
      return "\\t";
    default:
      return fmt::format("\\u{:04x}", c);
  }
}

const CharSet& to_escape() {
  static const CharSet kSet{{0, 0x1F}, {'"', '"'}, {'\\', '\\'}};
  return kSet;
}

}  // namespace

Expr written(Grammar& grammar, const CharSet& set, Writing writing) {
  if (writing == Writing::plain) return grammar.chars(set);
  std::vector<Expr> ways{grammar.chars(set.without(to_escape()))};
  const CharSet escapes = set.intersection(to_escape());
  for (const CharRange range : escapes.ranges()) {
    for (std::uint32_t c = range.first; c <= range.last; ++c) ways.push_back(grammar.text(escaped(c)));
  }
  return grammar.choice(std::move(ways));
}

std::string written(std::string_view text, Writing writing) {
  if (writing == Writing::plain) return std::string(text);
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<std::uint8_t>(c);
    if (byte < 0x80 && to_escape().contains(byte)) {
      out += escaped(byte);
    } else {
      out += c;
    }
  }
  return out;
}

}  // namespace quern::engine::grammar
