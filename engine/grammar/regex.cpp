#include "engine/grammar/regex.hpp"

#include "engine/grammar/text_reader.hpp"
#include "engine/grammar/unicode_property.hpp"

#include <array>
#include <string>
#include <vector>

namespace quern::engine::grammar {
namespace {

constexpr std::size_t kMaxDepth = 200;
constexpr std::uint64_t kMaxTimes = 1'000'000;

const CharSet kDigits{{'0', '9'}};
const CharSet kWord{{'0', '9'}, {'A', 'Z'}, {'_', '_'}, {'a', 'z'}};
const CharSet kBlanks{{0x09, 0x0D},     {0x20, 0x20},     {0xA0, 0xA0},     {0x1680, 0x1680}, {0x2000, 0x200A},
                      {0x2028, 0x2029}, {0x202F, 0x202F}, {0x205F, 0x205F}, {0x3000, 0x3000}, {0xFEFF, 0xFEFF}};
const CharSet kLineEnds{{'\n', '\n'}, {'\r', '\r'}, {0x2028, 0x2029}};

// What a part matches, by whether it has to stand at the beginning of the text, at its end, both or neither.
struct Anchored {
  static constexpr std::size_t kBegin = 1, kEnd = 2;
  struct Way {
    Expr expr;
    bool possible = false, empty = false;  // empty: it matches the empty text
  };
  std::array<Way, 4> ways{};

  bool free() const { return !ways[1].possible && !ways[2].possible && !ways[3].possible; }
};

class RegexReader {
 public:
  RegexReader(Grammar& grammar, std::string_view pattern, Writing writing)
      : grammar_(grammar), in_(pattern, "pattern"), writing_(writing) {}

  Result<Expr> run(Match match) {
    QUERN_TRY(const Anchored all, read_alternatives(0));
    if (!in_.at_end()) return in_.expected("the end");
    const Expr any = grammar_.repeat(written(grammar_, CharSet::all(), writing_), 0, kUnlimited);
    std::vector<Expr> out;
    for (std::size_t way = 0; way < 4; ++way) {
      if (!all.ways[way].possible) continue;
      std::vector<Expr> parts;
      if (match == Match::search && (way & Anchored::kBegin) == 0) parts.push_back(any);
      parts.push_back(all.ways[way].expr);
      if (match == Match::search && (way & Anchored::kEnd) == 0) parts.push_back(any);
      out.push_back(grammar_.sequence(std::move(parts)));
    }
    return grammar_.choice(std::move(out));
  }

 private:
  static Anchored just(Expr expr, bool empty) {
    Anchored out;
    out.ways[0] = {expr, true, empty};
    return out;
  }

  void add(Anchored& out, std::size_t way, Expr expr, bool empty) {
    Anchored::Way& at = out.ways[way];
    at.expr = at.possible ? grammar_.choice({at.expr, expr}) : expr;
    at.empty |= empty;
    at.possible = true;
  }

  // What has to stand at the end can only be followed by nothing, and what has to stand at the beginning likewise.
  Anchored join(const Anchored& a, const Anchored& b) {
    Anchored out;
    for (std::size_t left = 0; left < 4; ++left) {
      for (std::size_t right = 0; right < 4; ++right) {
        const Anchored::Way &x = a.ways[left], &y = b.ways[right];
        if (!x.possible || !y.possible) continue;
        const std::size_t way = left | right;
        const bool y_is_empty = (left & Anchored::kEnd) != 0, x_is_empty = (right & Anchored::kBegin) != 0;
        if ((y_is_empty && !y.empty) || (x_is_empty && !x.empty)) continue;
        if (y_is_empty && x_is_empty) {
          add(out, way, grammar_.empty(), true);
        } else if (y_is_empty) {
          add(out, way, x.expr, x.empty);
        } else if (x_is_empty) {
          add(out, way, y.expr, y.empty);
        } else {
          add(out, way, grammar_.sequence({x.expr, y.expr}), x.empty && y.empty);
        }
      }
    }
    return out;
  }

  Result<Anchored> read_alternatives(std::size_t depth) {
    if (depth > kMaxDepth) return in_.expected("fewer groups in each other");
    Anchored out;
    std::vector<Expr> free;
    bool empty = false;
    for (;;) {
      QUERN_TRY(const Anchored one, read_sequence(depth));
      for (std::size_t way = 1; way < 4; ++way) {
        if (one.ways[way].possible) add(out, way, one.ways[way].expr, one.ways[way].empty);
      }
      if (one.ways[0].possible) free.push_back(one.ways[0].expr);
      empty |= one.ways[0].empty;
      if (!in_.take("|")) break;
    }
    if (!free.empty()) out.ways[0] = {grammar_.choice(std::move(free)), true, empty};
    return out;
  }

