#include "engine/grammar/schema/value_texts.hpp"

#include "engine/grammar/alphabet.hpp"
#include "engine/grammar/number_text.hpp"
#include "engine/tokenizer/unicode_class.hpp"

#include <algorithm>
#include <string>

#include <fmt/format.h>

namespace quern::engine::grammar {
namespace {

// Source: RFC 8259, section 7. Half a surrogate pair is no character.
Expr json_character(Grammar& grammar) {
  const CharSet hex{{'0', '9'}, {'a', 'f'}, {'A', 'F'}};
  const auto digit = [&] { return grammar.chars(hex); };
  const auto one_of = [&](CharSet set) { return grammar.chars(set); };
  const CharSet high{{'8', '9'}, {'a', 'b'}, {'A', 'B'}}, low{{'c', 'f'}, {'C', 'F'}}, d{{'d', 'd'}, {'D', 'D'}};
  const Expr unit = grammar.choice({grammar.sequence({one_of(hex.without(d)), digit(), digit(), digit()}),
                                    grammar.sequence({one_of(d), one_of({{'0', '7'}}), digit(), digit()})});
  const Expr pair = grammar.sequence(
      {one_of(d), one_of(high), digit(), digit(), grammar.text("\\u"), one_of(d), one_of(low), digit(), digit()});
  CharSet single;
  for (const char c : std::string_view("\"\\/bfnrt"))
    single.add({static_cast<std::uint8_t>(c), static_cast<std::uint8_t>(c)});
  const Expr escape =
      grammar.choice({one_of(single), grammar.sequence({grammar.text("u"), grammar.choice({unit, pair})})});
  const CharSet plain = CharSet{{0x20, kMaxCodePoint}}.without({{'"', '"'}, {'\\', '\\'}});
  return grammar.choice({grammar.chars(plain), grammar.sequence({grammar.text("\\"), escape})});
}

// A character of a name that is none of the ones a schema gives: those of ASCII can only be written in one way, so that
// such a name is known by its bytes.
Expr name_character(Grammar& grammar) {
  const CharSet hex{{'0', '9'}, {'a', 'f'}, {'A', 'F'}}, zero{{'0', '0'}}, d{{'d', 'd'}, {'D', 'D'}};
  const CharSet high{{'8', '9'}, {'a', 'b'}, {'A', 'B'}}, low{{'c', 'f'}, {'C', 'F'}};
  const Expr digit = grammar.chars(hex), no_zero = grammar.chars(hex.without(zero));
  const Expr unit = grammar.choice(
      {grammar.sequence({grammar.chars(hex.without(zero).without(d)), digit, digit, digit}),
       grammar.sequence({grammar.chars(d), grammar.chars({{'0', '7'}}), digit, digit}),
       grammar.sequence({grammar.text("0"), no_zero, digit, digit}),
       grammar.sequence({grammar.text("00"), grammar.chars({{'8', '9'}, {'a', 'f'}, {'A', 'F'}}), digit})});
  const Expr pair = grammar.sequence({grammar.chars(d), grammar.chars(high), digit, digit, grammar.text("\\u"),
                                      grammar.chars(d), grammar.chars(low), digit, digit});
  return grammar.choice({written(grammar, CharSet::all(), Writing::json),
                         grammar.sequence({grammar.text("\\u"), grammar.choice({unit, pair})})});
}

// Between single quotes, as Python writes it.
Expr python_string(Grammar& grammar) {
  const CharSet plain = CharSet{{0x20, kMaxCodePoint}}.without({{'\'', '\''}, {'\\', '\\'}});
  const Expr escaped =
      grammar.sequence({grammar.text("\\"),
                        grammar.chars({{'"', '"'}, {'\'', '\''}, {'\\', '\\'}, {'n', 'n'}, {'r', 'r'}, {'t', 't'}})});
  const Expr body = grammar.repeat(grammar.choice({grammar.chars(plain), escaped}), 0, kUnlimited);
  return grammar.atom(grammar.sequence({grammar.text("'"), body, grammar.text("'")}));
}

}  // namespace

ValueTexts::ValueTexts(Grammar& grammar, const SchemaOptions& options)
    : grammar_(grammar), python_(options.notation == Notation::python) {
  const bool flexible = options.whitespace == Whitespace::flexible;
  const std::string_view blank = options.whitespace == Whitespace::single ? " " : "";
  const CharSet any_blank{{'\t', '\n'}, {'\r', '\r'}, {' ', ' '}};
  blanks_ = flexible ? grammar.repeat(grammar.chars(any_blank), 0, kMaxBlanks) : grammar.empty();
  colon_ = grammar.sequence({blanks_, grammar.text(":" + std::string(blank)), blanks_});
  comma_ = grammar.sequence({grammar.text("," + std::string(blank)), blanks_});
  character_ = json_character(grammar);
  plain_ = grammar.repeat(written(grammar, CharSet::all(), Writing::json), 0, kUnlimited);
  string_ = string_of(grammar.repeat(character_, 0, kUnlimited));
  if (python_) string_ = grammar.choice({string_, python_string(grammar)});
}

Expr ValueTexts::null() {
  return grammar_.text(python_ ? "None" : "null");
}

Expr ValueTexts::boolean(bool value) {
  return grammar_.text(python_ ? (value ? "True" : "False") : (value ? "true" : "false"));
}

Expr ValueTexts::string(std::string_view text) {
  const Expr json = grammar_.text("\"" + written(text, Writing::json) + "\"");
  if (!python_) return json;
  std::string other;
  for (const char c : written(text, Writing::json)) other += c == '\'' ? std::string("\\'") : std::string(1, c);
  for (std::size_t at = 0; (at = other.find("\\\"", at)) != std::string::npos; ++at) other.erase(at, 1);
  return grammar_.choice({json, grammar_.text("'" + other + "'")});
}

Expr ValueTexts::other_names(const std::vector<std::string_view>& names) {
  const Expr any = grammar_.repeat(name_character(grammar_), 0, kUnlimited);
  std::vector<Expr> spellings;
  for (const std::string_view name : names) {
    const auto is_ascii = [](char c) { return static_cast<std::uint8_t>(c) < 0x80; };
    if (std::all_of(name.begin(), name.end(), is_ascii)) continue;
    std::vector<Expr> characters;
    each_character(name, [&](CodePoint c, std::string_view bytes) {
      const Expr plain = grammar_.text(written(bytes, Writing::json));
      if (c < 0x80) {
        characters.push_back(plain);
        return;
      }
      std::vector<Expr> escaped;
      const auto unit = [&](std::uint32_t value) {
        escaped.push_back(grammar_.text("\\u"));
        for (const char digit : fmt::format("{:04x}", value)) {
          CharSet either = CharSet::of(static_cast<std::uint8_t>(digit));
          if (digit >= 'a') either.add({static_cast<std::uint8_t>(digit - 32), static_cast<std::uint8_t>(digit - 32)});
          escaped.push_back(grammar_.chars(either));
        }
      };
      const auto value = static_cast<std::uint32_t>(c);
      if (value >= 0x10000) {
        unit(0xD800 + ((value - 0x10000) >> 10));
        unit(0xDC00 + ((value - 0x10000) & 0x3FF));
      } else {
        unit(value);
      }
      characters.push_back(grammar_.choice({plain, grammar_.sequence(std::move(escaped))}));
    });
    spellings.push_back(grammar_.sequence(std::move(characters)));
  }
  return spellings.empty() ? any : grammar_.except(any, grammar_.choice(std::move(spellings)));
}

Expr ValueTexts::string_of(Expr body) {
  return grammar_.atom(grammar_.sequence({grammar_.text("\""), body, grammar_.text("\"")}));
}

Expr ValueTexts::bracket(char open, Expr inside, char close) {
  return grammar_.sequence({grammar_.text(std::string(1, open)), blanks_,
                            grammar_.optional(grammar_.sequence({inside, blanks_})),
                            grammar_.text(std::string(1, close))});
}

Expr ValueTexts::list(char open, const std::vector<Expr>& parts, char close) {
  std::vector<Expr> out{grammar_.text(std::string(1, open)), blanks_};
  for (std::size_t i = 0; i < parts.size(); ++i) {
    if (i > 0) out.push_back(comma_);
    out.push_back(parts[i]);
  }
  if (!parts.empty()) out.push_back(blanks_);
  out.push_back(grammar_.text(std::string(1, close)));
  return grammar_.sequence(std::move(out));
}

Expr ValueTexts::any_value() {
  if (!has_any_) {
    has_any_ = true;
    any_ = grammar_.add_rule("value");
    const Expr value = grammar_.reference(any_);
    const auto some = [&](Expr one) {
      return grammar_.sequence({one, grammar_.repeat(grammar_.sequence({comma_, one}), 0, kUnlimited)});
    };
    any_object_ = bracket('{', some(grammar_.sequence({string_, colon_, value})), '}');
    const Expr number = *add_number(grammar_, NumberRange{});
    grammar_.define(any_, grammar_.choice({any_object_, bracket('[', some(value), ']'), string_, number, boolean(true),
                                           boolean(false), null()}));
  }
  return grammar_.reference(any_);
}

Expr ValueTexts::any_object() {
  any_value();
  return any_object_;
}

}  // namespace quern::engine::grammar
