#include "engine/chat/jinja/methods.hpp"

#include "tests/engine/chat/jinja/render.hpp"

// What is expected here was computed by Jinja 3.1 on Python 3.
namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaMethods, StringsSplit) {
  EXPECT_EQ(
      render("{{ 'a,b,,c'.split(',') }}{{ ' a b '.split() }}{{ 'a,b,c'.split(',', 1) }}{{ 'a,b,c'.rsplit(',', 1) }}"),
      "['a', 'b', '', 'c']['a', 'b']['a', 'b,c']['a,b', 'c']");
  EXPECT_EQ(
      render("{{ ' a  b '.split(maxsplit=1) }}{{ ' a b  c '.rsplit(none, 1) }}{{ ''.split(',') }}{{ ''.split() }}"),
      "['a', 'b '][' a b', 'c'][''][]");
  EXPECT_EQ(render("{{ 'a-b-c'.partition('-') }}{{ 'a-b-c'.rpartition('-') }}{{ 'a\\r\\nb\\n'.splitlines() }}"),
            "('a', '-', 'b-c')('a-b', '-', 'c')['a', 'b']");
  EXPECT_EQ(failure_of("{{ 'a'.split('') }}").message, "empty separator");
}

TEST(JinjaMethods, StringsAnswer) {
  EXPECT_EQ(render("{{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('b', 0, 2) }} {{ 'äbä'.find('ä', 1) }} {{ "
                   "'aaa'.count('aa') }} {{ 'abab'.rfind('ab') }}"),
            "True True 2 1 2");
  EXPECT_EQ(
      render("{{ '12'.isdigit() }} {{ 'aé'.isalpha() }} {{ 'AB'.isupper() }} {{ ' '.isspace() }} {{ ''.isdigit() }}"),
      "True True True True False");
  EXPECT_EQ(failure_of("{{ 'a'.index('z') }}").message, "substring not found");
}

TEST(JinjaMethods, StringsChange) {
  EXPECT_EQ(render("{{ 'xxaxx'.strip('x') }} {{ 'abc'.replace('', '-') }} {{ '-'.join(['a', 'b']) }} {{ '5'.zfill(3) "
                   "}} {{ 'ab'.center(5, '*') }}"),
            "a -a-b-c- a-b 005 **ab*");
  EXPECT_EQ(render("{{ 'abc'.removeprefix('a') }} {{ 'they\\'re'.title() }} {{ 'aB'.swapcase() }}"), "bc They'Re Ab");
}

TEST(JinjaMethods, Format) {
  EXPECT_EQ(render("{{ '{} {1} {x}'.format('a', 'b', x=3) if false else '{0}{1}{x}'.format('a', 'b', x=3) }}"), "ab3");
  EXPECT_EQ(render("{{ '{:>5}|{:<3}|{:^4}|{:05d}|{:,}|{:.2f}|{:x}|{:.1%}|{:e}'.format(1, 'a', 'b', 42, 1234567, "
                   "3.14159, 255, 0.123, 12345.678) }}"),
            "    1|a  | b  |00042|1,234,567|3.14|ff|12.3%|1.234568e+04");
  EXPECT_EQ(render("{{ '%5.2f|%-4s|%04d|%x|%%|%r|%(k)s' % {'k': 1} if false else '%5.2f|%-4s|%04d|%x|%%|%r' % "
                   "(3.14159, 'ab', 42, 255, 'q') }}"),
            " 3.14|ab  |0042|ff|%|'q'");
  EXPECT_EQ(
      render("{{ '%(k)s' % {'k': 1} }}{{ '{{}}'.format() }}{{ '{a[x]}'.format(a={'x': 2}) }}{{ '{!r}'.format('a') }}"),
      "1{}2'a'");
  EXPECT_EQ(failure_of("{{ '%d' % 'x' }}").message, "%d format: a number is required, not str");
  EXPECT_EQ(failure_of("{{ '%s' % (1, 2) }}").message, "not all arguments converted during string formatting");
  EXPECT_EQ(failure_of("{{ '{:99999}'.format(1) }}").kind, FailureKind::limit);
}

TEST(JinjaMethods, DictsAndLists) {
  EXPECT_EQ(render("{% set d = {'a': 1} %}{{ d.get('a') }}{{ d.get('b') }}{{ d.get('b', 2) }}{{ d.keys()|list }}{{ "
                   "d.items()|list }}{{ d.pop('a') }}{{ d }}"),
            "1None2['a'][('a', 1)]1{}");
  EXPECT_EQ(render("{% set l = [1] %}{% set _ = l.append(2) %}{% do l.insert(0, 0) %}{{ l }}{{ l.pop() }}{{ l.pop(0) "
                   "}}{{ l }}{{ l.index(1) }}"),
            "[0, 1, 2]20[1]0");
  EXPECT_EQ(
      render("{% set d = {} %}{% do d.update({'x': 1}, y=2) %}{{ d }}{{ d.setdefault('z', 3) }}{{ d.values()|list }}"),
      "{'x': 1, 'y': 2}3[1, 2, 3]");
  EXPECT_EQ(failure_of("{{ [].pop() }}").message, "pop from empty list");
  EXPECT_EQ(failure_of("{{ {[]: 1} }}").message, "unhashable type: 'list'");
}

TEST(JinjaMethods, LargeDictsFindTheirKeys) {
  EXPECT_EQ(render("{% set d = {} %}{% for i in range(100) %}{% do d.update({i|string: i}) %}{% endfor %}"
                   "{{ d['7'] }} {{ d['99'] }} {{ '100' in d }} {{ d.pop('50') }} {{ d['51'] }} {{ d|length }}"),
            "7 99 False 50 51 99");
}

}  // namespace
}  // namespace quern::engine::chat::jinja