  Result<Anchored> read_sequence(std::size_t depth) {
    Anchored out = just(grammar_.empty(), true);
    std::vector<Expr> run;  // neighbours without anchors, joined at once
    bool run_empty = true;
    const auto flush = [&] {
      if (!run.empty()) out = join(out, just(grammar_.sequence(run), run_empty));
      run.clear();
      run_empty = true;
    };
    while (!in_.at_end() && in_.peek() != '|' && in_.peek() != ')') {
      QUERN_TRY(Anchored term, read_term(depth));
      if (term.free() && term.ways[0].possible) {
        run.push_back(term.ways[0].expr);
        run_empty &= term.ways[0].empty;
        continue;
      }
      flush();
      out = join(out, term);
    }
    flush();
    return out;
  }

  Result<Anchored> read_term(std::size_t depth) {
    if (in_.take("^")) return anchor(Anchored::kBegin);
    if (in_.take("$")) return anchor(Anchored::kEnd);
    Anchored atom;
    if (in_.take("(")) {
      QUERN_TRY(atom, read_group(depth));
    } else {
      QUERN_TRY(const Expr expr, read_single());
      atom = just(expr, false);
    }
    return read_quantifier(std::move(atom));
  }

  Anchored anchor(std::size_t way) {
    Anchored out;
    out.ways[way] = {grammar_.empty(), true, true};
    return out;
  }

  Result<Anchored> read_group(std::size_t depth) {
    if (in_.take("?")) {
      if (in_.looking_at("=") || in_.looking_at("!") || in_.looking_at("<=") || in_.looking_at("<!")) {
        return in_.expected("no group that looks ahead or behind (not supported)");
      }
      if (in_.take("<") || in_.take("P<")) {
        while (!in_.at_end() && in_.peek() != '>') in_.next();
        if (!in_.take(">")) return in_.expected("\">\"");
      } else if (!in_.take(":")) {
        return in_.expected("\":\" or a name (flags are not supported)");
      }
    }
    QUERN_TRY(Anchored out, read_alternatives(depth + 1));
    if (!in_.take(")")) return in_.expected("\")\"");
    return out;
  }

  Result<Anchored> read_quantifier(Anchored atom) {
    std::uint64_t min = 0, max = kUnlimited;
    if (in_.take("*")) {
    } else if (in_.take("+")) {
      min = 1;
    } else if (in_.take("?")) {
      max = 1;
    } else if (is_braces()) {
      in_.next();
      QUERN_TRY(min, in_.number(kMaxTimes));
      max = min;
      if (in_.take(",")) {
        max = kUnlimited;
        if (in_.peek() != '}') {
          QUERN_TRY(max, in_.number(kMaxTimes));
        }
      }
      if (max < min) return in_.expected("a maximum that is not below the minimum");
      in_.next();
    } else {
      return atom;
    }
    in_.take("?");  // which of several ways is tried first does not change what matches
    if (in_.peek() == '*' || in_.peek() == '+' || in_.peek() == '?') return in_.expected("nothing more to repeat");
    if (atom.free()) {
      const bool empty = min == 0 || atom.ways[0].empty;
      return just(atom.ways[0].possible ? grammar_.repeat(atom.ways[0].expr, min, max) : grammar_.empty(), empty);
    }
    if (max > 1) return in_.expected("no ^ or $ inside what is repeated (not supported)");
    if (min == 0) add(atom, 0, grammar_.empty(), true);
    return max == 0 ? just(grammar_.empty(), true) : atom;
  }

  // "{2}", "{2,}" or "{2,5}"; any other brace is itself.
  bool is_braces() const {
    if (in_.peek() != '{' || in_.peek(1) < '0' || in_.peek(1) > '9') return false;
    std::size_t at = 1;
    while (in_.peek(at) >= '0' && in_.peek(at) <= '9') ++at;
    if (in_.peek(at) == ',') ++at;
    while (in_.peek(at) >= '0' && in_.peek(at) <= '9') ++at;
    return in_.peek(at) == '}';
  }

  Result<Expr> read_single() {
    if (in_.take(".")) return written(grammar_, kLineEnds.complement(), writing_);
    if (in_.take("[")) {
      QUERN_TRY(const CharSet set, read_class());
      return written(grammar_, set, writing_);
    }
    const char c = in_.peek();
    if (c == '*' || c == '+' || c == '?') return in_.expected("something to repeat before this");
    CharSet set;
    if (in_.take("\\")) {
      QUERN_TRY(set, read_escape(false));
    } else {
      QUERN_TRY(const std::uint32_t code_point, in_.code_point());
      set = CharSet::of(code_point);
    }
    return written(grammar_, set, writing_);
  }

