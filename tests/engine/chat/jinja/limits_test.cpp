#include "engine/chat/jinja/program.hpp"
#include "tests/engine/chat/jinja/render.hpp"

#include <array>

namespace quern::engine::chat::jinja {
namespace {

constexpr Limits kSmall{.max_steps = 200'000, .max_bytes = 1u << 20, .max_output_bytes = 1u << 16, .max_depth = 100};

// Each would take hours, gigabytes or the whole stack.
constexpr std::array kHostile{
    "{% for a in range(99999) %}{% for b in range(99999) %}{% endfor %}{% endfor %}",
    "{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}",
    "{% macro f() %}{{ f() }}{{ f() }}{% endmacro %}{{ f() }}",
    "{{ 'a' * 999999999999 }}",
    "{{ [0] * 999999999999 }}",
    "{{ [[[0] * 999] * 999] * 999999 }}",
    "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}",
    "{% set ns = namespace(s=[1]) %}{% for i in range(64) %}{% set ns.s = ns.s + ns.s %}{% endfor %}",
    "{% set ns = namespace(s='ab') %}{% for i in range(64) %}{% set ns.s = ns.s.replace('a', 'aa') %}{% endfor %}",
    "{% for i in range(99999) %}{{ 'aaaaaaaaaaaaaaaaaaaaaaaaa' }}{% endfor %}",
    "{% set l = [1] %}{% for x in range(99999) %}{% do l.extend(l) %}{% endfor %}",
    "{% set l = [] %}{% for i in range(99999) %}{% do l.append('aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa') %}{% endfor %}",
    "{{ range(999999999)|length }}",
    "{{ 2 ** 99999999999 }}",
    "{{ 99999999999999999999 ** 99999999999999999999 }}",
    "{{ 'a' * 99999999999999999999 }}",
    "{{ '%99999999999999999999d' % 1 }}",
    "{{ ('9' * 30000)|int }}",
    "{{ ('[' ~ '9' * 30000 ~ ']')|from_json }}",
    "{% set ns = namespace(n=3) %}{% for i in range(99) %}{% set ns.n = ns.n * ns.n %}{% endfor %}",
    "{% set n = 3 ** 20000 %}{% for i in range(99999) %}{% if n * n // 7 == n|string %}{% endif %}{% endfor %}",
    "{% for i in range(99999) %}{{ (3 ** 30000)|string|int == 1 }}{% endfor %}",
    "{{ 'a'|indent(999999999) }}",
    "{{ '%999999999d' % 1 }}",
    "{{ '{:999999999}'.format(1) }}",
    "{{ '\\n\\n\\n\\n\\n\\n\\n\\n'|indent('a' * 500000, blank=true) }}",
    "{{ (['a'] * 10000)|join('a' * 10000) }}",
    "{{ ['x'] * 60000 in [['y'] * 60000] * 60000 }}",
    "{% set a = 'a' * 500000 %}{% for i in range(99999) %}{{ 'b' in a }}{% endfor %}",
    "{% set a = 'a' * 500000 %}{% for i in range(99999) %}{% if a == a ~ '' %}{% endif %}{% endfor %}",
    "{% set a = 'ä' * 50000 %}{% for i in range(99999) %}{{ a[40000] }}{% endfor %}",
    "{{ ('a' * 100000).rfind('a' * 50000 ~ 'b') }}{{ ('a' * 100000).rsplit('b' ~ 'a' * 50000) }}",
    "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
    "{% macro m() %}{% call m() %}{% endcall %}{{ caller() }}{% endmacro %}{% call m() %}{% endcall %}",
    "{% set ns = namespace(l=[]) %}{% for i in range(90) %}{% for j in range(90) %}{% set ns.l = [ns.l] %}{% endfor "
    "%}{% endfor %}{{ ns.l }}",
    "{{ range(99999)|map('string')|join(' ' * 100) }}",
    "{% set d = {} %}{% for i in range(99999) %}{% do d.update({i: i}) %}{% endfor %}",
};

TEST(JinjaLimits, HostileTemplatesEnd) {
  for (const char* source : kHostile) {
    const Failure failure = failure_of(source, "{}", kSmall);
    EXPECT_EQ(failure.kind, FailureKind::limit) << source << ": " << failure.message;
  }
}

TEST(JinjaLimits, TheStackIsLargeEnoughForTheDefaults) {
  for (const char* source :
       {"{% macro f() %}{{ f() }}{% endmacro %}{{ f() }}", "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
        "{% macro f() %}{% if 1 %}{% for x in [1] %}{% set y %}{% filter upper %}{{ [{'a': (f() ~ 1)|trim}] }}{% "
        "endfilter %}{% endset %}"
        "{% endfor %}{% endif %}{% endmacro %}{{ f() }}"})
    EXPECT_EQ(failure_of(source).message, "the template is deeper than 400 levels") << source;
}

TEST(JinjaLimits, TheMessageNamesTheLimitAndTheLine) {
  const Failure steps =
      failure_of("a\n{% for a in range(9999) %}\n{% for b in range(9999) %}{% endfor %}{% endfor %}", "{}", kSmall);
  EXPECT_EQ(steps.message, "the template takes more than 200000 steps");
  EXPECT_GE(steps.line, 2u);
  EXPECT_EQ(failure_of("{% for i in range(9999) %}aaaaaaaaaaaaaaaa{% endfor %}", "{}", kSmall).message,
            "the template writes more than 65536 bytes");
}

TEST(JinjaLimits, HonestTemplatesFitTheDefaults) {
  std::string messages = R"({"messages":[)";
  for (int i = 0; i < 4096; ++i) messages += R"({"role":"user","content":"Some question that somebody might have."},)";
  messages.back() = ']';
  const auto out = try_render(
      "{% set ns = namespace(text='') %}{% for m in messages %}{% if m.role == 'user' and not loop.last %}"
      "{% set ns.text = ns.text + '<|im_start|>' + m['role'] + '\\n' + m.content|trim + '<|im_end|>\\n' %}{% endif %}"
      "{% endfor %}{{ ns.text }}",
      messages + "}");
  ASSERT_TRUE(out) << out.error().message;
  EXPECT_GT(out->size(), 4095u * 60);
}

}  // namespace
}  // namespace quern::engine::chat::jinja
