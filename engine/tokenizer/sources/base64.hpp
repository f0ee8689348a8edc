// Base64 as in RFC 4648, section 4. Threads: pure function.
#pragma once

#include <array>
#include <string>
#include <string_view>

namespace quern::engine {

inline constexpr std::array<signed char, 256> kBase64Digits = [] {
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::array<signed char, 256> out{};
  out.fill(-1);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i)
    out[static_cast<unsigned char>(kAlphabet[i])] = static_cast<signed char>(i);
  return out;
}();

// Appends the bytes that `text` stands for. False for a letter outside the alphabet or a wrong length; `=` may be
// missing at the end.
inline bool append_base64(std::string_view text, std::string& out) {
  for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
  if (text.size() % 4 == 1) return false;
  unsigned bits = 0, n_bits = 0;
  for (const char c : text) {
    const signed char digit = kBase64Digits[static_cast<unsigned char>(c)];
    if (digit < 0) return false;
    bits = bits << 6 | static_cast<unsigned>(digit);
    n_bits += 6;
    if (n_bits < 8) continue;
    n_bits -= 8;
    out.push_back(static_cast<char>(bits >> n_bits & 0xFFu));
    bits &= (1u << n_bits) - 1;
  }
  return true;
}

}  // namespace quern::engine
