#include "engine/chat/jinja/filters.hpp"

#include "tests/engine/chat/jinja/render.hpp"

// What is expected here was computed by Jinja 3.1 on Python 3.
namespace quern::engine::chat::jinja {
namespace {

constexpr const char* kRecords = R"({"r":[{"n":"x","v":3},{"n":"Y","v":1},{"n":"a","v":2}]})";

TEST(JinjaFilters, Text) {
  EXPECT_EQ(render("{{ ' a '|trim }}{{ 'xax'|trim('x') }}{{ none|trim }}"), "aaNone");
  EXPECT_EQ(
      render(
          "{{ 'ab cd-ef'|title }} {{ \"they're\"|title }} {{ 'hELLO'|capitalize }} {{ 'ß'|upper }} {{ 'ΑΣ'|lower }}"),
      "Ab Cd-Ef They're Hello SS ας");
  EXPECT_EQ(
      render("{{ 'a\\nb\\n\\nc'|indent(2) }}|{{ 'a\\nb'|indent('> ', true) }}|{{ 'a\\n\\nb'|indent(1, blank=true) }}"),
      "a\n  b\n\n  c|> a\n> b|a\n \n b");
  EXPECT_EQ(render("{{ 'aaa'|replace('a', 'b', 2) }} {{ '%s-%d'|format('x', 3) }} {{ 'a b_c'|wordcount }}"),
            "bba x-3 2");
  EXPECT_EQ(render("{{ 'hello world foo bar'|truncate(11) }} {{ 'a b/ü'|urlencode }} {{ 'ab'|center(6) }}|"),
            "hello... a%20b/%C3%BC   ab  |");
}

TEST(JinjaFilters, Lists) {
  EXPECT_EQ(
      render(
          "{{ ['b','A','c']|sort }}{{ [3,1]|sort(reverse=true) }}{{ r|sort(attribute='v')|map(attribute='n')|join }}",
          kRecords),
      "['A', 'b', 'c'][3, 1]Yax");
  EXPECT_EQ(render("{{ {'b':1,'A':2}|dictsort }}{{ {'b':1,'A':2}|dictsort(by='value') }}"),
            "[('A', 2), ('b', 1)][('b', 1), ('A', 2)]");
  EXPECT_EQ(render("{{ [1,1,2]|unique|list }}{{ ['a','A']|unique|list }}{{ [1,2,3]|batch(2, 0)|list }}{{ "
                   "[1,2,3]|slice(2)|list }}"),
            "[1, 2]['a'][[1, 2], [3, 0]][[1, 2], [3]]");
  EXPECT_EQ(render("{{ [1,2]|first }}{{ 'ab'|last }}{{ [1,2]|reverse|list }}{{ 'ab'|reverse }}{{ [1,2]|sum }}{{ "
                   "[2,1]|min }}{{ r|sum(attribute='v') }}",
                   kRecords),
            "1b[2, 1]ba316");
  EXPECT_EQ(render("{% for v, xs in r|groupby('v') %}{{ v }}{{ xs|length }}{% endfor %}", kRecords), "112131");
}

TEST(JinjaFilters, GroupsHaveNames) {
  EXPECT_EQ(
      render("{% for g in r|groupby('v') %}{{ g.grouper }}{{ g.list|length }}{{ g[0] }}{{ g[1][0].n }}{% endfor %}",
             kRecords),
      "111Y212a313x");
  EXPECT_EQ(render("{{ r|groupby('n')|map(attribute='grouper')|list }}{{ r|groupby('z', default='-')|length }}{{ "
                   "([{'a': 1}]|groupby('a'))[0] }}",
                   kRecords),
            "['a', 'x', 'Y']1(1, [{'a': 1}])");
}

TEST(JinjaFilters, EachItem) {
  EXPECT_EQ(
      render("{{ r|selectattr('v', 'gt', 1)|map(attribute='n')|list }}{{ r|rejectattr('v', 'eq', 1)|list|length }}",
             kRecords),
      "['x', 'a']2");
  EXPECT_EQ(render("{{ [0,1,'']|select|list }}{{ [1,2]|reject('odd')|list }}{{ ['a']|map('upper')|list }}{{ "
                   "r|map(attribute='z', default='-')|join }}",
                   kRecords),
            "[1][2]['A']---");
  EXPECT_EQ(render("{{ none|selectattr('a')|list }}{{ none|map('upper')|list }}"), "[][]");
  // A generator is true and without length, and can be read once.
  EXPECT_EQ(render("{% if []|select %}true{% endif %}{% set g = [1]|map('string') %}{{ g|join }}{{ g|join }}"),
            "true1");
  EXPECT_EQ(failure_of("{{ ([1]|select)|length }}").message, "a sequence that can be read once has no length");
}

TEST(JinjaFilters, Values) {
  EXPECT_EQ(render("{{ '3.9'|int }}{{ 'x'|int(7) }}{{ '1f'|int(0, 16) }}{{ -3.9|int }}{{ none|int }} {{ 'x'|float }}{{ "
                   "'1e3'|float }}"),
            "3731-30 0.01000.0");
  EXPECT_EQ(render("{{ 2.5|round }} {{ 3.5|round }} {{ 2.675|round(2) }} {{ 2.1|round(method='ceil') }} {{ "
                   "1234|round(-2) }} {{ 5|round }}"),
            "2.0 4.0 2.67 3.0 1200 5");
  EXPECT_EQ(render("{{ x|default('d') }}{{ ''|default('d', true) }}{{ none|default('d') }}{{ {'a':1}|items|list }}"),
            "ddNone[('a', 1)]");
  EXPECT_EQ(failure_of("{{ 1|nope }}").message, "no filter named 'nope'");
  EXPECT_EQ(failure_of("{{ 1|abs(2) }}").message, "abs() takes at most 0 argument(s), 1 were given");
}

TEST(JinjaFilters, RandomIsOneOfTheItemsAndTheSameEachTime) {
  const std::string one = render("{{ ['a','b','c']|random }}");
  EXPECT_TRUE(one == "a" || one == "b" || one == "c") << one;
  EXPECT_EQ(render("{{ ['a','b','c']|random }}"), one);
  EXPECT_EQ(render("{{ []|random is undefined }}"), "True");
  EXPECT_EQ(render("{% for i in range(60) %}{{ 'abc'|random }}{% endfor %}").find_first_not_of("abc"),
            std::string::npos);
}

TEST(JinjaFilters, BadArgumentsOfTheRarerFilters) {
  EXPECT_NE(failure_of("{{ {'a b': 1}|xmlattr }}").message.find("'a b' cannot be the name of an attribute"),
            std::string::npos);
  EXPECT_NE(failure_of("{{ 'x'|xmlattr }}").message.find("mapping"), std::string::npos);
  EXPECT_NE(failure_of("{{ 'x'|wordwrap(0) }}").message.find("the width 0"), std::string::npos);
  EXPECT_NE(failure_of("{{ 'x'|filesizeformat }}").message.find("'x' is no number"), std::string::npos);
  EXPECT_NE(failure_of("{{ 'x'|urlize(extra_schemes=['x']) }}").message.find("'x' is not the beginning of an address"),
            std::string::npos);
  EXPECT_NE(failure_of("{{ 3|random }}").message.find("sequence"), std::string::npos);
}

TEST(JinjaFilters, RarerFiltersOnHugeTexts) {
  for (const char* const unit : {"<", "<!--", "-->", "@", "a.", "(", "&lt;", "-", "a-", "http://", " ", "x "})
    for (const char* const filter : {"striptags", "urlize", "wordwrap(3)", "pprint"}) {
      const std::string source = std::string("{{ ('") + unit + "' * 200000)|" + filter + "|length }}";
      EXPECT_FALSE(render(source).empty()) << source;  // a length or a limit, but soon
    }
}

}  // namespace
}  // namespace quern::engine::chat::jinja
