#include "engine/tokenizer/normalizer_chain.hpp"

#include "engine/tokenizer/byte_alphabet.hpp"
#include "engine/tokenizer/unicode_class.hpp"
#include "engine/tokenizer/utf8.hpp"

#include <algorithm>
#include <cstdlib>
#include <utility>

#include <utf8proc.h>

namespace quern::engine {
namespace {

bool is_ascii(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return static_cast<unsigned char>(c) < 0x80; });
}

// A step that is one function of the text.
template <class Function>
class Step final : public TextNormalizer {
 public:
  explicit Step(Function function) : function_(std::move(function)) {}
  Result<std::string> apply(std::string_view text) const override { return function_(text); }

 private:
  Function function_;
};
template <class Function>
NormalizerStep step(Function function) {
  return std::make_unique<Step<Function>>(std::move(function));
}

// Drops the characters for which `drop` holds.
NormalizerStep without(bool (*drop)(CodePoint) noexcept) {
  return step([drop](std::string_view text) {
    std::string out;
    out.reserve(text.size());
    each_character(text, [&](CodePoint c, std::string_view bytes) {
      if (!drop(c)) out.append(bytes);
    });
    return out;
  });
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
  auto last = static_cast<utf8proc_int32_t>(front_character(text, size));
  std::size_t end = size;
  utf8proc_int32_t state = 0;
  while (end < text.size()) {
    const auto next = static_cast<utf8proc_int32_t>(front_character(text.substr(end), size));
    if (utf8proc_grapheme_break_stateful(last, next, &state)) break;
    end += size;
    last = next;
  }
  return end;
}

}  // namespace

Status check_normalized_size(std::size_t n_bytes) {
  if (n_bytes <= kMaxNormalizedBytes) return {};
  return fail(Errc::bad_input, "the text becomes more than {} bytes by normalization", kMaxNormalizedBytes);
}

Result<std::string> NormalizerChain::apply(std::string_view text) const {
  std::string out = is_valid_utf8(text) ? std::string(text) : replace_invalid_bytes(text);
  for (const NormalizerStep& step : steps_) {
    QUERN_TRY(out, step->apply(out));
    QUERN_CHECK(check_normalized_size(out.size()));
  }
  return out;
}

Result<std::string> NormalizerChain::apply(std::string_view text, std::size_t& n_first) const {
  std::string out(text);
  n_first = 0;
  if (!text.empty()) front_character(text, n_first);
  for (const NormalizerStep& step : steps_) {
    const std::string first = out.substr(0, n_first);
    QUERN_TRY(out, step->apply(out));
    QUERN_CHECK(check_normalized_size(out.size()));
    if (out.starts_with(first)) continue;
    QUERN_TRY(const std::string changed, step->apply(first));
    n_first = changed.size();
  }
  return out;
}

NormalizerStep unicode_form(UnicodeForm form) {
  unsigned options = UTF8PROC_STABLE;
  const bool composed = form == UnicodeForm::nfc || form == UnicodeForm::nfkc;
  options |= static_cast<unsigned>(composed ? UTF8PROC_COMPOSE : UTF8PROC_DECOMPOSE);
  if (form == UnicodeForm::nfkc || form == UnicodeForm::nfkd) options |= static_cast<unsigned>(UTF8PROC_COMPAT);
  return step([options](std::string_view text) { return mapped(text, options); });
}

NormalizerStep lower_case() {
  return step([](std::string_view text) {
    std::string out;
    out.reserve(text.size());
    each_character(text, [&](CodePoint c, std::string_view) {
      if (c == 0x130)
        out.append("i\u0307");  // the one character that becomes two
      else
        append_character(static_cast<CodePoint>(utf8proc_tolower(static_cast<utf8proc_int32_t>(c))), out);
    });
    return out;
  });
}

NormalizerStep strip_marks() {
  return without(is_mark);
}

NormalizerStep strip_nonspacing() {
  return without(is_nonspacing);
}

