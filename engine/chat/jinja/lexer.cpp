#include "engine/chat/jinja/lexer.hpp"

#include "engine/chat/jinja/literals.hpp"
#include "engine/chat/jinja/text.hpp"

#include <algorithm>

namespace quern::engine::chat::jinja {

namespace {

// Line breaks become \n; one at the end goes.
std::string normalize(std::string_view source) {
  std::string out;
  out.reserve(source.size());
  for (std::size_t i = 0; i < source.size(); ++i) {
    if (source[i] == '\r' && i + 1 < source.size() && source[i + 1] == '\n') continue;
    out += source[i] == '\r' ? '\n' : source[i];
  }
  if (out.ends_with('\n')) out.pop_back();
  return out;
}

constexpr std::string_view kOperators[] = {"//", "**", "==", "!=", ">=", "<=", "+", "-", "/", "*", "%", "~", "[",
                                           "]",  "(",  ")",  "{",  "}",  ">",  "<", "=", ".", ":", "|", ",", ";"};

class Lexer {
 public:
  explicit Lexer(std::string source) : source_(std::move(source)) {}

  std::vector<Token> run() {
    try {
      while (at_ < source_.size()) next_section();
      add(TokenKind::end);
    } catch (FailureException& e) {
      e.failure.line = line_;
      throw;
    }
    return std::move(tokens_);
  }

 private:
  std::string_view rest() const { return std::string_view(source_).substr(at_); }
  bool looking_at(std::string_view text) const { return rest().starts_with(text); }

  Token& add(TokenKind kind, std::string text = {}) {
    tokens_.push_back({.kind = kind, .line = line_, .text = std::move(text)});
    return tokens_.back();
  }
  void skip(std::size_t n) {
    line_ += static_cast<std::uint32_t>(std::count(source_.begin() + static_cast<std::ptrdiff_t>(at_),
                                                   source_.begin() + static_cast<std::ptrdiff_t>(at_ + n), '\n'));
    at_ += n;
  }
  void skip_space() {
    std::size_t at = at_;
    while (at < source_.size()) {
      const Char c = char_at(source_, at);
      if (!is_space(c.code)) break;
      at += c.size;
    }
    skip(at - at_);
  }

  // Text up to the next tag, and the tag.
  void next_section() {
    std::size_t tag = source_.find('{', at_);
    while (tag != std::string::npos &&
           (tag + 1 == source_.size() || std::string_view("%{#").find(source_[tag + 1]) == std::string_view::npos))
      tag = source_.find('{', tag + 1);
    if (tag == std::string::npos) {
      const std::size_t size = source_.size() - at_;
      add(TokenKind::data, source_.substr(at_));
      skip(size);
      return;
    }
    const char kind = source_[tag + 1];
    const char sign = tag + 2 < source_.size() ? source_[tag + 2] : ' ';
    add_data(tag - at_, sign, kind != '{');
    skip(sign == '-' || sign == '+' ? 3 : 2);
    if (kind == '#')
      comment();
    else if (kind == '{')
      inside(TokenKind::output_begin, TokenKind::output_end, "}}", false);
    else if (!raw())
      inside(TokenKind::block_begin, TokenKind::block_end, "%}", true);
  }

  // The text before a tag, without the white space that the tag takes away.
  void add_data(std::size_t size, char sign, bool takes_indent) {
    std::string_view text = rest().substr(0, size);
    if (sign == '-') {
      text = strip(text, nullptr, false, true);
    } else if (sign != '+' && takes_indent) {
      const std::size_t line = text.rfind('\n');
      const std::size_t begin = line == std::string_view::npos ? 0 : line + 1;
      if ((line != std::string_view::npos || line_starts_) && strip(text.substr(begin), nullptr, true, false).empty())
        text = text.substr(0, begin);
    }
    if (!text.empty()) add(TokenKind::data, std::string(text));
    skip(size);
  }

  // The end of a tag, with the white space that goes with it. `sign` was read before it.
  void end_tag(char sign, bool trims_line) {
    const std::size_t begin = at_;
    skip(2);
    if (sign == '-')
      skip_space();
    else if (sign != '+' && trims_line && looking_at("\n"))
      skip(1);
    line_starts_ = at_ > begin && source_[at_ - 1] == '\n';
  }

  void comment() {
    const std::size_t end = source_.find("#}", at_);
    if (end == std::string::npos) throw_failure(FailureKind::syntax, "a comment does not end: expected '#}}'");
    const char sign = end > at_ ? source_[end - 1] : ' ';
    skip(end - at_);
    end_tag(sign, true);
  }

