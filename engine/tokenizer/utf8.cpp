#include "engine/tokenizer/utf8.hpp"

#include "base/assert.hpp"

#include <algorithm>
#include <cstddef>
#include <cstring>

namespace quern::engine {
namespace {

// What may follow a lead byte: `size` of the character and the range of its second byte (the others are 80..BF).
struct Lead {
  std::uint8_t size, second_min, second_max;
};

constexpr Lead lead_of(unsigned char byte) noexcept {
  if (byte < 0x80) return {1, 0, 0};
  if (byte < 0xC2) return {0, 0, 0};
  if (byte < 0xE0) return {2, 0x80, 0xBF};
  if (byte == 0xE0) return {3, 0xA0, 0xBF};
  if (byte == 0xED) return {3, 0x80, 0x9F};
  if (byte < 0xF0) return {3, 0x80, 0xBF};
  if (byte == 0xF0) return {4, 0x90, 0xBF};
  if (byte < 0xF4) return {4, 0x80, 0xBF};
  if (byte == 0xF4) return {4, 0x80, 0x8F};
  return {0, 0, 0};
}

bool all_ascii(const char* eight_bytes) noexcept {
  std::uint64_t word = 0;
  std::memcpy(&word, eight_bytes, sizeof word);
  return (word & 0x8080808080808080u) == 0;
}

}  // namespace

Utf8Step utf8_front(std::string_view text) noexcept {
  QUERN_DCHECK(!text.empty());
  const Lead lead = lead_of(static_cast<unsigned char>(text[0]));
  if (lead.size == 0) return {1, Utf8Kind::invalid};
  for (std::uint8_t i = 1; i < lead.size; ++i) {
    if (i >= text.size()) return {i, Utf8Kind::truncated};
    const auto byte = static_cast<unsigned char>(text[i]);
    const unsigned char low = i == 1 ? lead.second_min : 0x80;
    const unsigned char high = i == 1 ? lead.second_max : 0xBF;
    if (byte < low || byte > high) return {i, Utf8Kind::invalid};
  }
  return {lead.size, Utf8Kind::valid};
}

bool is_valid_utf8(std::string_view text) noexcept {
  std::size_t i = 0;
  while (i < text.size()) {
    if (i + 8 <= text.size() && all_ascii(text.data() + i)) {
      i += 8;
      continue;
    }
    const Utf8Step step = utf8_front(text.substr(i));
    if (step.kind != Utf8Kind::valid) return false;
    i += step.size;
  }
  return true;
}

std::size_t count_characters(std::string_view text) noexcept {
  const auto begins = [](char c) { return (static_cast<unsigned char>(c) & 0xC0u) != 0x80u; };
  return static_cast<std::size_t>(std::count_if(text.begin(), text.end(), begins));
}

std::string replace_invalid_bytes(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  std::size_t i = 0;
  while (i < text.size()) {
    const Utf8Step step = utf8_front(text.substr(i));
    if (step.kind == Utf8Kind::valid) {
      out.append(text.substr(i, step.size));
      i += step.size;
    } else {
      out.append(kReplacementCharacter);
      ++i;
    }
  }
  return out;
}

}  // namespace quern::engine
