#include "engine/tokenizer/normalizer_chain.hpp"

#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <utility>

#include <utf8proc.h>

namespace quern::engine {
namespace {

using Codepoint = utf8proc_int32_t;

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

bool is_blank(Codepoint c) noexcept {  // the property White_Space
  return (c >= 0x09 && c <= 0x0D) || c == 0x20 || c == 0x85 || c == 0xA0 || c == 0x1680 ||
         (c >= 0x2000 && c <= 0x200A) || c == 0x2028 || c == 0x2029 || c == 0x202F || c == 0x205F || c == 0x3000;
}

Codepoint front_of(std::string_view text, std::size_t& size) noexcept {  // of valid UTF-8
  Codepoint c = 0xFFFD;
  size = utf8_front(text).size;
  utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(size), &c);
  return c;
}

void append(Codepoint c, std::string& out) {
  std::array<utf8proc_uint8_t, 4> bytes{};
  const utf8proc_ssize_t size = utf8proc_encode_char(c, bytes.data());
  out.append(reinterpret_cast<const char*>(bytes.data()), static_cast<std::size_t>(size));
}

// visit(codepoint, bytes) for each character of valid UTF-8
template <class Visit>
void each_character(std::string_view text, const Visit& visit) {
  for (std::size_t size = 0; !text.empty(); text.remove_prefix(size)) {
    const Codepoint c = front_of(text, size);
    visit(c, text.substr(0, size));
  }
}

// A step that is one function of the text.
template <class Function>
class Step final : public TextNormalizer {
 public:
  explicit Step(Function function) : function_(std::move(function)) {}
  std::string apply(std::string_view text, bool at_start) const override { return function_(text, at_start); }

 private:
  Function function_;
};
template <class Function>
NormalizerStep step(Function function) {
  return std::make_unique<Step<Function>>(std::move(function));
}

std::string mapped(std::string_view text, unsigned options) {
  if (is_ascii(text)) return std::string(text);
  utf8proc_uint8_t* raw = nullptr;
  const utf8proc_ssize_t size =
      utf8proc_map(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(text.size()),
                   &raw, static_cast<utf8proc_option_t>(options));
  const std::unique_ptr<utf8proc_uint8_t, decltype(&std::free)> owner(raw, &std::free);
  if (size < 0) return std::string(text);
  return {reinterpret_cast<const char*>(raw), static_cast<std::size_t>(size)};
}

// The grapheme cluster at the front of valid UTF-8.
std::size_t cluster_size(std::string_view text) noexcept {
  std::size_t size = 0;
  Codepoint last = front_of(text, size);
  std::size_t end = size;
  utf8proc_int32_t state = 0;
  while (end < text.size()) {
    const Codepoint next = front_of(text.substr(end), size);
    if (utf8proc_grapheme_break_stateful(last, next, &state)) break;
    end += size;
    last = next;
  }
  return end;
}

}  // namespace

std::string NormalizerChain::apply(std::string_view text, bool at_start) const {
  std::string out = is_valid_utf8(text) ? std::string(text) : replace_invalid_bytes(text);
  for (const NormalizerStep& step : steps_) out = step->apply(out, at_start);
  return out;
}

NormalizerStep unicode_form(UnicodeForm form) {
  unsigned options = UTF8PROC_STABLE;
  const bool composed = form == UnicodeForm::nfc || form == UnicodeForm::nfkc;
  options |= static_cast<unsigned>(composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
  if (form == UnicodeForm::nfkc || form == UnicodeForm::nfkd) options |= static_cast<unsigned>(UTF8PROC_COMPAT);
  return step([options](std::string_view text, bool) { return mapped(text, options); });
}

NormalizerStep lower_case() {
  return step([](std::string_view text, bool) {
    std::string out;
    out.reserve(text.size());
    each_character(text, [&](Codepoint c, std::string_view) {
      if (c == 0x130)
        out.append("i\u0307");  // the one character that becomes two
      else
        append(utf8proc_tolower(c), out);
    });
    return out;
  });
}

NormalizerStep strip_marks() {
  return step([](std::string_view text, bool) {
    std::string out;
    out.reserve(text.size());
    each_character(text, [&](Codepoint c, std::string_view bytes) {
      const auto category = utf8proc_category(c);
      if (category < UTF8PROC_CATEGORY_MN || category > UTF8PROC_CATEGORY_ME) out.append(bytes);
    });
    return out;
  });
}

NormalizerStep replace_text(std::string from, std::string to) {
  return step([from = std::move(from), to = std::move(to)](std::string_view text, bool) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
      out.append(text.substr(0, at)).append(to);
      text.remove_prefix(at + from.size());
    }
    return out.append(text);
  });
}

NormalizerStep replace_pattern(TextPattern from, std::string to) {
  return step([from = std::move(from), to = std::move(to)](std::string_view text, bool) {
    std::string out;
    const TextPattern::Scratch scratch;
    std::size_t at = 0, done = 0;
    while (scratch.usable() && at < text.size()) {
      const TextPattern::Match match = from.next(text, at, scratch);
      if (!match.found || match.begin >= text.size()) break;
      if (match.end == match.begin) {  // empty: nothing to replace
        at = match.begin + utf8_front(text.substr(match.begin)).size;
        continue;
      }
      out.append(text.substr(done, match.begin - done)).append(to);
      at = done = match.end;
    }
    return out.append(text.substr(done));
  });
}

NormalizerStep strip_blanks(bool left, bool right) {
  return step([left, right](std::string_view text, bool) {
    std::size_t size = 0;
    while (left && !text.empty() && is_blank(front_of(text, size))) text.remove_prefix(size);
    while (right && !text.empty()) {
      std::size_t begin = text.size() - 1;
      while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0u) == 0x80u) --begin;
      if (!is_blank(front_of(text.substr(begin), size))) break;
      text.remove_suffix(text.size() - begin);
    }
    return std::string(text);
  });
}

NormalizerStep blanks_between_words() {
  return step([](std::string_view text, bool) {
    std::string out;
    out.reserve(text.size());
    bool pending = false;
    each_character(text, [&](Codepoint c, std::string_view bytes) {
      if (is_blank(c)) {
        pending = true;
        return;
      }
      if (pending && !out.empty()) out.push_back(' ');
      pending = false;
      out.append(bytes);
    });
    return out;
  });
}

NormalizerStep prepend(std::string prefix, Prefix when) {
  return step([prefix = std::move(prefix), when](std::string_view text, bool at_start) {
    const bool there = when != Prefix::always && text.starts_with(prefix);
    const bool elsewhere = when == Prefix::unless_there_at_start && !at_start;
    if (text.empty() || there || elsewhere) return std::string(text);
    return prefix + std::string(text);
  });
}

NormalizerStep compiled_rules(CharsMap rules) {
  static constexpr std::size_t kShort = 6;  // bytes
  return step([rules = std::move(rules)](std::string_view text, bool) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
      const std::string_view cluster = text.substr(0, cluster_size(text));
      text.remove_prefix(cluster.size());
      if (cluster.size() < kShort) {
        if (const CharsMap::Match match = rules.shortest(cluster); match.size > 0) {
          out.append(match.replacement);
          continue;
        }
      }
      each_character(cluster, [&](Codepoint, std::string_view bytes) {
        const CharsMap::Match match = rules.shortest(bytes);
        out.append(match.size > 0 ? match.replacement : bytes);
      });
    }
    return out;
  });
}

}  // namespace quern::engine
