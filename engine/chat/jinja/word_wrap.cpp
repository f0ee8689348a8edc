#include "engine/chat/jinja/word_wrap.hpp"

#include "engine/chat/jinja/text.hpp"

#include <algorithm>
#include <deque>

namespace quern::engine::chat::jinja {

namespace {

using Chars = std::u32string;

Chars chars_of(std::string_view text, std::vector<std::size_t>& offsets) {
  Chars out;
  for (std::size_t at = 0; at < text.size();) {
    const Char c = char_at(text, at);
    offsets.push_back(at);
    out.push_back(c.code);
    at += c.size;
  }
  offsets.push_back(text.size());
  return out;
}

bool is_blank(char32_t c) {
  return c < 0x80 && std::string_view("\t\n\v\f\r ").find(static_cast<char>(c)) != std::string_view::npos;
}
bool is_word(char32_t c) {
  return c != 0xFFFFFFFFu && (is_alpha(c) || is_numeric(c) || c == '_');
}
bool is_letter(char32_t c) {
  return is_word(c) && !is_decimal(c);
}
bool is_word_or_mark(char32_t c) {
  return is_word(c) || (c < 0x80 && std::string_view("!\"'&.,?").find(static_cast<char>(c)) != std::string_view::npos);
}

// Where a line may be broken in [begin, end), a run without blanks: behind the hyphens of compound words and around
// dashes ("--") between words.
class WordCutter {
 public:
  WordCutter(const Chars& text, std::size_t end) : text_(text), end_(end) {}

  std::size_t next(std::size_t begin) const {
    if (begin > 0 && is_word_or_mark(text_[begin - 1]))
      if (const std::size_t dash = dash_end(begin); dash > begin) return dash;
    for (std::size_t at = begin + 1; at < end_; ++at) {
      if (is_compound(at)) return at + 1;
      if (is_word_or_mark(text_[at - 1]) && dash_end(at) > at) return at;
    }
    return end_;
  }

 private:
  char32_t at(std::size_t i) const { return i < text_.size() ? text_[i] : U' '; }
  // Behind two or more hyphens that a word follows; else `begin`.
  std::size_t dash_end(std::size_t begin) const {
    std::size_t end = begin;
    while (end < end_ && text_[end] == '-') ++end;
    return end - begin >= 2 && is_word(at(end)) ? end : begin;
  }
  // A hyphen between letters: "ab-cd", "a-b-cd".
  bool is_compound(std::size_t hyphen) const {
    if (text_[hyphen] != '-') return false;
    const bool word = hyphen >= 2 && is_letter(text_[hyphen - 1]) && is_letter(text_[hyphen - 2]);
    const bool letter =
        hyphen >= 3 && is_word_or_mark(text_[hyphen - 1]) && text_[hyphen - 2] == '-' && is_letter(text_[hyphen - 3]);
    if (!word && !letter) return false;
    const std::size_t second = at(hyphen + 2) == '-' ? hyphen + 3 : hyphen + 2;
    return is_letter(at(hyphen + 1)) && is_letter(at(second));
  }

  const Chars& text_;
  std::size_t end_;
};

struct Chunk {
  std::size_t begin, end;
  std::size_t size() const { return end - begin; }
};

std::deque<Chunk> chunks_of(const Chars& text, bool break_on_hyphens) {
  std::deque<Chunk> out;
  for (std::size_t begin = 0; begin < text.size();) {
    const bool blank = is_blank(text[begin]);
    std::size_t end = begin;
    while (end < text.size() && is_blank(text[end]) == blank) ++end;
    if (blank || !break_on_hyphens) {
      out.push_back({begin, end});
    } else {
      const WordCutter cutter(text, end);
      for (std::size_t at = begin; at < end;) {
        const std::size_t cut = cutter.next(at);
        out.push_back({at, cut});
        at = cut;
      }
    }
    begin = end;
  }
  return out;
}

// How much of a word that fits no line goes into the `room` that is left: up to a hyphen where there is one.
std::size_t cut_long_word(const Chars& text, const Chunk& word, std::size_t room, bool break_on_hyphens) {
  if (!break_on_hyphens || word.size() <= room) return std::min(room, word.size());
  for (std::size_t hyphen = room; hyphen-- > 1;) {
    if (text[word.begin + hyphen] != '-') continue;
    const auto first = text.begin() + static_cast<std::ptrdiff_t>(word.begin);
    const bool only_hyphens =
        std::all_of(first, first + static_cast<std::ptrdiff_t>(hyphen), [](char32_t c) { return c == '-'; });
    return only_hyphens ? room : hyphen + 1;
  }
  return room;
}

bool is_white(const Chars& text, const Chunk& chunk) {
  return std::all_of(text.begin() + static_cast<std::ptrdiff_t>(chunk.begin),
                     text.begin() + static_cast<std::ptrdiff_t>(chunk.end), [](char32_t c) { return is_space(c); });
}

}  // namespace

std::vector<std::string> wrap_line(std::string_view line, const WrapStyle& style) {
  std::vector<std::size_t> offsets;
  const Chars text = chars_of(line, offsets);
  std::deque<Chunk> chunks = chunks_of(text, style.break_on_hyphens);
  std::vector<std::string> out;
  while (!chunks.empty()) {
    if (!out.empty() && is_white(text, chunks.front())) chunks.pop_front();
    std::vector<Chunk> parts;
    std::size_t size = 0;
    while (!chunks.empty() && size + chunks.front().size() <= style.width) {
      size += chunks.front().size();
      parts.push_back(chunks.front());
      chunks.pop_front();
    }
    if (!chunks.empty() && chunks.front().size() > style.width) {
      if (style.break_long_words) {
        const std::size_t taken = cut_long_word(text, chunks.front(), style.width - size, style.break_on_hyphens);
        parts.push_back({chunks.front().begin, chunks.front().begin + taken});
        chunks.front().begin += taken;
      } else if (parts.empty()) {
        parts.push_back(chunks.front());
        chunks.pop_front();
      }
    }
    if (!parts.empty() && is_white(text, parts.back())) parts.pop_back();
    if (parts.empty()) continue;
    out.emplace_back(
        line.substr(offsets[parts.front().begin], offsets[parts.back().end] - offsets[parts.front().begin]));
  }
  return out;
}

}  // namespace quern::engine::chat::jinja
