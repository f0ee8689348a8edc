// A text cut into pieces, on its way through the pre-tokenizers of a tokenizer.json. What lies between pieces is
// dropped. Threads: one. Limits: kMaxNormalizedBytes of text.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine {

struct Piece {
  std::uint32_t begin = 0, end = 0;  // bytes of the text, at least one
};

struct Pieces {
  std::string text;
  std::vector<Piece> list;  // ascending, without overlap
  // A piece that begins below it begins with the first character of the whole original text.
  std::size_t n_first = 0;

  std::string_view view(const Piece& piece) const noexcept {
    return std::string_view(text).substr(piece.begin, piece.end - piece.begin);
  }
};

}  // namespace quern::engine