NormalizerStep replace_text(std::string from, std::string to) {
  return step([from = std::move(from), to = std::move(to)](std::string_view text) -> Result<std::string> {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    for (std::size_t at = text.find(from); at != std::string_view::npos; at = text.find(from)) {
      out.append(text.substr(0, at)).append(to);
      text.remove_prefix(at + from.size());
      QUERN_CHECK(check_normalized_size(out.size()));
    }
    return std::move(out.append(text));
  });
}

NormalizerStep replace_pattern(TextPattern from, std::string to) {
  return step([from = std::move(from), to = std::move(to)](std::string_view text) -> Result<std::string> {
    std::string out;
    std::size_t done = 0;
    QUERN_CHECK(from.each_match(text, TextPattern::Scratch(), [&](std::size_t begin, std::size_t end) -> Status {
      out.append(text.substr(done, begin - done)).append(to);
      done = end;
      return check_normalized_size(out.size());
    }));
    return std::move(out.append(text.substr(done)));
  });
}

NormalizerStep strip_blanks(bool left, bool right) {
  return step([left, right](std::string_view text) {
    std::size_t size = 0;
    while (left && !text.empty() && is_white_space(front_character(text, size))) text.remove_prefix(size);
    while (right && !text.empty()) {
      std::size_t begin = text.size() - 1;
      while (begin > 0 && (static_cast<unsigned char>(text[begin]) & 0xC0u) == 0x80u) --begin;
      if (!is_white_space(front_character(text.substr(begin), size))) break;
      text.remove_suffix(text.size() - begin);
    }
    return std::string(text);
  });
}

NormalizerStep blanks_between_words() {
  return step([](std::string_view text) {
    std::string out;
    out.reserve(text.size());
    bool pending = false;
    each_character(text, [&](CodePoint c, std::string_view bytes) {
      if (is_white_space(c)) {
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

NormalizerStep prepend(std::string prefix) {
  return step([prefix = std::move(prefix)](std::string_view text) {
    return text.empty() ? std::string() : std::string(prefix).append(text);
  });
}

NormalizerStep bytes_as_letters() {
  return step([](std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 4);
    for (const char c : text) out.append(byte_to_letter(static_cast<std::uint8_t>(c)));
    return out;
  });
}

NormalizerStep clean_controls() {
  return step([](std::string_view text) {
    std::string out;
    out.reserve(text.size());
    each_character(text, [&](CodePoint c, std::string_view bytes) {
      const bool blank = c == '\t' || c == '\n' || c == '\r';
      if (c == 0xFFFD || (!blank && is_other(c))) return;  // VT, FF and NEL go too, white space though they are
      if (blank || is_white_space(c))
        out.push_back(' ');
      else
        out.append(bytes);
    });
    return out;
  });
}

NormalizerStep blanks_around_ideographs() {
  return step([](std::string_view text) {
    std::string out;
    out.reserve(text.size());
    each_character(text, [&](CodePoint c, std::string_view bytes) {
      if (is_cjk_ideograph(c))
        out.append(" ").append(bytes).append(" ");
      else
        out.append(bytes);
    });
    return out;
  });
}

NormalizerStep machine_translation_blanks() {
  return step([](std::string_view text) {
    std::string out;
    out.reserve(text.size());
    each_character(text, [&](CodePoint c, std::string_view bytes) {
      if ((c >= 0x01 && c <= 0x08) || c == 0x0B || (c >= 0x0E && c <= 0x1F) || c == 0x7F || c == 0x8F || c == 0x9F)
        return;
      const bool blank = c == 0x09 || c == 0x0A || c == 0x0C || c == 0x0D || c == 0x1680 ||
                         (c >= 0x200B && c <= 0x200F) || c == 0x2028 || c == 0x2029 || c == 0x2581 || c == 0xFEFF ||
                         c == 0xFFFD;
      if (blank)
        out.push_back(' ');
      else
        out.append(bytes);
    });
    return out;
  });
}

NormalizerStep compiled_rules(CharsMap rules) {
  static constexpr std::size_t kShort = 6;  // bytes
  return step([rules = std::move(rules)](std::string_view text) {
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
      each_character(cluster, [&](CodePoint, std::string_view bytes) {
        const CharsMap::Match match = rules.shortest(bytes);
        out.append(match.size > 0 ? match.replacement : bytes);
      });
    }
    return out;
  });
}

}  // namespace quern::engine
