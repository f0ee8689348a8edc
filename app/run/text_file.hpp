// Bytes of a text file, from whatever editor and system, to the text that a person sees in it.
// Threads: pure functions.
#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

namespace quern::app {

// UTF-8 as it is; UTF-16 and UTF-32, in both byte orders, where a byte order mark says so. The mark goes. CR LF becomes
// LF, and one line end at the very end is dropped: it is how text files end, not part of the text.
// Errors: bad_input naming the file, what was found and where: bytes that are no UTF-8, half a surrogate pair, a 0 byte
// (UTF-16 without a mark, or no text at all).
Result<std::string> decode_text(std::string bytes, std::string_view name);

// Errors: bad_input naming the item, the byte and its offset.
Status check_utf8(std::string_view text, std::string_view name);

}  // namespace quern::app
