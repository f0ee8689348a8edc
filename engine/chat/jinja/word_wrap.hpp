// Fills lines of at most `width` characters. Threads: pure function. Source: Python library reference, textwrap.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::chat::jinja {

struct WrapStyle {
  std::size_t width = 79;  // at least 1
  bool break_long_words = true;
  bool break_on_hyphens = true;
};
std::vector<std::string> wrap_line(std::string_view line, const WrapStyle& style);

}  // namespace quern::engine::chat::jinja
