#include "engine/chat/jinja/parser.hpp"

#include "tests/engine/chat/jinja/render.hpp"

#include <array>

namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaParser, OperatorsBindAsInJinja) {
  EXPECT_EQ(render("{{ 1 + 2 * 3 - 4 }}"), "3");
  EXPECT_EQ(render("{{ 2 + 3 ~ 4 }}"), "line 1: '+' cannot combine an integer and a string");  // ~ binds first
  EXPECT_EQ(render("{{ -1|abs }}"), "1");
  EXPECT_EQ(render("{{ 2 ** 3 ** 2 }}"), "64");  // from left to right
  EXPECT_EQ(render("{{ -2 ** 2 }}"), "4");
  EXPECT_EQ(render("{{ 1 < 2 < 3 }} {{ 1 < 3 < 2 }}"), "True False");
  EXPECT_EQ(render("{{ not 1 == 2 }} {{ 1 in [1] and 2 not in [1] }}"), "True True");
  EXPECT_EQ(render("{{ 1 if false else 2 if false else 3 }}"), "3");
  EXPECT_EQ(render("{{ not x is defined or true }}"), "True");
}

TEST(JinjaParser, LiteralsOfEveryKind) {
  EXPECT_EQ(render("{{ [1, 2.5, 'a' \"b\", none, True, (1,), (), {'k': [1]},] }}"),
            "[1, 2.5, 'ab', None, True, (1,), (), {'k': [1]}]");
  EXPECT_EQ(render("{{ 1, 2 }}"), "(1, 2)");
}

struct Bad {
  std::string_view source;
  std::uint32_t line;
  std::string_view message;
};

TEST(JinjaParser, ErrorsSayWhereAndWhat) {
  static constexpr std::array kBad{
      Bad{"a\n{{ }}", 2, "found '}}', expected an expression"},
      Bad{"{{ a b }}", 1, "found 'b', expected '}}'"},
      Bad{"\n\n{% if x %}", 3, "found the end of the template, expected '{% endif %}'"},
      Bad{"{% for x in y %}\n{% endif %}", 2, "'endif' is no statement that is known or expected here"},
      Bad{"{% for in y %}{% endfor %}", 1, "'in' cannot be assigned to"},
      Bad{"{% nope %}", 1, "'nope' is no statement that is known or expected here"},
      Bad{"{% set x %}", 1, "found the end of the template, expected '{% endset %}'"},
      Bad{"{% set none = 1 %}", 1, "'none' cannot be assigned to"},
      Bad{"{% break %}", 1, "break and continue stand only inside of loops"},
      Bad{"{% for x in y %}{% macro m() %}{% break %}{% endmacro %}{% endfor %}", 1,
          "break and continue stand only inside of loops"},
      Bad{"{{ f(a=1, 2) }}", 1, "found a number, expected positional arguments before all others"},
      Bad{"{{ f(a=1, a=2) }}", 1, "the argument 'a' comes twice"},
      Bad{"{% macro m(a=1, b) %}{% endmacro %}", 1, "parameter 'b' needs a default, as the one before it has one"},
      Bad{"{{ a | }}", 1, "found '}}', expected the name of a filter"},
      Bad{"{{ {1} }}", 1, "found '}', expected ':'"},
      Bad{"{% call x %}{% endcall %}", 1, "found '%}', expected the call of a macro"},
  };
  for (const Bad& bad : kBad) {
    const auto program = Program::parse(bad.source);
    ASSERT_FALSE(program) << bad.source;
    EXPECT_EQ(program.error().kind, FailureKind::syntax);
    EXPECT_EQ(program.error().message, bad.message) << bad.source;
    EXPECT_EQ(program.error().line, bad.line) << bad.source;
  }
}

TEST(JinjaParser, NestingHasALimit) {
  const auto repeated = [](std::string_view text, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += text;
    return out;
  };
  for (const std::string& source :
       {"{{ " + repeated("(", 100'000) + "a" + repeated(")", 100'000) + " }}",
        "{{ " + repeated("[", 100'000) + repeated("]", 100'000) + " }}", "{{ " + repeated("not ", 100'000) + "a }}",
        "{{ " + repeated("-", 100'000) + "a }}", "{{ a" + repeated("+a", 100'000) + " }}",
        "{{ a" + repeated(".a", 100'000) + " }}", "{{ a" + repeated("|a", 100'000) + " }}",
        "{{ a" + repeated(" if a", 100'000) + " }}", "{{ a" + repeated(" is a(a)", 50'000) + " }}",
        repeated("{% if a %}", 50'000), "{{ a" + repeated(" if a else a", 50'000) + " }}",
        "{% for " + repeated("(", 100'000) + repeated(")", 100'000) + " %}"}) {
    const auto program = Program::parse(source);
    ASSERT_FALSE(program) << source.substr(0, 40);
    EXPECT_NE(program.error().message.find("nested deeper"), std::string::npos) << program.error().message;
  }
  EXPECT_TRUE(Program::parse("{{ a" + repeated(" ~ a", 10'000) + repeated(" and a", 10'000) + " }}"));  // flat
}

TEST(JinjaParser, KnowsWhatATemplateMentions) {
  const auto parsed = Program::parse("{% if tools %}{{ x.messages }}{% endif %}");
  ASSERT_TRUE(parsed);
  const auto& program = *parsed;
  EXPECT_TRUE(program->mentions("tools"));
  EXPECT_FALSE(program->mentions("messages"));
}

}  // namespace
}  // namespace quern::engine::chat::jinja
