#include "engine/tools/literal_copy.hpp"

#include <utility>

namespace quern::engine::tools {
namespace {

constexpr std::size_t kMaxWordBytes = 1u << 16;  // numbers

bool is_word_byte(char c) noexcept {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.' ||
         c == '+' || c == '-' || static_cast<unsigned char>(c) >= 0x80;
}
bool is_key_byte(char c) noexcept {
  return is_word_byte(c) || c == '$' || c == '/' || c == '@';
}

// "1." and ".5" and "+3" as JSON has them; empty: no number.
std::string as_number(std::string word) {
  if (word.starts_with('+')) word.erase(0, 1);
  const std::size_t digits = word.starts_with('-') ? 1 : 0;
  if (word.size() > digits && word[digits] == '.') word.insert(digits, "0");
  const std::size_t point = word.find('.');
  if (point != std::string::npos && (point + 1 == word.size() || word[point + 1] < '0' || word[point + 1] > '9'))
    word.insert(point + 1, "0");
  std::erase(word, '_');
  const bool begins = !word.empty() && (word.front() == '-' || (word.front() >= '0' && word.front() <= '9'));
  return begins && is_json(word) ? word : std::string();
}

int hex_value(char c) noexcept {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

}  // namespace

void LiteralCopy::reset() {
  state_ = State::value;
  is_key_ = false;
  levels_.clear();
  word_.clear();
  high_ = 0;
}

Step LiteralCopy::feed(char c, std::string& json) {
  switch (state_) {
    case State::text:
      return text(c, json);
    case State::escape:
      return escape(c, json);
    case State::code:
      return code(c, json);
    case State::opening:
      return opening(c, json);
    case State::raw:
      return raw(c, json);
    case State::word:
      return word(c, json);
    case State::key:
      return begin_key(c, json);
    case State::over:
      return Step::refused;
    default:
      break;
  }
  if (is_blank(c)) return Step::more;
  switch (state_) {
    case State::item_or_end:
      if (c == levels_.back().close) return close_level(c, json);
      return begin_value(c, json);
    case State::key_or_end:
      if (c == levels_.back().close) return close_level(c, json);
      return begin_key(c, json);
    case State::colon:
      if (c != ':') return Step::refused;
      json += ": ";
      state_ = State::value;
      return Step::more;
    case State::after:
      return after(c, json);
    default:
      return begin_value(c, json);
  }
}

Step LiteralCopy::begin_value(char c, std::string& json) {
  is_key_ = false;
  if (c == '[' || c == '{' || (c == '(' && !quoted_)) return open_level(c, json);
  if (!quoted_ && (c == '"' || c == '\'')) {
    delimiter_ = c;
    json += '"';
    state_ = State::text;
    return Step::more;
  }
  if (quoted_ && quote_mark_.firsts().find(c) != std::string::npos) {
    quote_mark_.reset();
    state_ = State::opening;
    return opening(c, json);
  }
  if (!is_word_byte(c)) return Step::refused;
  word_ = c;
  state_ = State::word;
  return Step::more;
}

Step LiteralCopy::begin_key(char c, std::string& json) {
  if (state_ == State::key && !word_.empty()) {  // in a bare one
    if (is_key_byte(c) && word_.size() < kMaxWordBytes) return word_ += c, Step::more;
    json += json_string(std::exchange(word_, {}));
    state_ = State::colon;
    return feed(c, json);
  }
  if (is_blank(c)) return Step::more;
  is_key_ = true;
  if (quoted_ && quote_mark_.firsts().find(c) == std::string::npos) {
    if (!is_key_byte(c)) return Step::refused;
    word_ = c;
    state_ = State::key;
    return Step::more;
  }
  if (quoted_) {
    quote_mark_.reset();
    state_ = State::opening;
    return opening(c, json);
  }
  if (c != '"' && c != '\'') return Step::refused;
  delimiter_ = c;
  json += '"';
  state_ = State::text;
  return Step::more;
}

Step LiteralCopy::open_level(char c, std::string& json) {
  if (levels_.size() >= kMaxDepth) return Step::refused;
  const bool is_dict = c == '{';
  levels_.push_back({is_dict ? '}' : c == '[' ? ']' : ')', is_dict});
  json += is_dict ? '{' : '[';
  state_ = is_dict ? State::key_or_end : State::item_or_end;
  return Step::more;
}

Step LiteralCopy::close_level(char c, std::string& json) {
  const Level level = levels_.back();
  if (c != level.close) return Step::refused;
  levels_.pop_back();
  json += level.is_dict ? '}' : ']';
  return end_value();
}

Step LiteralCopy::end_value() {
  state_ = levels_.empty() ? State::over : State::after;
  return levels_.empty() ? Step::done : Step::more;
}

Step LiteralCopy::after(char c, std::string& json) {
  if (c != ',') return close_level(c, json);
  json += ", ";
  state_ = levels_.back().is_dict ? State::key : State::value;
  return Step::more;
}

bool LiteralCopy::end_word(std::string& json) {
  const std::string word = std::exchange(word_, {});
  if (word == "True" || word == "true")
    json += "true";
  else if (word == "False" || word == "false")
    json += "false";
  else if (word == "None" || word == "null")
    json += "null";
  else if (const std::string number = as_number(word); !number.empty())
    json += number;
  else
    return false;
  return true;
}

Step LiteralCopy::word(char c, std::string& json) {
  if (is_word_byte(c)) {
    if (word_.size() >= kMaxWordBytes) return Step::refused;
    word_ += c;
    return Step::more;
  }
  if (!end_word(json)) return Step::refused;
  if (end_value() == Step::done) return Step::done_before;
  return feed(c, json);
}

void LiteralCopy::end_text(std::string& json) {
  if (std::exchange(high_, 0) != 0) append_utf8(json, 0xFFFD);
  json += '"';
}

Step LiteralCopy::text(char c, std::string& json) {
  if (c == '\\') return state_ = State::escape, Step::more;
  if (c == delimiter_) {
    end_text(json);
    if (is_key_) return state_ = State::colon, Step::more;
    return end_value();
  }
  if (c == '\n') return Step::refused;  // a Python text in plain quotes has none
  if (std::exchange(high_, 0) != 0) append_utf8(json, 0xFFFD);
  append_json_string(json, std::string_view(&c, 1));
  return Step::more;
}

Step LiteralCopy::escape(char c, std::string& json) {
  constexpr std::string_view kNames = "\\'\"abfnrtv", kValues = "\\'\"\a\b\f\n\r\t\v";
  state_ = State::text;
  if (c == '\n') return Step::more;
  code_ = n_code_ = 0;
  code_size_ = c == 'x' ? 2 : c == 'u' ? 4 : c == 'U' ? 8 : 0;
  if (code_size_ > 0) return state_ = State::code, Step::more;
  if (std::exchange(high_, 0) != 0) append_utf8(json, 0xFFFD);
  const std::size_t found = kNames.find(c);
  if (c == '0') {
    append_json_string(json, std::string_view("\0", 1));
  } else if (found != std::string_view::npos) {
    append_json_string(json, kValues.substr(found, 1));
  } else {  // Python keeps what it does not know
    json += "\\\\";
    append_json_string(json, std::string_view(&c, 1));
  }
  return Step::more;
}

Step LiteralCopy::code(char c, std::string& json) {
  const int digit = hex_value(c);
  if (digit < 0) return Step::refused;
  code_ = code_ << 4 | static_cast<std::uint32_t>(digit);
  if (++n_code_ < code_size_) return Step::more;
  state_ = State::text;
  if (code_ > 0x10FFFF) return Step::refused;
  const std::uint32_t high = std::exchange(high_, 0);
  const bool low = code_ >= 0xDC00 && code_ < 0xE000;
  std::string bytes;
  if (high != 0 && low)
    append_utf8(bytes, 0x10000 + ((high - 0xD800) << 10) + (code_ - 0xDC00));
  else if (high != 0)
    append_utf8(bytes, 0xFFFD);
  if (high == 0 || !low) {
    if (code_ >= 0xD800 && code_ < 0xDC00)
      high_ = code_;
    else
      append_utf8(bytes, low ? 0xFFFD : code_);
  }
  append_json_string(json, bytes);
  return Step::more;
}

Step LiteralCopy::opening(char c, std::string& json) {
  const Step step = quote_mark_.feed(c);
  if (step != Step::done) return step;
  json += '"';
  quote_.reset();
  state_ = State::raw;
  return Step::more;
}

Step LiteralCopy::raw(char c, std::string& json) {
  std::string certain;
  const bool ends = quote_.feed(c, certain).has_value();
  append_json_string(json, certain);
  if (!ends) return Step::more;
  json += '"';
  if (is_key_) return state_ = State::colon, Step::more;
  return end_value();
}

}  // namespace quern::engine::tools
