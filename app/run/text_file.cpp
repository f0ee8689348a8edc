#include "app/run/text_file.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace quern::app {
namespace {

struct Encoding {
  const char* name;
  std::string_view mark;
  std::size_t unit;  // bytes
  bool big_endian;
};

using namespace std::string_view_literals;
// UTF-32 first: its little-endian mark begins with that of UTF-16.
constexpr Encoding kMarked[] = {
    {"UTF-32", "\xFF\xFE\0\0"sv, 4, false}, {"UTF-32", "\0\0\xFE\xFF"sv, 4, true}, {"UTF-16", "\xFF\xFE"sv, 2, false},
    {"UTF-16", "\xFE\xFF"sv, 2, true},      {"UTF-8", "\xEF\xBB\xBF"sv, 1, false},
};

void append_utf8(std::uint32_t code, std::string& out) {
  if (code < 0x80) {
    out += static_cast<char>(code);
    return;
  }
  const int n_more = code < 0x800 ? 1 : code < 0x10000 ? 2 : 3;
  constexpr std::uint8_t kLead[] = {0, 0xC0, 0xE0, 0xF0};
  out += static_cast<char>(kLead[n_more] | code >> (6 * n_more));
  for (int i = n_more - 1; i >= 0; --i) out += static_cast<char>(0x80 | (code >> (6 * i) & 0x3F));
}

std::uint32_t unit_at(std::string_view bytes, std::size_t at, const Encoding& encoding) {
  std::uint32_t value = 0;
  for (std::size_t i = 0; i < encoding.unit; ++i) {
    const std::size_t shift = 8 * (encoding.big_endian ? encoding.unit - 1 - i : i);
    value |= std::uint32_t{static_cast<std::uint8_t>(bytes[at + i])} << shift;
  }
  return value;
}

Error at_byte(std::string_view name, std::size_t offset, const std::string& found) {
  return fail(Errc::bad_input, "{}: want text, found {} at byte {}", name, found, offset);
}

// Units behind the mark to UTF-8.
Result<std::string> from_units(std::string_view bytes, const Encoding& encoding, std::string_view name) {
  const auto surrogate = [](std::uint32_t code, std::uint32_t first) { return code >= first && code < first + 0x400; };
  std::string out;
  for (std::size_t at = encoding.mark.size(); at < bytes.size(); at += encoding.unit) {
    if (bytes.size() - at < encoding.unit) return at_byte(name, at, fmt::format("a part of an {} unit", encoding.name));
    std::uint32_t code = unit_at(bytes, at, encoding);
    const bool pair = encoding.unit == 2 && surrogate(code, 0xD800) && bytes.size() - at >= 4 &&
                      surrogate(unit_at(bytes, at + 2, encoding), 0xDC00);
    if (pair) {
      code = 0x10000 + ((code - 0xD800) << 10) + (unit_at(bytes, at + 2, encoding) - 0xDC00);
      at += encoding.unit;
    } else if (code > 0x10FFFF || surrogate(code, 0xD800) || surrogate(code, 0xDC00)) {
      return at_byte(name, at, fmt::format("0x{:X}, which is no character of {},", code, encoding.name));
    }
    append_utf8(code, out);
  }
  return out;
}

// Every CR LF to LF, and without one at the end.
void unify_line_ends(std::string& text) {
  std::size_t to = 0;
  for (std::size_t from = 0; from < text.size(); ++from) {
    if (text[from] == '\r' && from + 1 < text.size() && text[from + 1] == '\n') continue;
    text[to++] = text[from];
  }
  text.resize(to);
  if (text.ends_with('\n')) text.pop_back();
}

}  // namespace

Status check_utf8(std::string_view text, std::string_view name) {
  for (std::size_t at = 0; at < text.size();) {
    const engine::Utf8Step step = engine::utf8_front(text.substr(at));
    if (step.kind != engine::Utf8Kind::valid) {
      return at_byte(
          name, at,
          fmt::format("0x{:02X}, which is no UTF-8,", static_cast<unsigned>(static_cast<std::uint8_t>(text[at]))));
    }
    at += step.size;
  }
  return {};
}

Result<std::string> decode_text(std::string bytes, std::string_view name) {
  const auto* marked = std::ranges::find_if(kMarked, [&bytes](const Encoding& e) { return bytes.starts_with(e.mark); });
  std::string text;
  if (marked != std::end(kMarked) && marked->unit > 1) {
    QUERN_TRY(text, from_units(bytes, *marked, name));
  } else {
    const std::size_t begin = marked != std::end(kMarked) ? marked->mark.size() : 0;
    text = begin == 0 ? std::move(bytes) : bytes.substr(begin);
    QUERN_CHECK(check_utf8(text, name));
  }
  if (const std::size_t zero = text.find('\0'); zero != std::string::npos) {
    return at_byte(name, zero, "a 0 (UTF-16 without a byte order mark? no text at all?)");
  }
  unify_line_ends(text);
  return text;
}

}  // namespace quern::app
