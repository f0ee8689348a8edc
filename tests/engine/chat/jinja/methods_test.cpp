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
  EXPECT_EQ(failure_of("{{ 'a'.split('') }}").message, "the separator is empty");
}

TEST(JinjaMethods, StringsAnswer) {
  EXPECT_EQ(render("{{ 'abc'.startswith(('x', 'a')) }} {{ 'abc'.endswith('b', 0, 2) }} {{ 'äbä'.find('ä', 1) }} {{ "
                   "'aaa'.count('aa') }} {{ 'abab'.rfind('ab') }}"),
            "True True 2 1 2");
  EXPECT_EQ(
      render("{{ '12'.isdigit() }} {{ 'aé'.isalpha() }} {{ 'AB'.isupper() }} {{ ' '.isspace() }} {{ ''.isdigit() }}"),
      "True True True True False");
  EXPECT_EQ(failure_of("{{ 'a'.index('z') }}").message, "the string does not contain 'z'");
}

TEST(JinjaMethods, StringsChange) {
  EXPECT_EQ(render("{{ 'xxaxx'.strip('x') }} {{ 'abc'.replace('', '-') }} {{ '-'.join(['a', 'b']) }} {{ '5'.zfill(3) "
                   "}} {{ 'ab'.center(5, '*') }}"),
            "a -a-b-c- a-b 005 **ab*");
  EXPECT_EQ(render("{{ 'abc'.removeprefix('a') }} {{ 'they\\'re'.title() }} {{ 'aB'.swapcase() }}"), "bc They'Re Ab");
}

TEST(JinjaMethods, CasesThatChangeTheLength) {
  EXPECT_EQ(render("{{ 'ŉ'.upper() }} {{ 'ﬃ'.upper() }} {{ 'ﬁx'.title() }} {{ 'ﬁx'|title }} {{ 'İ'.lower()|length }} "
                   "{{ 'ß'.casefold() }} {{ 'ǆ'.title() }} {{ 'ΐ'.capitalize()|length }} {{ 'ςΣ'.casefold() }}"),
            "ʼN FFI Fix FIx 2 ss ǅ 3 σσ");
  EXPECT_EQ(render("{{ 'ΑΣ'.lower() }} {{ 'ΑΣΑ'.lower() }} {{ 'ΑΣ.'.lower() }} {{ 'ΑΣ.Α'.lower() }} {{ 'Σ'.lower() }} "
                   "{{ 'aΣ'.title() }} {{ 'ßaB'.swapcase() }} {{ 'ǅ'.swapcase() }}"),
            "ας ασα ας. ασ.α σ Aς SSAb ǅ");
}

TEST(JinjaMethods, ClassesOfCharacters) {
  EXPECT_EQ(
      render(
          "{{ '²'.isdigit() }} {{ '²'.isdecimal() }} {{ '½'.isnumeric() }} {{ '½'.isdigit() }} {{ '五'.isnumeric() }} "
          "{{ '①'.isdigit() }} {{ '٣'.isdecimal() }} {{ '五'.isalnum() }}"),
      "True False True False True True True True");
  EXPECT_EQ(
      render(
          "{{ 'Ⅷ'.isupper() }} {{ 'ⅷ'.islower() }} {{ 'ǅ'.isupper() }} {{ 'ǅx'.istitle() }} {{ 'A Bc'.istitle() }} "
          "{{ 'AB'.istitle() }} {{ ''.istitle() }} {{ 'a\u200b'.isprintable() }} {{ ''.isprintable() }} "
          "{{ '_é1'.isidentifier() }} {{ '1a'.isidentifier() }} {{ '·a'.isidentifier() }} {{ 'a·'.isidentifier() }}"),
      "True True False True True False False False True True False False True");
}

TEST(JinjaMethods, TablesAndBytes) {
  EXPECT_EQ(render("{{ 'a\tb'.expandtabs(4) }}|{{ 'a\t\tb\n\tc'.expandtabs() }}|{{ '\ta'.expandtabs(0) }}"),
            "a   b|a               b\n        c|a");
  EXPECT_EQ(render("{{ '{a}{b[0]}'.format_map({'a': 1, 'b': [2]}) }} {{ ''.maketrans('ab', 'xy', 'c') }} "
                   "{{ 'abcd'.translate(''.maketrans('ab', 'xy', 'c')) }} {{ 'ab'.translate({97: none, 98: 'BB'}) }}"),
            "12 {97: 120, 98: 121, 99: None} xyd BB");
  EXPECT_EQ(
      render("{{ 'é\\'\\n'.encode() }} {{ 'é'.encode()|length }} {{ 'é'.encode()[0] }} {{ 'é'.encode().decode() }} "
             "{{ 'aé'.encode('ascii', 'replace') }} {{ 'é'.encode('latin-1').hex() }}"),
      "b\"\\xc3\\xa9'\\n\" 2 195 é b'a?' e9");
  EXPECT_EQ(failure_of("{{ 'é'.encode('ascii') }}").message, "encode(): 'é' has no place in this encoding");
  EXPECT_EQ(failure_of("{{ 'a'.encode('ebcdic') }}").kind, FailureKind::type);
}

TEST(JinjaMethods, DictsMore) {
  EXPECT_EQ(render("{% set d = {'a': 1, 'b': 2} %}{{ d.popitem() }}{{ d }}{{ {}.fromkeys('xy', 0) }}"),
            "('b', 2){'a': 1}{'x': 0, 'y': 0}");
  EXPECT_EQ(render("{{ (2.0).is_integer() }} {{ (0.75).as_integer_ratio() }} {{ (255).bit_length() }} {{ (5).real }}"),
            "True (3, 4) 8 5");
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
  EXPECT_EQ(failure_of("{{ '%d' % 'x' }}").message, "%d writes a number, found a string");
  EXPECT_EQ(failure_of("{{ '%s' % (1, 2) }}").message, "the format has no place for all of its values");
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
  EXPECT_EQ(failure_of("{{ [].pop() }}").message, "pop(): the list is empty");
  EXPECT_EQ(failure_of("{{ {[]: 1} }}").message, "a list cannot be the key of a mapping");
}

TEST(JinjaMethods, LargeDictsFindTheirKeys) {
  EXPECT_EQ(render("{% set d = {} %}{% for i in range(100) %}{% do d.update({i|string: i}) %}{% endfor %}"
                   "{{ d['7'] }} {{ d['99'] }} {{ '100' in d }} {{ d.pop('50') }} {{ d['51'] }} {{ d|length }}"),
            "7 99 False 50 51 99");
}

}  // namespace
}  // namespace quern::engine::chat::jinja
