// tokenizer.json's expressions are Oniguruma's (Ruby syntax); ours are PCRE2's. They agree on what tokenizers use
// except for the following, which is rewritten, and for what is refused: constructs that mean something else to PCRE2.
// Source: Oniguruma doc/RE; pcre2pattern(3).
#include "engine/tokenizer/sources/hf_parts.hpp"

#include <array>
#include <cctype>
#include <string>
#include <utility>
#include <vector>

#include <fmt/format.h>

namespace quern::engine {
namespace {

// White space as Unicode defines it; PCRE2's \s also takes U+180E.
constexpr std::string_view kBlanks =
    "\\t-\\r\\x20\\x{85}\\x{A0}\\x{1680}\\x{2000}-\\x{200A}\\x{2028}\\x{2029}\\x{202F}\\x{205F}\\x{3000}";
// Characters of words as Unicode defines them (UTS 18); PCRE2's have no marks and no connectors but "_", and numerals
// that are no digits. Outside classes Oniguruma takes those numerals too that Latin-1 has.
constexpr std::string_view kWordInClass = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}";
constexpr std::string_view kWord = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\xB2\\xB3\\xB9\\xBC-\\xBE";
constexpr std::string_view kSameLetters = "rntfdDx";  // escapes that mean the same to both

constexpr int kMaxDepth = 16;  // of classes in classes

class Translator {
 public:
  Translator(std::string_view source, const std::string& path) : rest_(source), path_(path) {}

  Result<std::string> run() {
    while (!rest_.empty()) {
      const char c = rest_.front();
      if (c == '\\') {
        QUERN_CHECK(escape());
      } else if (c == '[') {
        QUERN_TRY(const std::string whole, character_class(0));
        out_.append(whole);
      } else {
        QUERN_CHECK(letter(c));
      }
    }
    return std::move(out_);
  }

 private:
  Error refuse(std::string_view what) const {
    return fail(Errc::unsupported, "{}: the expression uses {}, which is not supported", path_, what);
  }
  void copy(std::size_t size) {
    out_.append(rest_.substr(0, size));
    rest_.remove_prefix(std::min(size, rest_.size()));
  }
  void replace(std::size_t size, std::string_view text) {
    out_.append(text);
    rest_.remove_prefix(std::min(size, rest_.size()));
  }

  Status letter(char c) {
    if (c == '^' || c == '$') {
      replace(1, c == '^' ? "(?m:^)" : "(?m:$)");  // Ruby's are those of a line
    } else if (c == '}' && rest_.substr(0, 2) == "}+") {
      return refuse("a '+' after an interval");  // possessive to PCRE2, a repetition to Oniguruma
    } else {
      copy(1);
    }
    return {};
  }

  // What stands between '[' or "&&" and the next "&&" or ']': single characters, and classes of their own.
  struct Union {
    std::string characters;            // as PCRE2 writes them between brackets
    std::vector<std::string> classes;  // each an expression for one character
    std::string expression() const {
      std::string out = characters.empty() ? "" : fmt::format("[{}]", characters);
      for (const std::string& nested : classes) out.append(out.empty() ? "" : "|").append(nested);
      return classes.size() + (characters.empty() ? 0 : 1) > 1 ? fmt::format("(?:{})", out) : out;
    }
  };

  // A class as an expression for one character. PCRE2 knows neither classes in classes nor "&&": the former become
  // alternatives, the latter, which binds least, lookaheads.
  Result<std::string> character_class(int depth) {
    if (depth > kMaxDepth) return refuse(fmt::format("classes in classes more than {} deep", kMaxDepth));
    rest_.remove_prefix(1);
    const bool negated = rest_.starts_with('^');
    if (negated) rest_.remove_prefix(1);
    std::string before = std::exchange(out_, {});  // copy() and escape() write to out_
    std::vector<Union> operands(1);
    while (!rest_.starts_with(']')) {
      if (rest_.empty()) return refuse("a class without an end");
      QUERN_CHECK(class_item(depth, operands));
      operands.back().characters.append(std::exchange(out_, {}));
    }
    rest_.remove_prefix(1);
    out_ = std::move(before);
    for (const Union& operand : operands)
      if (operand.characters.empty() && operand.classes.empty()) return refuse("an empty class");
    if (operands.size() == 1 && operands[0].classes.empty())
      return fmt::format("[{}{}]", negated ? "^" : "", operands[0].characters);
    std::string whole;
    for (std::size_t i = 0; i + 1 < operands.size(); ++i) whole += fmt::format("(?={})", operands[i].expression());
    whole += operands.back().expression();
    return negated ? fmt::format("(?:(?!{})(?s:.))", whole) : fmt::format("(?:{})", whole);
  }

