// Reads a small language character by character, with errors that name line and column. Threads: one.
#pragma once

#include "base/result.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace quern::engine::grammar {

class TextReader {
 public:
  TextReader(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  bool at_end() const noexcept { return at_ >= text_.size(); }
  char peek(std::size_t ahead = 0) const noexcept { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  bool looking_at(std::string_view token) const noexcept { return text_.substr(at_).starts_with(token); }
  bool take(std::string_view token) noexcept;
  char next() noexcept { return text_[at_++]; }  // REQUIRES: !at_end()
  std::size_t position() const noexcept { return at_; }
  std::string_view since(std::size_t position) const noexcept { return text_.substr(position, at_ - position); }

  // One character of UTF-8. Errors: bad_input.
  Result<std::uint32_t> code_point();
  // n hexadecimal digits. Errors: bad_input.
  Result<std::uint32_t> hex(std::size_t n_digits);
  // A decimal number. Errors: bad_input: none there, or beyond `max`.
  Result<std::uint64_t> number(std::uint64_t max);

  Error expected(std::string_view expected) const;  // here, naming what stands there

 private:
  std::string_view text_;
  std::string_view what_;
  std::size_t at_ = 0;
};

}  // namespace quern::engine::grammar