  Result<CharSet> read_class() {
    CharSet out;
    const bool negated = in_.take("^");
    while (!in_.take("]")) {
      if (in_.at_end()) return in_.expected("the end of a class");
      QUERN_TRY(const CharSet first, read_class_part());
      const bool range = in_.peek() == '-' && in_.peek(1) != ']' && is_single(first);
      if (!range) {
        out.add(first);
        continue;
      }
      in_.next();
      QUERN_TRY(const CharSet last, read_class_part());
      if (!is_single(last)) return in_.expected("a character as the end of a range before this");
      const CharRange both{first.ranges().front().first, last.ranges().front().first};
      if (both.last < both.first) return in_.expected("a range that does not end before it begins");
      out.add(both);
    }
    return negated ? out.complement() : out;
  }

  static bool is_single(const CharSet& set) {
    return set.ranges().size() == 1 && set.ranges().front().first == set.ranges().front().last;
  }

  Result<CharSet> read_class_part() {
    if (in_.take("\\")) return read_escape(true);
    QUERN_TRY(const std::uint32_t code_point, in_.code_point());
    return CharSet::of(code_point);
  }

  Result<CharSet> read_escape(bool in_class) {
    if (in_.at_end()) return in_.expected("a character to escape");
    const char c = in_.peek();
    switch (c) {
      case 'd':
        in_.next();
        return kDigits;
      case 'D':
        in_.next();
        return kDigits.complement();
      case 'w':
        in_.next();
        return kWord;
      case 'W':
        in_.next();
        return kWord.complement();
      case 's':
        in_.next();
        return kBlanks;
      case 'S':
        in_.next();
        return kBlanks.complement();
      case 't':
        in_.next();
        return CharSet::of('\t');
      case 'n':
        in_.next();
        return CharSet::of('\n');
      case 'v':
        in_.next();
        return CharSet::of('\v');
      case 'f':
        in_.next();
        return CharSet::of('\f');
      case 'r':
        in_.next();
        return CharSet::of('\r');
      case 'x':
        in_.next();
        return read_hex(2);
      case 'u':
        in_.next();
        return read_unicode();
      case 'p':
      case 'P':
        return read_property();
      case 'c': {
        in_.next();
        const char letter = in_.at_end() ? '\0' : in_.next();
        if ((letter | 0x20) < 'a' || (letter | 0x20) > 'z') return in_.expected("a letter before this");
        return CharSet::of(static_cast<std::uint32_t>(letter) & 31u);
      }
      case 'b':
        if (!in_class) return in_.expected("no border of a word (not supported)");
        in_.next();
        return CharSet::of('\b');
      case '0':
        if (in_.peek(1) >= '0' && in_.peek(1) <= '9') return in_.expected("no octal number");
        in_.next();
        return CharSet::of(0);
      default:
        break;
    }
    if (c >= '1' && c <= '9') return in_.expected("no reference to a group (not supported)");
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z')) return in_.expected("a known escape");
    QUERN_TRY(const std::uint32_t code_point, in_.code_point());
    return CharSet::of(code_point);
  }

  Result<CharSet> read_hex(std::size_t n_digits) {
    QUERN_TRY(const std::uint32_t c, in_.hex(n_digits));
    return CharSet::of(c);
  }

  Result<CharSet> read_unicode() {
    std::uint32_t c = 0;
    if (in_.take("{")) {
      const std::size_t begin = in_.position();
      while (!in_.at_end() && in_.peek() != '}' && in_.position() - begin < 6) {
        QUERN_TRY(const std::uint32_t digit, in_.hex(1));
        c = c * 16 + digit;
      }
      if (!in_.take("}")) return in_.expected("\"}\"");
    } else {
      QUERN_TRY(c, in_.hex(4));
      if (c >= 0xD800 && c <= 0xDBFF && in_.take("\\u")) {
        QUERN_TRY(const std::uint32_t low, in_.hex(4));
        if (low < 0xDC00 || low > 0xDFFF) return in_.expected("the second half of a character before this");
        c = 0x10000 + ((c - 0xD800) << 10) + (low - 0xDC00);
      }
    }
    if (c > kMaxCodePoint) return in_.expected("the number of a character before this");
    return CharSet::of(c);
  }

  Result<CharSet> read_property() {
    const bool negated = in_.next() == 'P';
    if (!in_.take("{")) return in_.expected("\"{\"");
    const std::size_t begin = in_.position();
    while (!in_.at_end() && in_.peek() != '}') in_.next();
    std::string_view name = in_.since(begin);
    for (const std::string_view key : {"General_Category=", "gc="}) {
      if (name.starts_with(key)) name.remove_prefix(key.size());
    }
    const CharSet* const set = unicode_property(name);
    if (set == nullptr) return in_.expected("a general category before this (other properties are not supported)");
    if (!in_.take("}")) return in_.expected("\"}\"");
    return negated ? set->complement() : *set;
  }

  Grammar& grammar_;
  TextReader in_;
  const Writing writing_;
};

}  // namespace

Result<Expr> add_regex(Grammar& grammar, std::string_view pattern, Match match, Writing writing) {
  return RegexReader(grammar, pattern, writing).run(match);
}

}  // namespace quern::engine::grammar
