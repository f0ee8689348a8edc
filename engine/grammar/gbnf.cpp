#include "engine/grammar/gbnf.hpp"

#include "engine/grammar/text_reader.hpp"

#include <map>
#include <string>
#include <vector>

namespace quern::engine::grammar {
namespace {

constexpr std::size_t kMaxDepth = 200;          // of groups in each other
constexpr std::uint64_t kMaxTimes = 1'000'000;  // of a repetition

bool is_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

class GbnfReader {
 public:
  GbnfReader(Grammar& grammar, std::string_view text) : grammar_(grammar), in_(text, "grammar") {}

  Result<Expr> run() {
    skip(true);
    while (!in_.at_end()) {
      QUERN_CHECK(read_rule());
      skip(true);
    }
    const auto root = rules_.find("root");
    if (root == rules_.end()) return fail(Errc::bad_input, "grammar: expected a rule \"root\", found none");
    for (const auto& [name, rule] : rules_) {
      if (!grammar_.rules()[rule.index].defined) {
        return fail(Errc::bad_input, "grammar: rule \"{}\" is used and not defined", name);
      }
    }
    return grammar_.reference(root->second);
  }

 private:
  // Blanks and comments; line breaks too where a rule cannot end.
  void skip(bool line_breaks) {
    while (!in_.at_end()) {
      const char c = in_.peek();
      if (c == '#') {
        while (!in_.at_end() && in_.peek() != '\n' && in_.peek() != '\r') in_.next();
      } else if (c == ' ' || c == '\t' || (line_breaks && (c == '\n' || c == '\r'))) {
        in_.next();
      } else {
        return;
      }
    }
  }

  // A rule goes on in the next line where that begins with '|'.
  bool goes_on() {
    TextReader ahead = in_;
    skip(true);
    if (in_.peek() == '|') return true;
    in_ = ahead;
    return false;
  }

  Result<std::string> read_name() {
    const std::size_t begin = in_.position();
    while (is_name(in_.peek())) in_.next();
    if (in_.position() == begin) return in_.expected("the name of a rule");
    return std::string(in_.since(begin));
  }

  Rule rule(const std::string& name) {
    const auto [at, fresh] = rules_.try_emplace(name, Rule{});
    if (fresh) at->second = grammar_.add_rule(name);
    return at->second;
  }

  Status read_rule() {
    QUERN_TRY(const std::string name, read_name());
    skip(false);
    if (!in_.take("::=")) return in_.expected("\"::=\"");
    const Rule defined = rule(name);
    if (grammar_.rules()[defined.index].defined) return fail(Errc::bad_input, "grammar: rule \"{}\" comes twice", name);
    QUERN_TRY(const Expr expr, read_alternatives(0));
    if (!in_.at_end() && in_.peek() != '\n' && in_.peek() != '\r') return in_.expected("the end of the line");
    grammar_.define(defined, expr);
    return {};
  }

  Result<Expr> read_alternatives(std::size_t depth) {
    if (depth > kMaxDepth) return in_.expected("fewer groups in each other");
    std::vector<Expr> alternatives;
    skip(true);
    for (;;) {
      QUERN_TRY(const Expr sequence, read_sequence(depth));
      alternatives.push_back(sequence);
      if (depth == 0 && in_.peek() != '|') goes_on();
      if (!in_.take("|")) return grammar_.choice(std::move(alternatives));
      skip(true);
    }
  }

  Result<Expr> read_sequence(std::size_t depth) {
    std::vector<Expr> parts;
    for (;;) {
      const char c = in_.peek();
      if (in_.at_end() || c == '|' || c == ')' || c == '\n' || c == '\r') break;
      QUERN_TRY(Expr part, read_element(depth));
      for (;;) {
        skip(depth > 0);
        QUERN_TRY(const bool repeated, read_repetition(part));
        if (!repeated) break;
      }
      parts.push_back(part);
    }
    return grammar_.sequence(std::move(parts));
  }

