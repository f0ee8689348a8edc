#include "engine/tools/json_copy.hpp"

#include "engine/tools/marks.hpp"

#include <utility>

#include <fmt/format.h>

namespace quern::engine::tools {
namespace {

bool is_digit(char c) noexcept {
  return c >= '0' && c <= '9';
}
int hex_value(char c) noexcept {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_control(std::string& out, char c) {
  switch (c) {
    case '\n':
      out += "\\n";
      break;
    case '\r':
      out += "\\r";
      break;
    case '\t':
      out += "\\t";
      break;
    default:
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(c));
  }
}

}  // namespace

Step JsonCopy::begin_value(char c) {
  switch (c) {
    case '{':
    case '[':
      if (objects_.size() >= kMaxDepth) return Step::refused;
      objects_.push_back(c == '{');
      state_ = c == '{' ? State::first_key : State::first_item;
      return Step::more;
    case '"':
      is_key_ = false;
      state_ = State::string;
      return Step::more;
    case 't':
    case 'f':
    case 'n':
      word_ = c == 't' ? "rue" : c == 'f' ? "alse" : "ull";
      state_ = State::word;
      return Step::more;
    case '-':
      state_ = State::minus;
      return Step::more;
    default:
      if (!is_digit(c)) return Step::refused;
      state_ = c == '0' ? State::zero : State::digits;
      return Step::more;
  }
}

Step JsonCopy::end_value() {
  state_ = objects_.empty() ? State::over : State::after;
  return objects_.empty() ? Step::done : Step::more;
}

Step JsonCopy::number(char c) {
  const bool exponent = c == 'e' || c == 'E';
  switch (state_) {
    case State::minus:
      if (!is_digit(c)) return Step::refused;
      state_ = c == '0' ? State::zero : State::digits;
      return Step::more;
    case State::zero:
    case State::digits:
      if (is_digit(c) && state_ == State::digits) return Step::more;
      if (is_digit(c)) return Step::refused;
      if (c == '.') return state_ = State::point, Step::more;
      if (exponent) return state_ = State::exponent, Step::more;
      break;
    case State::point:
      if (!is_digit(c)) return Step::refused;
      return state_ = State::fraction, Step::more;
    case State::fraction:
      if (is_digit(c)) return Step::more;
      if (exponent) return state_ = State::exponent, Step::more;
      break;
    case State::exponent:
      if (c == '+' || c == '-') return state_ = State::exponent_sign, Step::more;
      [[fallthrough]];
    case State::exponent_sign:
      if (!is_digit(c)) return Step::refused;
      return state_ = State::exponent_digits, Step::more;
    default:
      if (is_digit(c)) return Step::more;
      break;
  }
  if (end_value() == Step::done) return Step::done_before;
  return structure(c);
}

Step JsonCopy::inside_string(char c, std::string& out) {
  if (state_ == State::escape) {
    if (c == 'u') {
      n_hex_ = 0;
      state_ = State::hex;
    } else if (std::string_view("\"\\/bfnrt").find(c) != std::string_view::npos) {
      state_ = State::string;
    } else {
      return Step::refused;
    }
  } else if (state_ == State::hex) {
    if (hex_value(c) < 0) return Step::refused;
    if (++n_hex_ == 4) state_ = State::string;
  } else if (c == '\\') {
    state_ = State::escape;
  } else if (c == '"') {
    out += c;
    if (is_key_) return state_ = State::colon, Step::more;
    return end_value();
  } else if (static_cast<unsigned char>(c) < 0x20) {
    append_control(out, c);
    return Step::more;
  }
  out += c;
  return Step::more;
}

Step JsonCopy::structure(char c) {
  if (is_blank(c)) return Step::more;
  switch (state_) {
    case State::value:
      return begin_value(c);
    case State::first_item:
      if (c != ']') return begin_value(c);
      break;
    case State::first_key:
    case State::key:
      if (c == '"') return is_key_ = true, state_ = State::string, Step::more;
      if (c != '}' || state_ == State::key) return Step::refused;
      break;
    case State::colon:
      if (c != ':') return Step::refused;
      return state_ = State::value, Step::more;
    case State::after:
      if (c == ',') return state_ = objects_.back() ? State::key : State::value, Step::more;
      if (c != (objects_.back() ? '}' : ']')) return Step::refused;
      break;
    default:
      return Step::refused;
  }
  objects_.pop_back();
  return end_value();
}

Step JsonCopy::feed(char c, std::string& out) {
  switch (state_) {
    case State::string:
    case State::escape:
    case State::hex:
      return inside_string(c, out);
    case State::word:
      if (c != word_.front()) return Step::refused;
      word_.remove_prefix(1);
      out += c;
      return word_.empty() ? end_value() : Step::more;
    case State::over:
      return Step::refused;
    default:
      break;
  }
  const Step step = state_ >= State::minus ? number(c) : structure(c);
  if (step == Step::more || step == Step::done) out += c;
  return step;
}

bool JsonCopy::complete() const noexcept {
  if (state_ == State::over) return true;
  if (!objects_.empty()) return false;
  return state_ == State::zero || state_ == State::digits || state_ == State::fraction ||
         state_ == State::exponent_digits;
}

bool is_json(std::string_view text) {
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  JsonCopy copy;
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const Step step = copy.feed(text[i], out);
    if (step == Step::refused || step == Step::done_before) return false;
    if (step == Step::done) return i + 1 == text.size();
  }
  return copy.complete();
}

