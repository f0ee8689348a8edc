#include "server/pipeline/json_cost.hpp"

#include <cstring>

namespace quern::server {
namespace {

// Measured over shapes of 1 to 8 MB (tests/server/pipeline/json_cost_test.cpp): arrays of small numbers take up to 110
// bytes an item (the stack doubles: old and new at once, then the array), objects of one key each up to 330 an item and
// key (table, node of the key set, the copy in the request), long strings 3 times their bytes.
constexpr std::uint64_t kItemBytes = 128;
constexpr std::uint64_t kKeyBytes = 256;
constexpr std::uint64_t kPerByte = 3;
constexpr std::uint64_t kAlways = 4096;

// The position behind the closing quote of a string whose first character is at `begin`.
const char* skip_string(const char* begin, const char* end) noexcept {
  while (begin < end) {
    const auto* quote = static_cast<const char*>(std::memchr(begin, '"', static_cast<std::size_t>(end - begin)));
    if (quote == nullptr) return end;
    const char* slash = quote;
    while (slash > begin && slash[-1] == '\\') --slash;
    if ((quote - slash) % 2 == 0) return quote + 1;
    begin = quote + 1;  // an escaped quote; what was before it is done with
  }
  return end;
}

}  // namespace

JsonShape json_shape(std::string_view text) noexcept {
  JsonShape shape;
  const char* const end = text.data() + text.size();
  for (const char* at = text.data(); at < end;) {
    const char c = *at++;
    if (c == '"') at = skip_string(at, end);
    shape.n_items += c == ',' || c == '[' || c == '{' ? 1 : 0;
    shape.n_keys += c == ':' ? 1 : 0;
  }
  return shape;
}

std::uint64_t json_cost(std::string_view text) noexcept {
  const JsonShape shape = json_shape(text);
  return kAlways + kPerByte * text.size() + kItemBytes * shape.n_items + kKeyBytes * shape.n_keys;
}

}  // namespace quern::server
