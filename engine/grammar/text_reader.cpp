#include "engine/grammar/text_reader.hpp"

#include "engine/tokenizer/unicode_class.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <algorithm>

namespace quern::engine::grammar {

bool TextReader::take(std::string_view token) noexcept {
  if (!looking_at(token)) return false;
  at_ += token.size();
  return true;
}

Result<std::uint32_t> TextReader::code_point() {
  if (at_end()) return expected("a character");
  const std::string_view rest = text_.substr(at_);
  if (utf8_front(rest).kind != Utf8Kind::valid) return expected("valid UTF-8");
  std::size_t size = 0;
  const CodePoint c = front_character(rest, size);
  at_ += size;
  return static_cast<std::uint32_t>(c);
}

Result<std::uint32_t> TextReader::hex(std::size_t n_digits) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < n_digits; ++i) {
    const char c = peek();
    const int digit = c >= '0' && c <= '9'   ? c - '0'
                      : c >= 'a' && c <= 'f' ? c - 'a' + 10
                      : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                             : -1;
    if (digit < 0) return expected("a hexadecimal digit");
    value = value * 16 + static_cast<std::uint32_t>(digit);
    ++at_;
  }
  return value;
}

Result<std::uint64_t> TextReader::number(std::uint64_t max) {
  if (peek() < '0' || peek() > '9') return expected("a number");
  std::uint64_t value = 0;
  while (peek() >= '0' && peek() <= '9') {
    const auto digit = static_cast<std::uint64_t>(peek() - '0');
    if (value > (max - digit) / 10) return expected("a smaller number");
    value = value * 10 + digit;
    ++at_;
  }
  return value;
}

Error TextReader::expected(std::string_view expected) const {
  const std::string_view before = text_.substr(0, std::min(at_, text_.size()));
  const auto line = 1 + std::count(before.begin(), before.end(), '\n');
  const std::size_t begin = before.rfind('\n') == std::string_view::npos ? 0 : before.rfind('\n') + 1;
  std::string found = "the end";
  if (!at_end()) {
    const Utf8Step step = utf8_front(text_.substr(at_));
    const bool valid = step.kind == Utf8Kind::valid;
    found = valid ? fmt::format("\"{}\"", text_.substr(at_, step.size)) : "a byte that is no UTF-8";
  }
  return fail(Errc::bad_input, "{}, line {}, column {}: expected {}, found {}", what_, line, before.size() - begin + 1,
              expected, found);
}

}  // namespace quern::engine::grammar
