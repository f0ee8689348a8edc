// JSON that arrives byte by byte: checked and passed on as it is written, numbers of any size included. The one thing
// that is changed: raw control characters in strings, which models write and JSON forbids, become escapes.
// Threads: one. Limits: kMaxDepth levels. Source: RFC 8259.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace quern::engine::tools {

inline constexpr std::size_t kMaxDepth = 256;

enum class Step : std::uint8_t {
  more,         // the byte was taken
  done,         // the byte was the last one
  done_before,  // it had ended, and the byte is not part of it
  refused,      // the byte cannot stand here
};

// One value, blanks before it included.
class JsonCopy {
 public:
  Step feed(char c, std::string& out);
  bool complete() const noexcept;  // the text so far is a value that may end here

 private:
  enum class State : std::uint8_t {
    value,
    first_item,
    first_key,
    key,
    colon,
    after,
    string,
    escape,
    hex,
    word,
    minus,
    zero,
    digits,
    point,
    fraction,
    exponent,
    exponent_sign,
    exponent_digits,
    over,
  };
  Step begin_value(char c);
  Step end_value();
  Step number(char c);
  Step inside_string(char c, std::string& out);
  Step structure(char c);

  State state_ = State::value;
  bool is_key_ = false;
  std::uint8_t n_hex_ = 0;
  std::string_view word_;
  std::vector<bool> objects_;  // of each open level: an object, or an array
};

bool is_json(std::string_view text);                               // exactly one value, blanks around it allowed
void append_json_string(std::string& out, std::string_view text);  // the characters, without quotes
std::string json_string(std::string_view text);                    // with them

// The text of a JSON string, from behind its opening quote to the closing one. A lone surrogate becomes U+FFFD.
class StringDecoder {
 public:
  Step feed(char c, std::string& out);

 private:
  void append(std::uint32_t unit, std::string& out);
  enum class State : std::uint8_t { plain, escape, hex };
  State state_ = State::plain;
  std::uint8_t n_hex_ = 0;
  std::uint32_t unit_ = 0, high_ = 0;
};

void append_utf8(std::string& out, std::uint32_t code_point);

}  // namespace quern::engine::tools
