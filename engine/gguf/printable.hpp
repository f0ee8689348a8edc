// Text of a foreign file made safe to show: in errors, in a terminal, in JSON.
// Threads: pure functions.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace quern::engine::gguf {

// Control characters (C0, DEL, C1), characters that reorder text (bidirectional overrides) and invalid UTF-8 become
// \n, \t, \xNN or \u{NNNN}; everything else stays. Longer than max_bytes: cut at a character, "..." appended.
std::string printable(std::string_view text, std::size_t max_bytes = 256);

// Valid UTF-8: each byte that is not part of a character becomes U+FFFD.
std::string valid_utf8(std::string_view text);

}  // namespace quern::engine::gguf
