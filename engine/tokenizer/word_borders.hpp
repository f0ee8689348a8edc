// Where escaped text may be cut into parts that are encoded one by one, because no token reaches across: in front of
// the blanks of a word, unless some token holds such blanks between what stands before and what follows. So a few
// tokens like ");\u2581" do not make a whole text one word. Borders are told apart by one byte on either side: more of
// them count as crossed than are, which costs time, never correctness.
// Threads: const after the last add().
#pragma once

#include "engine/tokenizer/escaped_space.hpp"

#include <algorithm>
#include <array>
#include <bitset>
#include <cstdint>
#include <string_view>

namespace quern::engine {

// The bytes that a lead byte announces; a wrong one stands alone. Does not look at what follows: SPM vocabularies take
// any bytes, since those of an unknown character become byte tokens.
inline std::uint32_t announced_size(char lead) noexcept {
  constexpr std::array<std::uint8_t, 16> kByHighNibble{1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4};
  return kByHighNibble[static_cast<unsigned char>(lead) >> 4];
}

class WordBorders {
 public:
  void add(std::string_view token);  // a token that encoding may produce

  // The size of the longest beginning of `text` that holds no border: text.size() where there is none.
  std::size_t first_part(std::string_view text) const noexcept {
    return next_border(text, [this](unsigned before, unsigned after) { return crossed_[before * kAfter + after]; });
  }

 private:
  static constexpr unsigned kNothing = 256, kAfter = 257;  // what follows a blank: a byte, or the end of the text

  // skip(before, after): whether to go on behind the border between these bytes.
  template <class Skip>
  static std::size_t next_border(std::string_view text, const Skip& skip) noexcept {
    bool after_blank = true;  // a word's blanks belong to it, so there is no border between them
    for (std::size_t i = 0; i < text.size();) {
      const bool is_blank = text.substr(i, kEscapedSpace.size()) == kEscapedSpace;
      if (is_blank && !after_blank) {
        const std::size_t behind = i + kEscapedSpace.size();
        const unsigned after = behind < text.size() ? static_cast<unsigned char>(text[behind]) : kNothing;
        if (!skip(static_cast<unsigned char>(text[i - 1]), after)) return i;
      }
      after_blank = is_blank;
      i += std::min<std::size_t>(announced_size(text[i]), text.size() - i);
    }
    return text.size();
  }

  std::bitset<256 * kAfter> crossed_;
};

}  // namespace quern::engine
