// What a JSON text will take in memory once it is parsed, before it is. Pure. Threads: any.
#pragma once

#include <cstdint>
#include <string_view>

namespace quern::server {

// How many of the marks that make values stand outside of strings. Of a text that is no JSON: some number.
struct JsonShape {
  std::uint64_t n_items = 0;  // '[', '{' and ',': each begins a value at most
  std::uint64_t n_keys = 0;   // ':'
};
JsonShape json_shape(std::string_view text) noexcept;

// An upper bound of the bytes that parsing the text into a request holds at its peak: the parser's stack, the tree of
// values, the keys seen, and the request's own copies. The text itself is not in it.
std::uint64_t json_cost(std::string_view text) noexcept;

}  // namespace quern::server
