#include "engine/chat/jinja/interpreter.hpp"
#include "tests/engine/chat/jinja/render.hpp"

// What is expected here was computed by Jinja 3.1 on Python 3.
namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaStatements, If) {
  EXPECT_EQ(render("{% if a %}1{% elif b %}2{% else %}3{% endif %}", R"({"b":[0]})"), "2");
  EXPECT_EQ(render("{% if a %}1{% elif b %}2{% else %}3{% endif %}", R"({"a":0,"b":""})"), "3");
}

TEST(JinjaStatements, ForKnowsItsLoop) {
  EXPECT_EQ(
      render("{% for x in 'abc' %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.first }}{{ loop.last }}"
             "{{ loop.previtem }}{{ loop.nextitem }}{{ loop.cycle('x', 'y') }}{{ loop.length }};{% endfor %}"),
      "103TrueFalsebx3;212FalseFalseacy3;321FalseTruebx3;");
  EXPECT_EQ(render("{% for x in [3,1,2] if x > 1 %}{{ x }}{{ loop.length }}{% endfor %}"), "3222");
  EXPECT_EQ(render("{% for x in [] %}{% else %}none{% endfor %}{% for x in y %}{% else %}none{% endfor %}"),
            "nonenone");
  EXPECT_EQ(render("{% for k, (a, b) in {'x': [1, 2]}.items() %}{{ k }}{{ a }}{{ b }}{% endfor %}"), "x12");
  EXPECT_EQ(render("{% for x in range(9) %}{% if x == 1 %}{% continue %}{% endif %}{% if x == 4 %}{% break %}{% endif "
                   "%}{{ x }}{% endfor %}"),
            "023");
  EXPECT_EQ(render("{% for x in [1,[2,[3]]] recursive %}{% if x is iterable %}({{ loop(x) }}){% else %}{{ x }}{% endif "
                   "%}{% endfor %}"),
            "1(2(3))");
  EXPECT_EQ(failure_of("{% for a, b in [[1]] %}{% endfor %}").message, "1 values for 2 variables");
  EXPECT_EQ(failure_of("{% for a in none %}{% endfor %}").message, "none has no items to go through");
}

TEST(JinjaStatements, LoopsHaveAScopeOfTheirOwn) {
  EXPECT_EQ(render("{% set x = 1 %}{% for i in [1, 2] %}{{ x }}{% set x = 9 %}{% endfor %}{{ x }}"), "111");
  EXPECT_EQ(render("{% if true %}{% set x = 5 %}{% endif %}{{ x }}"), "5");
  EXPECT_EQ(render("{% set ns = namespace(n=0) %}{% for i in [1, 2] %}{% set ns.n = ns.n + i %}{% endfor %}{{ ns.n }}"),
            "3");
  EXPECT_EQ(render("{% with x = 1, y = 2 %}{{ x }}{{ y }}{% endwith %}{{ x is defined }}"), "12False");
  EXPECT_EQ(failure_of("{% set d = {} %}{% set d.x = 1 %}").message,
            "'d' is no namespace: its attributes cannot be set");
}

TEST(JinjaStatements, Set) {
  EXPECT_EQ(render("{% set a, b = 1, 2 %}{{ b }}{{ a }}{% set t %}x{{ a }}{% endset %}{{ t }}"), "21x1");
  EXPECT_EQ(render("{% set t | upper %}abc{% endset %}{{ t }}{% filter replace('a', 'b') %}aa{% endfilter %}"),
            "ABCbb");
}