void append_json_string(std::string& out, std::string_view text) {
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      append_control(out, c);
    } else {
      out += c;
    }
  }
}

std::string json_string(std::string_view text) {
  std::string out = "\"";
  append_json_string(out, text);
  out += '"';
  return out;
}

void append_utf8(std::string& out, std::uint32_t code_point) {
  const auto byte = [&](std::uint32_t value) { out += static_cast<char>(value); };
  if (code_point < 0x80) {
    byte(code_point);
  } else if (code_point < 0x800) {
    byte(0xC0 | code_point >> 6);
    byte(0x80 | (code_point & 0x3F));
  } else if (code_point < 0x10000) {
    byte(0xE0 | code_point >> 12);
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  } else {
    byte(0xF0 | code_point >> 18);
    byte(0x80 | (code_point >> 12 & 0x3F));
    byte(0x80 | (code_point >> 6 & 0x3F));
    byte(0x80 | (code_point & 0x3F));
  }
}

void StringDecoder::append(std::uint32_t unit, std::string& out) {
  const bool low = unit >= 0xDC00 && unit < 0xE000;
  if (const std::uint32_t high = std::exchange(high_, 0); high != 0) {
    if (low) return append_utf8(out, 0x10000 + ((high - 0xD800) << 10) + (unit - 0xDC00));
    append_utf8(out, 0xFFFD);
  }
  if (unit >= 0xD800 && unit < 0xDC00)
    high_ = unit;
  else
    append_utf8(out, low ? 0xFFFD : unit);
}

Step StringDecoder::feed(char c, std::string& out) {
  if (state_ == State::hex) {
    const int digit = hex_value(c);
    if (digit < 0) return Step::refused;
    unit_ = unit_ << 4 | static_cast<std::uint32_t>(digit);
    if (++n_hex_ < 4) return Step::more;
    append(unit_, out);
    state_ = State::plain;
    return Step::more;
  }
  if (state_ == State::escape) {
    constexpr std::string_view kNames = "\"\\/bfnrt", kValues = "\"\\/\b\f\n\r\t";
    if (c == 'u') {
      n_hex_ = 0;
      unit_ = 0;
      state_ = State::hex;
      return Step::more;
    }
    const std::size_t found = kNames.find(c);
    if (found == std::string_view::npos) return Step::refused;
    append(static_cast<unsigned char>(kValues[found]), out);
    state_ = State::plain;
    return Step::more;
  }
  if (c == '\\') return state_ = State::escape, Step::more;
  if (high_ != 0) append_utf8(out, 0xFFFD), high_ = 0;
  if (c == '"') return Step::done;
  out += c;
  return Step::more;
}

}  // namespace quern::engine::tools