  Result<Expr> read_element(std::size_t depth) {
    if (in_.take("\"")) return read_text();
    if (in_.take("[")) return read_class();
    if (in_.take(".")) return grammar_.chars(CharSet::all());
    if (in_.take("<")) return read_token();
    if (in_.take("(")) {
      QUERN_TRY(const Expr group, read_alternatives(depth + 1));
      if (!in_.take(")")) return in_.expected("\")\"");
      return group;
    }
    if (is_name(in_.peek())) {
      QUERN_TRY(const std::string name, read_name());
      return grammar_.reference(rule(name));
    }
    return in_.expected("a text, a class, a group or the name of a rule");
  }

  // True: something that repeats `part` came, and part is the repetition.
  Result<bool> read_repetition(Expr& part) {
    std::uint64_t min = 0, max = kUnlimited;
    if (in_.take("*")) {
    } else if (in_.take("+")) {
      min = 1;
    } else if (in_.take("?")) {
      max = 1;
    } else if (in_.take("{")) {
      skip(false);
      if (in_.peek() != ',') {
        QUERN_TRY(min, in_.number(kMaxTimes));
        max = min;
      }
      skip(false);
      if (in_.take(",")) {
        max = kUnlimited;
        skip(false);
        if (in_.peek() != '}') {
          QUERN_TRY(max, in_.number(kMaxTimes));
        }
        skip(false);
      }
      if (max < min) return in_.expected("a maximum that is not below the minimum");
      if (!in_.take("}")) return in_.expected("\"}\"");
    } else {
      return false;
    }
    part = grammar_.repeat(part, min, max);
    return true;
  }

  Result<std::uint32_t> read_character() {
    if (!in_.take("\\")) return in_.code_point();
    if (in_.at_end()) return in_.expected("a character to escape");
    switch (in_.next()) {
      case 'x':
        return in_.hex(2);
      case 'u':
        return in_.hex(4);
      case 'U':
        return in_.hex(8);
      case 't':
        return '\t';
      case 'r':
        return '\r';
      case 'n':
        return '\n';
      case '\\':
        return '\\';
      case '"':
        return '"';
      case '[':
        return '[';
      case ']':
        return ']';
      case '-':
        return '-';
      case '^':
        return '^';
      default:
        return in_.expected("a known escape before this");
    }
  }

  Result<std::uint32_t> read_valid_character() {
    QUERN_TRY(const std::uint32_t c, read_character());
    if (c > kMaxCodePoint || (c >= 0xD800 && c <= 0xDFFF)) return in_.expected("the number of a character before this");
    return c;
  }

  Result<Expr> read_text() {
    std::vector<Expr> parts;
    while (!in_.take("\"")) {
      if (in_.at_end()) return in_.expected("the end of a text");
      QUERN_TRY(const std::uint32_t c, read_valid_character());
      parts.push_back(grammar_.chars(CharSet::of(c)));
    }
    return grammar_.sequence(std::move(parts));
  }

  Result<Expr> read_class() {
    CharSet set;
    const bool negated = in_.take("^");
    while (!in_.take("]")) {
      if (in_.at_end()) return in_.expected("the end of a class");
      QUERN_TRY(const std::uint32_t first, read_valid_character());
      std::uint32_t last = first;
      if (in_.peek() == '-' && in_.peek(1) != ']') {
        in_.next();
        QUERN_TRY(last, read_valid_character());
      }
      if (last < first) return in_.expected("a range that does not end before it begins");
      set.add({first, last});
    }
    return grammar_.chars(negated ? set.complement() : set);
  }

  // <name>: a control token by its text, with the brackets.
  Result<Expr> read_token() {
    std::string name = "<";
    while (!in_.take(">")) {
      if (in_.at_end() || in_.peek() == '\n' || name.size() > 256) return in_.expected("\">\"");
      if (in_.peek() == '[' && name.size() == 1)
        return in_.expected("a control token by its text: numbers are not supported");
      name += in_.next();
    }
    return grammar_.marker(name + ">");
  }

  Grammar& grammar_;
  TextReader in_;
  std::map<std::string, Rule> rules_;
};

}  // namespace

Result<Expr> add_gbnf(Grammar& grammar, std::string_view text) {
  return GbnfReader(grammar, text).run();
}

}  // namespace quern::engine::grammar