  Status class_item(int depth, std::vector<Union>& operands) {
    const char c = rest_.front();
    if (rest_.starts_with("&&")) {
      rest_.remove_prefix(2);
      operands.emplace_back();
    } else if (rest_.starts_with("[:")) {
      const std::size_t end = rest_.find(":]");
      if (end == std::string_view::npos) return refuse("an unfinished [:class:]");
      QUERN_CHECK(bracket(rest_.substr(2, end - 2)));
      rest_.remove_prefix(end + 2);
    } else if (c == '[') {
      QUERN_TRY(std::string nested, character_class(depth + 1));
      operands.back().classes.push_back(std::move(nested));
    } else if (rest_.starts_with("\\S") || rest_.starts_with("\\W")) {
      operands.back().classes.push_back(fmt::format("[^{}]", rest_[1] == 'S' ? kBlanks : kWordInClass));
      rest_.remove_prefix(2);
    } else if (c == '\\') {
      in_class_ = true;
      const Status status = escape();
      in_class_ = false;
      return status;
    } else if (c == '^') {
      replace(1, "\\^");  // it would negate, were it the first that is left
    } else {
      copy(1);
    }
    return {};
  }

  // [:alpha:] in a class. Those of Unicode are wider than PCRE2's.
  Status bracket(std::string_view name) {
    static constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kKnown{
        {{"alnum", "\\p{Alphabetic}\\p{Nd}"},
         {"alpha", "\\p{Alphabetic}"},
         {"digit", "\\p{Nd}"},
         {"lower", "\\p{Lowercase}"},
         {"punct", "\\p{P}\\p{S}"},
         {"space", kBlanks},
         {"upper", "\\p{Uppercase}"},
         {"word", kWordInClass},
         {"xdigit", "0-9A-Fa-f"}}};
    for (const auto& [known, characters] : kKnown)
      if (known == name) return out_.append(characters), Status();
    return refuse(fmt::format("[:{}:]", name));
  }

  Status escape() {
    if (rest_.size() < 2) return refuse("a backslash at the end");
    const char c = rest_[1];
    if (c == 's') {
      replace(2, in_class_ ? std::string(kBlanks) : fmt::format("[{}]", kBlanks));
    } else if (c == 'S') {
      replace(2, fmt::format("[^{}]", kBlanks));
    } else if (c == 'w' || c == 'W') {
      replace(2, in_class_ ? std::string(kWordInClass) : fmt::format("[{}{}]", c == 'W' ? "^" : "", kWord));
    } else if ((c == 'b' || c == 'B') && !in_class_) {
      replace(2, c == 'b' ? fmt::format("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))", kWord)
                          : fmt::format("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}]))", kWord));
    } else if (c == 'b') {
      replace(2, "\\x08");
    } else if (c == 'v') {
      replace(2, "\\x0B");
    } else if (c == 'u') {
      return unicode();
    } else if (c == 'p' || c == 'P') {
      return property();
    } else if (kSameLetters.find(c) == std::string_view::npos && std::isalnum(static_cast<unsigned char>(c)) != 0) {
      return refuse(fmt::format("\\{}", c));
    } else {
      copy(2);
    }
    return {};
  }

  Status unicode() {  // \u3042
    const std::string_view digits = rest_.substr(2, 4);
    if (digits.size() < 4 || digits.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      return refuse("\\u without four hexadecimal digits");
    replace(6, fmt::format("\\x{{{}}}", digits));
    return {};
  }

  Status property() {  // \p{Lu}, \p{^Lu}, \p{Han}
    const std::size_t end = rest_.find('}');
    if (rest_.size() < 5 || rest_[2] != '{' || end == std::string_view::npos) return refuse("\\p without braces");
    const std::string_view name = rest_.substr(3, end - 3);
    const std::size_t negated = name.starts_with('^') ? 1 : 0;
    // PCRE2's \p{Han} is "Han, or shared with Han"; Oniguruma's is the script alone.
    const bool is_script = name.size() - negated > 2;
    out_.append(rest_.substr(0, 3 + negated)).append(is_script ? "sc:" : "").append(name.substr(negated)).append("}");
    rest_.remove_prefix(end + 1);
    return {};
  }

  std::string_view rest_;
  const std::string& path_;
  std::string out_;
  bool in_class_ = false;
};

}  // namespace

Result<std::string> translate_hf_regex(std::string_view source, const std::string& path) {
  return Translator(source, path).run();
}

std::string quote_for_regex(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80 && std::isalnum(static_cast<unsigned char>(c)) == 0) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

}  // namespace quern::engine