  // After "{%": true where this was {% raw %} ... {% endraw %}.
  bool raw() {
    const std::size_t name = at_ + leading_space(rest());
    if (!std::string_view(source_).substr(name).starts_with("raw")) return false;
    std::size_t end = name + 3;
    end += leading_space(std::string_view(source_).substr(end));
    const bool strips = std::string_view(source_).substr(end).starts_with("-%}");
    if (!strips && !std::string_view(source_).substr(end).starts_with("%}")) return false;
    skip(end + (strips ? 3 : 2) - at_);
    if (strips) skip_space();
    line_starts_ = false;
    for (std::size_t tag = source_.find("{%", at_); tag != std::string::npos; tag = source_.find("{%", tag + 2)) {
      const char sign = source_[tag + 2];  // a std::string ends with a zero
      std::size_t at = tag + (sign == '-' || sign == '+' ? 3 : 2);
      at += leading_space(std::string_view(source_).substr(at));
      if (!std::string_view(source_).substr(at).starts_with("endraw")) continue;
      at += 6;
      at += leading_space(std::string_view(source_).substr(at));
      const char end_sign = source_[at];
      if (end_sign == '-' || end_sign == '+') ++at;
      if (!std::string_view(source_).substr(at).starts_with("%}")) continue;
      add_data(tag - at_, sign, true);
      skip(at - at_);
      end_tag(end_sign, true);
      return true;
    }
    throw_failure(FailureKind::syntax, "a raw block does not end: expected 'endraw'");
  }

  static std::size_t leading_space(std::string_view text) {
    return text.size() - strip(text, nullptr, true, false).size();
  }

  // The tokens between "{{" and "}}" or "{%" and "%}". Inside brackets the end of the tag is none.
  void inside(TokenKind begin, TokenKind end, std::string_view closing, bool is_block) {
    add(begin);
    const std::uint32_t first_line = line_;
    std::string brackets;
    for (;;) {
      skip_space();
      if (at_ >= source_.size()) {
        line_ = first_line;
        throw_failure(FailureKind::syntax, "a tag does not end: expected '{}'", closing);
      }
      if (brackets.empty()) {
        const char sign = source_[at_];
        const bool is_signed = (sign == '-' || (sign == '+' && is_block)) && rest().substr(1).starts_with(closing);
        if (is_signed || looking_at(closing)) {
          add(end);
          if (is_signed) skip(1);
          return end_tag(is_signed ? sign : ' ', is_block);
        }
      }
      token(brackets);
    }
  }

  void token(std::string& brackets) {
    const Char c = char_at(source_, at_);
    if (c.code >= '0' && c.code <= '9') return number();
    if (c.code == '\'' || c.code == '"') return string();
    if (is_name(c.code)) {
      std::size_t end = at_;
      while (end < source_.size()) {
        const Char next = char_at(source_, end);
        if (!is_name(next.code) && !is_numeric(next.code)) break;
        end += next.size;
      }
      add(TokenKind::name, source_.substr(at_, end - at_));
      return skip(end - at_);
    }
    for (const std::string_view op : kOperators) {
      if (!looking_at(op)) continue;
      match(op[0], brackets);
      add(TokenKind::op, std::string(op));
      return skip(op.size());
    }
    throw_failure(FailureKind::syntax, "unexpected character '{}'", source_.substr(at_, c.size));
  }

  static bool is_name(char32_t c) { return c == '_' || is_alpha(c); }

  static void match(char c, std::string& brackets) {
    if (c == '(' || c == '[' || c == '{') brackets += c == '(' ? ')' : c == '[' ? ']' : '}';
    if (c != ')' && c != ']' && c != '}') return;
    if (brackets.empty()) throw_failure(FailureKind::syntax, "unexpected '{}'", c);
    if (brackets.back() != c) throw_failure(FailureKind::syntax, "unexpected '{}', expected '{}'", c, brackets.back());
    brackets.pop_back();
  }

  void number() {
    // "x.1.5" indexes twice.
    const bool after_dot = at_ > 0 && source_[at_ - 1] == '.';
    Token& out = add(TokenKind::integer);
    skip(read_number(rest(), !after_dot, out));
  }

  void string() {
    const char quote = source_[at_];
    std::size_t end = at_ + 1;
    while (end < source_.size() && source_[end] != quote) end += source_[end] == '\\' ? 2 : 1;
    if (end >= source_.size()) throw_failure(FailureKind::syntax, "a string does not end: expected {}", quote);
    add(TokenKind::string, unescape(std::string_view(source_).substr(at_ + 1, end - at_ - 1)));
    skip(end + 1 - at_);
  }

  const std::string source_;
  std::size_t at_ = 0;
  std::uint32_t line_ = 1;
  bool line_starts_ = true;  // nothing but what tags took away stands before at_ in its line
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view source) {
  if (source.size() > kMaxSourceBytes)
    throw_failure(FailureKind::syntax, "the template has {} bytes, at most {} are allowed", source.size(),
                  kMaxSourceBytes);
  for (std::size_t at = 0; at < source.size();) {
    const Char c = char_at(source, at);
    if (c.code == 0xFFFFFFFF) throw_failure(FailureKind::syntax, "the template is not UTF-8 at byte {}", at);
    at += c.size;
  }
  return Lexer(normalize(source)).run();
}

}  // namespace quern::engine::chat::jinja
