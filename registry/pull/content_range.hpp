// `Content-Range: bytes 0-1023/4096`, and `bytes */4096` of a 416. Threads: pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace quern::registry::pull {

struct ContentRange {
  std::uint64_t begin = 0, end = 0;    // [begin, end); both 0: only the size is said
  std::optional<std::uint64_t> total;  // empty: *
};

// Empty: text that is something else, or contradicts itself.
std::optional<ContentRange> read_content_range(std::string_view text) noexcept;

}  // namespace quern::registry::pull
