#include "engine/chat/jinja/operators.hpp"
#include "tests/engine/chat/jinja/render.hpp"

// What is expected here was computed by Jinja 3.1 on Python 3.
namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaExpressions, PrintAsPython) {
  EXPECT_EQ(
      render("{{ none }} {{ true }} {{ 1.0 }} {{ 1e16 }} {{ 1e15 }} {{ 0.0001 }} {{ 0.00001 }} {{ 1/3 }} {{ -0.0 }}"),
      "None True 1.0 1e+16 1000000000000000.0 0.0001 1e-05 0.3333333333333333 -0.0");
  EXPECT_EQ(render(R"({{ ["a'b", 'a"b', "\n\\", "\x00\x7f", "é", "\u200b"] }})"),
            R"(["a'b", 'a"b', '\n\\', '\x00\x7f', 'é', '\u200b'])");
  EXPECT_EQ(render("{{ {'a': (1,), 2: {}} }}"), "{'a': (1,), 2: {}}");
}

TEST(JinjaExpressions, Arithmetic) {
  EXPECT_EQ(render("{{ 7//2 }} {{ -7//2 }} {{ -7%3 }} {{ 7%-3 }} {{ 7.5//2 }} {{ -7.5%2 }} {{ 10/2 }} {{ 2**-1 }}"),
            "3 -4 2 -2 3.0 0.5 5.0 0.5");
  EXPECT_EQ(render("{{ true + 1 }} {{ 'ab' * 2 }} {{ [0] * 2 + [1] }} {{ 'a' + 'b' }}"), "2 abab [0, 0, 1] ab");
  EXPECT_EQ(failure_of("{{ 'a' + 1 }}").message, "'+' cannot combine a string and an integer");
  EXPECT_EQ(failure_of("{{ 1 // 0 }}").kind, FailureKind::type);
  EXPECT_EQ(render("{{ (-9223372036854775807 - 1) % -1 }} {{ 0 ** 99999999999 }} {{ 1 ** 99999999999 }}"), "0 0 1");
}

TEST(JinjaExpressions, Comparison) {
  EXPECT_EQ(render("{{ 1 == 1.0 }} {{ true == 1 }} {{ [1] == (1,) }} {{ {'a': 1} == {'a': 1.0} }} {{ 'é' < 'z' }}"),
            "True True False True False");
  EXPECT_EQ(render("{{ 9007199254740993 == 9007199254740992.0 }} {{ 9007199254740993 > 9007199254740992.0 }}"),
            "False True");
  EXPECT_EQ(failure_of("{{ 'a' < 1 }}").message, "'<' cannot compare a string with an integer");
  EXPECT_EQ(render("{% set nan = 'nan'|float %}{{ nan == nan }} {{ nan < 1 }} {{ nan >= 1 }}"), "False False False");
}

TEST(JinjaExpressions, UndefinedCanBeLookedAtButNotUsed) {
  EXPECT_EQ(render("[{{ x }}{{ x|length }}{{ x|list }}{{ x is defined }}{{ not x }}{{ 'a' in x }}{{ x == y }}]"),
            "[0[]FalseTrueFalseTrue]");
  for (const char* source :
       {"{{ x.y }}", "{{ x + 1 }}", "{{ 1 - x }}", "{{ x() }}", "{{ -x }}", "{{ x < 1 }}", "{{ x|int }}"})
    EXPECT_EQ(failure_of(source).kind, FailureKind::undefined) << source;
  EXPECT_EQ(failure_of("{{ x.y }}").message, "'x' is undefined");
  EXPECT_EQ(failure_of("{{ d.a.b }}", R"({"d":{}})").message, "a mapping has nothing called 'a'");
  EXPECT_EQ(render("[{{ 1 if false }}]"), "[]");
}