TEST(JinjaStatements, Macros) {
  EXPECT_EQ(
      render(
          "{% macro m(a, b=a ~ '!') %}{{ a }}{{ b }};{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(b=3, a=4) }}{{ m() }}"),
      "11!;12;43;!;");
  EXPECT_EQ(render("{% macro m() %}{{ varargs }}{{ kwargs }}{% endmacro %}{{ m(1, k=2) }}"), "(1,){'k': 2}");
  EXPECT_EQ(render("{% macro f(n) %}{{ n }}{% if n %}{{ f(n - 1) }}{% endif %}{% endmacro %}{{ f(3) }}"), "3210");
  EXPECT_EQ(
      render("{% macro f() %}{{ g() }}{% endmacro %}{% macro g() %}{{ y }}{% endmacro %}{% set y = 3 %}{{ f() }}"),
      "3");
  EXPECT_EQ(render("{% macro each(xs) %}{% for x in xs %}{{ caller(x) }}{% endfor %}{% endmacro %}{% call(i) each([1, "
                   "2]) %}<{{ i }}>{% endcall %}"),
            "<1><2>");
  EXPECT_EQ(render("{% for i in [1, 2] %}{% macro q() %}{{ i }}{% endmacro %}{{ q() }}{% endfor %}"), "12");
  EXPECT_EQ(failure_of("{% macro m(a) %}{% endmacro %}{{ m(1, 2) }}").message,
            "macro 'm' takes not more than 1 argument(s)");
  EXPECT_EQ(failure_of("{% macro m(a) %}{% endmacro %}{{ m(b=2) }}").message,
            "macro 'm' takes no keyword argument 'b'");
}

TEST(JinjaStatements, GenerationBlocksOnlyMark) {
  EXPECT_EQ(render("a{% generation %}b{% endgeneration %}c"), "abc");
}

TEST(JinjaStatements, FailuresNameTheLineOfTheExpression) {
  EXPECT_EQ(failure_of("a\n{% if true %}\n\n{{ 1 +\n x }}{% endif %}").line, 4u);
  EXPECT_EQ(failure_of("{% macro m() %}\n{{ x.y }}\n{% endmacro %}\n\n{{ m() }}").line, 2u);
  EXPECT_EQ(failure_of("\n{% for x in 5 %}\n\n{% endfor %}").line, 2u);
}

TEST(JinjaStatements, BlocksStandForThemselves) {
  EXPECT_EQ(render("a{% block b %}hi{% endblock %}c"), "ahic");
  EXPECT_EQ(render("{% block a %}1{% block b %}2{% endblock b %}3{% endblock a %}{{ self.b() }}{{ self.a() }}"),
            "1232123");
  // A block sees the template's own variables; what it sets stays inside.
  EXPECT_EQ(render("{% set x = 1 %}{% block b %}{{ x }}{% set x = 2 %}{{ x }}{% endblock %}{{ x }}"), "121");
  EXPECT_EQ(render("{% for i in [7] %}{% block b %}[{{ i }}]{% endblock %}{% block c scoped %}[{{ i }}]{% endblock %}"
                   "{% endfor %}"),
            "[][7]");
  EXPECT_EQ(failure_of("{% block b %}{% endblock %}\n{% block b %}{% endblock %}").message,
            "the block 'b' comes twice");
  EXPECT_EQ(failure_of("{% block b %}{{ super() }}{% endblock %}").message,
            "super() has no block to show: no template is extended");
  EXPECT_EQ(failure_of("a\n{% block b required %}{% endblock %}").line, 2u);
  EXPECT_EQ(failure_of("{% for i in [1] %}{% block b %}{% break %}{% endblock %}{% endfor %}").kind,
            FailureKind::syntax);
  EXPECT_EQ(failure_of("{% block b %}{{ self.b() }}{% endblock %}").kind, FailureKind::limit);
}

TEST(JinjaStatements, OtherTemplatesDoNotExist) {
  EXPECT_EQ(failure_of("\n{% include 'x' %}").message, "'include' needs another template, and there is none");
  EXPECT_EQ(failure_of("{% extends 'x' %}").kind, FailureKind::type);
  EXPECT_EQ(render("{% if false %}{% from 'x' import y %}{% endif %}ok"), "ok");
}

TEST(JinjaStatements, PrintAndAutoescape) {
  EXPECT_EQ(render("{% print 1, 'a' %}"), "1a");
  EXPECT_EQ(render("{% set x = '<' %}{% autoescape true %}{{ x }}{{ x|safe }}{{ (x|safe) ~ '>' }}{{ [x] }}"
                   "{% endautoescape %}{{ x }}"),
            "&lt;<<&gt;[&#39;&lt;&#39;]<");
}

}  // namespace
}  // namespace quern::engine::chat::jinja
