// Template source -> tokens, with the white space rules applied: trim_blocks and lstrip_blocks are on, one line break
// at the very end is dropped, `-` and `+` in tags do what they do in Jinja. Threads: pure function. Ownership: tokens
// own their text. Limits: kMaxSourceBytes. Source: the Jinja documentation, "Template Designer Documentation".
#pragma once

#include "engine/chat/jinja/failure.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::chat::jinja {

inline constexpr std::size_t kMaxSourceBytes = 1u << 20;

enum class TokenKind : std::uint8_t {
  data,  // text outside of tags
  output_begin,
  output_end,
  block_begin,
  block_end,
  name,
  string,
  integer,
  real,
  op,
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::uint32_t line = 0;
  // Of a string its value; of data, names, operators, and integers beyond 64 bits what is written.
  std::string text;
  std::int64_t integer = 0;
  double real = 0;
};

// The last token is `end`. Errors: syntax, with the line.
std::vector<Token> tokenize(std::string_view source);

}  // namespace quern::engine::chat::jinja