TEST(JinjaExpressions, AttributesAndItems) {
  const char* const given = R"({"d":{"items":1,"a":{"b":[10,20]}},"s":"äöü"})";
  EXPECT_EQ(
      render("{{ d['items'] }} {{ d.items() is iterable }} {{ d.a.b[-1] }} {{ d.a.b.0 }} {{ d['a']['b'][0] }}", given),
      "1 True 20 10 10");
  EXPECT_EQ(render("{{ s[1] }}{{ s[-1] }}{{ s[::-1] }}{{ s[1:] }}{{ s[:-1] }}{{ s[5:] }}", given), "öüüöäöüäö");
  EXPECT_EQ(render("{{ [1,2,3,4][::2] }}{{ [1,2,3][5:0:-1] }}{{ (1,2,3)[1:] }}"), "[1, 3][3, 2](2, 3)");
  EXPECT_EQ(render("{{ s[9223372036854775807:] }}{{ s[-9223372036854775807:1] }}{{ s[::9223372036854775807] }}", given),
            "ää");
  EXPECT_EQ(failure_of("{{ s[::0] }}", given).message, "the step of a slice is zero");
}

TEST(JinjaExpressions, Calls) {
  EXPECT_EQ(render("{{ range(3)|list }}{{ range(1, 7, 2)|list }}{{ dict(a=1) }}{{ dict([('x', 1)]) }}"),
            "[0, 1, 2][1, 3, 5]{'a': 1}{'x': 1}");
  EXPECT_EQ(render("{{ strftime_now('%d %b %Y') }}"), "02 Jan 2026");
  EXPECT_EQ(render("{{ strftime_now('[%z|%Z|%f|%%z|%j|%-d]') }}"), "[||000000|%z|001|2]");
  EXPECT_NE(failure_of("{{ strftime_now('%') }}").message.find("'%'"), std::string::npos);
  EXPECT_EQ(render("{% set j = joiner('-') %}{{ j() }}a{{ j() }}b{% set c = cycler(1, 2) %}{{ c.next() }}{{ c.next() "
                   "}}{{ c.next() }}"),
            "a-b121");
  EXPECT_EQ(failure_of("{{ 'a'() }}").message, "a string cannot be called");
  EXPECT_EQ(failure_of("{{ range() }}").message, "range() misses the argument 'start'");
  const Failure raised = failure_of("a\n{{ raise_exception('no ' ~ 1) }}");
  EXPECT_EQ(raised.kind, FailureKind::raised);
  EXPECT_EQ(raised.message, "no 1");
  EXPECT_EQ(raised.line, 2u);
}

TEST(JinjaExpressions, Tests) {
  EXPECT_EQ(render("{{ 1 is number }}{{ true is integer }}{{ 'a' is string }}{{ [] is sequence }}{{ {} is mapping }}"),
            "TrueFalseTrueTrueTrue");
  EXPECT_EQ(render("{{ 3 is odd }} {{ 6 is divisibleby 3 }} {{ 1 is in [1] }} {{ none is none }} {{ 1 is not eq 2 }} "
                   "{{ 'a' is callable }}"),
            "True True True True True False");
  EXPECT_EQ(failure_of("{{ 1 is nope }}").message, "no test named 'nope'");
  EXPECT_EQ(render("{% if false %}{{ 1 is nope }}{{ 1|nope }}{% endif %}"), "");
}

TEST(JinjaExpressions, TestsOfFloats) {
  EXPECT_EQ(render("{{ 2.0 is even }} {{ 2.5 is even }} {{ 2.5 is odd }} {{ 3.0 is odd }} {{ 2.0 is divisibleby 2 }} "
                   "{{ 1.5 is divisibleby 0.5 }} {{ true is odd }}"),
            "True False False True True True True");
}

TEST(JinjaExpressions, SafeStringsEscapeWhatIsAdded) {
  EXPECT_EQ(
      render(
          "{{ ('<'|safe) + '<' }} {{ '<' + ('<'|safe) }} {{ ('<'|safe) ~ '<' }} {{ '<'|e }} {{ ('%s'|safe) % '<' }}"),
      "<&lt; &lt;< << &lt; &lt;");
}

}  // namespace
}  // namespace quern::engine::chat::jinja
