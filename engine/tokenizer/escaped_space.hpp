// SentencePiece writes a blank as U+2581 inside token texts. Threads: pure functions.
#pragma once

#include <string>
#include <string_view>

namespace quern::engine {

inline constexpr std::string_view kEscapedSpace = "\xE2\x96\x81";  // U+2581

inline void append_escaped(std::string_view text, std::string& out) {
  for (const char c : text) {
    if (c == ' ')
      out.append(kEscapedSpace);
    else
      out.push_back(c);
  }
}

inline void append_unescaped(std::string_view text, std::string& out) {
  for (std::size_t at = text.find(kEscapedSpace); at != std::string_view::npos; at = text.find(kEscapedSpace)) {
    out.append(text.substr(0, at)).push_back(' ');
    text.remove_prefix(at + kEscapedSpace.size());
  }
  out.append(text);
}

}  // namespace quern::engine
