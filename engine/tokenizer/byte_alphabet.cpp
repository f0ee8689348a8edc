#include "engine/tokenizer/byte_alphabet.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <array>

namespace quern::engine {
namespace {

constexpr bool stands_for_itself(unsigned byte) noexcept {
  return (byte >= 0x21 && byte <= 0x7E) || (byte >= 0xA1 && byte <= 0xAC) || byte >= 0xAE;
}

constexpr unsigned kFirstShifted = 0x100, kShifted = 68;

struct Alphabet {
  std::array<std::array<char, 2>, 256> letter{};
  std::array<std::uint8_t, 256> letter_size{};
  std::array<std::uint8_t, kShifted> shifted_byte{};  // of U+0100 + i
};

constexpr Alphabet make_alphabet() noexcept {
  Alphabet out;
  unsigned n_shifted = 0;
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned code_point = byte;
    if (!stands_for_itself(byte)) {
      out.shifted_byte[n_shifted] = static_cast<std::uint8_t>(byte);
      code_point = kFirstShifted + n_shifted++;
    }
    if (code_point < 0x80) {
      out.letter[byte] = {static_cast<char>(code_point), 0};
      out.letter_size[byte] = 1;
    } else {
      out.letter[byte] = {static_cast<char>(0xC0 | (code_point >> 6)), static_cast<char>(0x80 | (code_point & 0x3F))};
      out.letter_size[byte] = 2;
    }
  }
  return out;
}

constexpr Alphabet kAlphabet = make_alphabet();

}  // namespace

std::string_view byte_to_letter(std::uint8_t byte) noexcept {
  return {kAlphabet.letter[byte].data(), kAlphabet.letter_size[byte]};
}

bool append_bytes_of_letters(std::string_view token_text, std::string& out) {
  bool all = true;
  for (std::size_t i = 0; i < token_text.size();) {
    const Utf8Step step = utf8_front(token_text.substr(i));
    const std::string_view letter = token_text.substr(i, step.size);
    i += step.size;
    if (step.size == 1 && stands_for_itself(static_cast<unsigned char>(letter[0])) &&
        static_cast<unsigned char>(letter[0]) < 0x80) {
      out.push_back(letter[0]);
      continue;
    }
    if (step.kind == Utf8Kind::valid && step.size == 2) {
      const auto high = static_cast<unsigned char>(letter[0]), low = static_cast<unsigned char>(letter[1]);
      const unsigned code_point = ((high & 0x1Fu) << 6) | (low & 0x3Fu);
      if (code_point >= kFirstShifted && code_point < kFirstShifted + kShifted) {
        out.push_back(static_cast<char>(kAlphabet.shifted_byte[code_point - kFirstShifted]));
        continue;
      }
      if (code_point < 0x100 && stands_for_itself(code_point)) {
        out.push_back(static_cast<char>(code_point));
        continue;
      }
    }
    out.append(letter);
    all = false;
  }
  return all;
}

}  // namespace quern::engine
