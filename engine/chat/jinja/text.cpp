#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <cstring>
#include <iterator>
#include <utility>

#include <fmt/format.h>
#include <utf8proc.h>

namespace quern::engine::chat::jinja {

namespace {

constexpr char32_t kInvalid = 0xFFFFFFFF;

void append_escape(char32_t code, std::string& out) {
  const auto number = static_cast<std::uint32_t>(code);
  if (number < 0x100)
    fmt::format_to(std::back_inserter(out), "\\x{:02x}", number);
  else if (number < 0x10000)
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", number);
  else
    fmt::format_to(std::back_inserter(out), "\\U{:08x}", number);
}

}  // namespace

Char char_at(std::string_view text, std::size_t offset) noexcept {
  const auto first = static_cast<unsigned char>(text[offset]);
  if (first < 0x80) return {first, 1};
  utf8proc_int32_t code = -1;
  const auto* const bytes = reinterpret_cast<const utf8proc_uint8_t*>(text.data() + offset);
  const utf8proc_ssize_t size = utf8proc_iterate(bytes, static_cast<utf8proc_ssize_t>(text.size() - offset), &code);
  return size > 0 ? Char{static_cast<char32_t>(code), static_cast<std::size_t>(size)} : Char{kInvalid, 1};
}

void append_utf8(char32_t code, std::string& out) {
  utf8proc_uint8_t bytes[4];
  const utf8proc_ssize_t size = utf8proc_encode_char(static_cast<utf8proc_int32_t>(code), bytes);
  out.append(reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(size));
}

std::size_t count_chars(std::string_view text) noexcept {
  std::size_t n = 0;
  for (std::size_t at = 0; at < text.size(); ++n) at += char_at(text, at).size;
  return n;
}

std::size_t offset_of(std::string_view text, std::size_t n_chars) noexcept {
  std::size_t at = 0;
  for (; n_chars > 0 && at < text.size(); --n_chars) at += char_at(text, at).size;
  return at;
}

std::string with_ascii_digits(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    const int digit = decimal_value(c.code);
    if (digit >= 0)
      out += static_cast<char>('0' + digit);
    else
      out += text.substr(at, c.size);
    at += c.size;
  }
  return out;
}

std::string_view strip(std::string_view text, const std::string_view* chars, bool left, bool right) noexcept {
  const auto goes = [&](std::size_t at, Char c) {
    return chars == nullptr ? is_space(c.code) : chars->find(text.substr(at, c.size)) != std::string_view::npos;
  };
  while (left && !text.empty()) {
    const Char c = char_at(text, 0);
    if (!goes(0, c)) break;
    text.remove_prefix(c.size);
  }
  while (right && !text.empty()) {
    std::size_t at = text.size() - 1;
    while (at > 0 && text.size() - at < 4 && (static_cast<unsigned char>(text[at]) & 0xC0) == 0x80) --at;
    Char c = char_at(text, at);
    if (at + c.size != text.size()) c = char_at(text, at = text.size() - 1);
    if (!goes(at, c)) break;
    text.remove_suffix(c.size);
  }
  return text;
}

std::vector<std::string_view> split_lines(std::string_view text, bool keep_ends) {
  std::vector<std::string_view> lines;
  std::size_t begin = 0;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    std::size_t end = at + c.size;
    const bool breaks = (c.code >= 10 && c.code <= 13) || (c.code >= 28 && c.code <= 30) || c.code == 0x85 ||
                        c.code == 0x2028 || c.code == 0x2029;
    if (breaks) {
      if (c.code == '\r' && end < text.size() && text[end] == '\n') ++end;
      lines.push_back(text.substr(begin, (keep_ends ? end : at) - begin));
      begin = end;
    }
    at = end;
  }
  if (begin < text.size()) lines.push_back(text.substr(begin));
  return lines;
}

std::size_t find_text(std::string_view text, std::string_view part, std::size_t from) noexcept {
  if (from > text.size() || part.size() > text.size() - from) return std::string_view::npos;
  if (part.empty()) return from;
  // memmem is linear even for long parts that nearly match everywhere; string_view::find is not.
  const void* const found = memmem(text.data() + from, text.size() - from, part.data(), part.size());
  if (found == nullptr) return std::string_view::npos;
  return static_cast<std::size_t>(static_cast<const char*>(found) - text.data());
}

std::string replace_text(std::string_view text, std::string_view from, std::string_view to, std::int64_t max_count,
                         std::size_t max_bytes) {
  std::string out;
  std::size_t at = 0;
  for (std::int64_t n = 0; max_count < 0 || n < max_count; ++n) {
    std::size_t found = find_text(text, from, at);
    if (from.empty() && n > 0) {  // an empty part is found before each character and at the end
      if (at >= text.size()) break;
      found = at + char_at(text, at).size;
    }
    if (found == std::string_view::npos) break;
    out.append(text.substr(at, found - at)).append(to);
    if (out.size() > max_bytes) break;
    at = found + from.size();
  }
  return out.append(text.substr(std::min(at, text.size())));
}

std::string escape_html(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '\'':
        out += "&#39;";
        break;
      case '"':
        out += "&#34;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string escape_non_ascii(std::string_view text) {
  std::string out;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (c.code < 0x80 || c.code == kInvalid)
      out += text.substr(at, c.size);
    else
      append_escape(c.code, out);
    at += c.size;
  }
  return out;
}

void append_repr(std::string_view text, std::string& out) {
  const bool double_quotes = text.find('\'') != std::string_view::npos && text.find('"') == std::string_view::npos;
  const char quote = double_quotes ? '"' : '\'';
  out += quote;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    if (c.code == static_cast<char32_t>(quote) || c.code == '\\') {
      out += '\\';
      out += static_cast<char>(c.code);
    } else if (c.code == '\n' || c.code == '\r' || c.code == '\t') {
      out += c.code == '\n' ? "\\n" : c.code == '\r' ? "\\r" : "\\t";
    } else if (is_printable(c.code)) {
      out += text.substr(at, c.size);
    } else if (c.code == kInvalid) {
      fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(text[at]));
    } else {
      append_escape(c.code, out);
    }
    at += c.size;
  }
  out += quote;
}

}  // namespace quern::engine::chat::jinja
