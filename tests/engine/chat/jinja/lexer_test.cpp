#include "engine/chat/jinja/lexer.hpp"

#include "tests/engine/chat/jinja/render.hpp"

namespace quern::engine::chat::jinja {
namespace {

// "data|{{|name:x|}}"
std::string kinds(std::string_view source) {
  std::string out;
  for (const Token& token : tokenize(source)) {
    static constexpr const char* kNames[] = {"data",   "{{",  "}}",   "{%", "%}", "name",
                                             "string", "int", "real", "op", "end"};
    out += out.empty() ? "" : "|";
    out += kNames[static_cast<std::size_t>(token.kind)];
    if (!token.text.empty()) out += ":" + token.text;
  }
  return out;
}

Failure failure(std::string_view source) {
  try {
    tokenize(source);
  } catch (const FailureException& e) {
    return e.failure;
  }
  ADD_FAILURE() << source << " has tokens";
  return {};
}

TEST(JinjaLexer, TagsAndText) {
  EXPECT_EQ(kinds("a{{ b }}c"), "data:a|{{|name:b|}}|data:c|end");
  EXPECT_EQ(kinds("{% if x %}"), "{%|name:if|name:x|%}|end");
  EXPECT_EQ(kinds("{# c #}"), "end");
  EXPECT_EQ(kinds("{ {x} %}"), "data:{ {x} %}|end");
  EXPECT_EQ(kinds(""), "end");
}

TEST(JinjaLexer, Operators) {
  EXPECT_EQ(kinds("{{ a//b**c!=d }}"), "{{|name:a|op://|name:b|op:**|name:c|op:!=|name:d|}}|end");
}

TEST(JinjaLexer, BracketsHideTheEndOfATag) {
  EXPECT_EQ(kinds("{{ {'a':{}} }}"), "{{|op:{|string:a|op::|op:{|op:}|op:}|}}|end");
  EXPECT_EQ(failure("{{ (] }}").message, "unexpected ']', expected ')'");
  EXPECT_EQ(failure("{{ ) }}").message, "unexpected ')'");
}

TEST(JinjaLexer, StringsHavePythonsEscapes) {
  EXPECT_EQ(tokenize(R"({{ 'a\n\t\\\'\x41\u00e9\U0001F600\101\q' }})")[1].text,
            "a\n\t\\'A\xC3\xA9\xF0\x9F\x98\x80"
            "A\\q");
  EXPECT_EQ(tokenize("{{ 'a\\\nb' }}")[1].text, "ab");
  EXPECT_EQ(failure(R"({{ '\ud800' }})").kind, FailureKind::syntax);
  EXPECT_EQ(failure(R"({{ '\x4' }})").kind, FailureKind::syntax);
}

TEST(JinjaLexer, Numbers) {
  const std::vector<Token> tokens = tokenize("{{ 1_000 0x1f 0b11 0o17 1.5 2e3 1.5e-3 x.1.2 }}");
  EXPECT_EQ(tokens[1].integer, 1000);
  EXPECT_EQ(tokens[2].integer, 31);
  EXPECT_EQ(tokens[3].integer, 3);
  EXPECT_EQ(tokens[4].integer, 15);
  EXPECT_EQ(tokens[5].real, 1.5);
  EXPECT_EQ(tokens[6].real, 2000.0);
  EXPECT_EQ(tokens[7].real, 0.0015);
  EXPECT_EQ(tokens[10].kind, TokenKind::integer);  // x.1.2 indexes twice
  EXPECT_EQ(tokens[12].integer, 2);
  EXPECT_EQ(tokenize("{{ 99_999_999_999_999_999_999 }}")[1].text, "99_999_999_999_999_999_999");
  EXPECT_EQ(failure("{{ " + std::string(30'000, '9') + " }}").kind, FailureKind::syntax);
}

TEST(JinjaLexer, BlocksTakeTheirLineAway) {
  EXPECT_EQ(render("a\n  {% if true %}  \n  b\n  {% endif %}\nc"), "a\n  \n  b\nc");
  EXPECT_EQ(render("a\n  {# c #}\nb"), "a\nb");
  EXPECT_EQ(render("  {{ 1 }}\n b"), "  1\n b");
  EXPECT_EQ(render("x {% if true %}\ny{% endif %}"), "x y");
  EXPECT_EQ(render("{% if true %}{# #}\n  {% endif %}z"), "z");
}

TEST(JinjaLexer, MinusStripsAndPlusKeeps) {
  EXPECT_EQ(render("a \n {%- if true -%} \n b {%- endif -%} \n c"), "abc");
  EXPECT_EQ(render("a {{- 1 -}} b"), "a1b");
  EXPECT_EQ(render("a {#- x -#} b"), "ab");
  EXPECT_EQ(render("a\n  {%+ if true %}\nb{% endif +%}\nc"), "a\n  b\nc");
}

TEST(JinjaLexer, OneLineBreakAtTheEndGoes) {
  EXPECT_EQ(render("a\n\n"), "a\n");
  EXPECT_EQ(render("a\r\nb\rc"), "a\nb\nc");
}

TEST(JinjaLexer, RawTextIsText) {
  EXPECT_EQ(render("{% raw %}{{ x }}{% if %}{# y #}{% endraw %}z"), "{{ x }}{% if %}{# y #}z");
  EXPECT_EQ(render("{%- raw -%}  {{ x }}  {%- endraw -%}  z"), "{{ x }}z");
  EXPECT_EQ(failure("{% raw %}x").message, "a raw block does not end: expected 'endraw'");
}

TEST(JinjaLexer, ErrorsNameTheLine) {
  EXPECT_EQ(failure("a\nb\n{{ 'x }}").line, 3u);
  EXPECT_EQ(failure("a\n{# x\n\n").line, 2u);
  EXPECT_EQ(failure("a\n{{ ?").line, 2u);
  EXPECT_EQ(failure("a\n\n{{ x\n\n").line, 3u);
}

TEST(JinjaLexer, TextMustBeUtf8AndNotTooLong) {
  EXPECT_EQ(failure("a\xFF").message, "the template is not UTF-8 at byte 1");
  EXPECT_EQ(failure(std::string(kMaxSourceBytes + 1, 'a')).kind, FailureKind::syntax);
}

}  // namespace
}  // namespace quern::engine::chat::jinja
