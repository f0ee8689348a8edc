// JSON schemas: which texts match, against plain arithmetic and lists; what is refused, and by which path.
#include "engine/grammar/json_schema.hpp"
#include "tests/engine/grammar/grammar_cases.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quern::engine::grammar {
namespace {

using test::compile_schema;
using test::matches;

struct Case {
  const char* schema;
  std::vector<const char*> valid, invalid;
};

class SchemaCases : public ::testing::TestWithParam<Case> {};

TEST_P(SchemaCases, AcceptAndRefuse) {
  const Case& one = GetParam();
  const auto grammar = compile_schema(one.schema);
  ASSERT_TRUE(grammar) << grammar.error().detail;
  for (const char* text : one.valid) EXPECT_TRUE(matches(grammar, text)) << text;
  for (const char* text : one.invalid) EXPECT_FALSE(matches(grammar, text)) << text;
}

INSTANTIATE_TEST_SUITE_P(
    Keywords, SchemaCases,
    ::testing::Values(
        Case{R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"null"}},"required":["b"]})",
             {R"({"b":null})", R"({"b":null,"a":1})", R"({"a":1,"b":null})"},
             {R"({"a":1})", R"({"b":null,"b":null})", R"({"b":null,"c":1})"}},
        Case{R"({"type":"object","additionalProperties":{"type":"integer"},"properties":{"a":{"type":"null"}}})",
             {R"({"a":null,"x":1})", R"({"x":1,"x":2})", R"({"é":3})"},
             {R"({"a":1})", R"({"\u0061":1})", R"({"x":null})"}},
        Case{
            R"({"type":"object","patternProperties":{"^a":{"type":"integer"},"z$":{"minimum":5}},"additionalProperties":false})",
            {R"({"ab":1})", R"({"az":7})", R"({"bz":6})", R"({"bz":"s"})"},
            {R"({"az":1})", R"({"az":"s"})", R"({"b":1})", R"({"bz":1})"}},
        Case{R"({"type":"object","propertyNames":{"maxLength":2},"additionalProperties":true})",
             {R"({"ab":1,"c":[]})", "{}"},
             {R"({"abc":1})"}},
        Case{R"({"type":"object","properties":{"a":{},"b":{},"c":{}},"minProperties":2,"maxProperties":2})",
             {R"({"a":1,"c":2})"},
             {"{}", R"({"a":1})", R"({"a":1,"b":1,"c":1})"}},
        Case{R"({"type":"object","properties":{"a":{},"b":{}},"dependentRequired":{"a":["b"]}})",
             {"{}", R"({"b":1})", R"({"a":1,"b":1})", R"({"b":1,"a":1})"},
             {R"({"a":1})"}},
        Case{
            R"({"type":"array","prefixItems":[{"type":"integer"},{"type":"null"}],"items":{"type":"boolean"},"minItems":1})",
            {"[1]", "[1,null]", "[1,null,true,false]"},
            {"[]", "[null]", "[1,true]", "[1,null,1]"}},
        Case{R"({"type":"array","items":{"enum":[1,"a",null]},"uniqueItems":true,"minItems":2})",
             {R"([1,"a"])", R"([null,"a",1])"},
             {"[1]", "[1,1]", R"(["a","a"])"}},
        Case{R"({"type":"array","items":{"type":"integer"},"contains":{"const":7}})",
             {"[7]", "[1,7]", "[7,1,2]"},
             {"[]", "[1,2]"}},
        Case{R"({"allOf":[{"type":"string","minLength":2},{"maxLength":3}]})",
             {R"("ab")", R"("\n\u00e9x")"},
             {R"("a")", R"("abcd")"}},
        Case{R"({"type":"string","not":{"enum":["a","b"]},"maxLength":1})",
             {R"("")", R"("c")"},
             {R"("a")", R"("b")", R"("cc")"}},
        Case{R"({"oneOf":[{"type":"integer","minimum":5},{"type":"integer","maximum":10}]})",
             {"4", "11"},
             {"5", "10", "7"}},
        Case{
            R"({"if":{"properties":{"t":{"const":1}},"required":["t"],"type":"object"},"then":{"required":["a"]},"else":{"type":"null"},"properties":{"t":{},"a":{}}})",
            {"null", R"({"t":1,"a":2})"},
            {R"({"t":1})", R"({"t":2})", "1"}},
        Case{
            R"({"$ref":"#/$defs/a~1b","$defs":{"a/b":{"anyOf":[{"type":"null"},{"type":"array","items":{"$ref":"#"}}]}}})",
            {"null", "[]", "[null,[[null]]]"},
            {"1", "[1]"}},
        Case{R"({"type":"string","pattern":"^\\d{2}$|x"})", {R"("12")", R"("axb")"}, {R"("123")", R"("")"}},
        Case{R"({"type":"string","pattern":"\"$"})", {R"("a\"")"}, {R"("a")"}},
        Case{R"({"type":"string","format":"date"})",
             {R"("2024-02-29")", R"("2000-02-29")"},
             {R"("2023-02-29")", R"("1900-02-29")", R"("2024-04-31")"}},
        Case{R"({"type":"string","format":"ipv6"})", {R"("::1")", R"("1:2:3:4:5:6:7:8")"}, {R"("1:2")", R"(":::")"}},
        Case{R"({"const":{"b":[1,"x"],"a":null}})", {R"({"b":[1,"x"],"a":null})"}, {R"({"b":[1,"x"]})", "null"}},
        Case{R"({"type":["integer","null"],"nullable":false})", {"1", "null"}, {"1.5"}},
        Case{R"({"enum":["a",1,2.5],"type":["string","number"],"maximum":2})", {R"("a")", "1"}, {"2.5"}}));

// Every bound around zero and around a change of digits, against arithmetic.
TEST(SchemaTest, IntegersBetweenBounds) {
  for (const int low : {-101, -100, -10, -9, -1, 0, 1, 9, 10, 99, 100}) {
    for (const int span : {0, 1, 8, 91, 190}) {
      const int high = low + span;
      const auto grammar = compile_schema(fmt::format(R"({{"type":"integer","minimum":{},"maximum":{}}})", low, high));
      ASSERT_TRUE(grammar);
      for (int n = low - 30; n <= high + 30; ++n) {
        EXPECT_EQ(matches(grammar, std::to_string(n)), n >= low && n <= high) << n << " in " << low << ".." << high;
      }
      EXPECT_FALSE(matches(grammar, "05"));
    }
  }
}

TEST(SchemaTest, NumbersBetweenBounds) {
  const double bounds[] = {-10.25, -1, -0.5, 0, 0.05, 1, 1.5, 9.99, 10};
  for (const double low : bounds) {
    for (const double high : bounds) {
      if (high < low) continue;
      for (const bool exclusive : {false, true}) {
        const auto grammar = compile_schema(fmt::format(R"({{"type":"number","{}":{},"{}":{}}})",
                                                        exclusive ? "exclusiveMinimum" : "minimum", low,
                                                        exclusive ? "exclusiveMaximum" : "maximum", high));
        for (int n = -1100; n <= 1100; n += 5) {
          const double value = n / 100.0;
          const bool inside = exclusive ? value > low && value < high : value >= low && value <= high;
          if (!grammar) {
            EXPECT_FALSE(inside) << value << " in " << low << ".." << high;
            continue;
          }
          EXPECT_EQ(matches(grammar, fmt::format("{:.2f}", value == 0 ? 0.0 : value)), inside)
              << value << " in " << low << ".." << high << (exclusive ? ", exclusive" : "");
        }
      }
    }
  }
}

TEST(SchemaTest, Multiples) {
  for (const char* step : {"1", "3", "7", "10", "0.5", "0.25", "0.01", "1.5"}) {
    const auto grammar = compile_schema(fmt::format(R"({{"type":"number","multipleOf":{}}})", step));
    ASSERT_TRUE(grammar) << grammar.error().detail;
    const long hundredths = std::lround(std::stod(step) * 100);
    for (long n = -500; n <= 500; ++n) {
      EXPECT_EQ(matches(grammar, fmt::format("{}{}.{:02}", n < 0 ? "-" : "", std::abs(n) / 100, std::abs(n) % 100)),
                n % hundredths == 0)
          << n << " hundredths of " << step;
    }
  }
}

TEST(SchemaTest, LengthsCountCharactersAndNotEscapes) {
  for (const int length : {0, 1, 5, 300}) {
    const auto grammar = compile_schema(fmt::format(R"({{"type":"string","minLength":{0},"maxLength":{0}}})", length));
    ASSERT_TRUE(grammar);
    for (const char* unit : {"a", "é", "\\n", "\\u00e9", "\\ud83d\\ude00", "😀"}) {
      for (const int n : {length - 1, length, length + 1}) {
        if (n < 0) continue;
        std::string text = "\"";
        for (int i = 0; i < n; ++i) text += unit;
        EXPECT_EQ(matches(grammar, text + "\""), n == length) << unit << " times " << n;
      }
    }
  }
}

TEST(SchemaTest, OrderAndBlanksWhereTheyAreAskedFor) {
  SchemaOptions options{.whitespace = Whitespace::compact, .ordered = true};
  const char* schema =
      R"({"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"},"c":{"type":"integer"}},"required":["b"]})";
  const auto compact = compile_schema(schema, options);
  EXPECT_TRUE(matches(compact, R"({"a":1,"b":2,"c":3})"));
  EXPECT_TRUE(matches(compact, R"({"b":2})"));
  EXPECT_FALSE(matches(compact, R"({"b":2,"a":1})"));
  EXPECT_FALSE(matches(compact, R"({"a":1,"c":3})"));
  EXPECT_FALSE(matches(compact, R"({ "b":2})"));
  options.whitespace = Whitespace::single;
  EXPECT_TRUE(matches(compile_schema(schema, options), R"({"a": 1, "b": 2})"));
  EXPECT_FALSE(matches(compile_schema(schema, options), R"({"a":1,"b":2})"));
}

struct Bad {
  const char *schema, *field;
};
class SchemaErrors : public ::testing::TestWithParam<Bad> {};

TEST_P(SchemaErrors, NameThePath) {
  const auto grammar = compile_schema(GetParam().schema);
  ASSERT_FALSE(grammar) << GetParam().schema;
  EXPECT_EQ(grammar.error().field, GetParam().field) << grammar.error().detail;
}

INSTANTIATE_TEST_SUITE_P(
    All, SchemaErrors,
    ::testing::Values(Bad{R"({"type":"kaboom"})", "#/type"}, Bad{R"({"type":[]})", "#/type"}, Bad{R"(3)", "#"},
                      Bad{R"({"properties":{"a":3}})", "#/properties/a"},
                      Bad{R"({"properties":{"a/b":{"uniqueItems":true}}})", "#/properties/a~1b/uniqueItems"},
                      Bad{R"({"$ref":"#/$defs/none"})", "#/$ref"}, Bad{R"({"$ref":"other.json"})", "#/$ref"},
                      Bad{R"x({"type":"string","pattern":"(?=a)"})x", "#/pattern"},
                      Bad{R"({"type":"string","pattern":"("})", "#/pattern"},
                      Bad{R"({"type":"string","format":"made-up"})", "#/format"},
                      Bad{R"({"minLength":-1})", "#/minLength"}, Bad{R"({"minLength":1.5})", "#/minLength"},
                      Bad{R"({"minimum":"1"})", "#/minimum"}, Bad{R"({"multipleOf":0})", "#/multipleOf"},
                      Bad{R"({"required":"a"})", "#/required"}, Bad{R"({"enum":[]})", "#/enum"},
                      Bad{R"({"items":3})", "#/items"}, Bad{R"({"anyOf":[]})", "#/anyOf"},
                      Bad{R"({"type":"object","minProperties":3})", "#/minProperties"},
                      Bad{R"({"not":{"items":{"type":"null"}}})", "#/not/items"}));

TEST(SchemaTest, WhatNothingMatchesIsAnError) {
  for (const char* schema :
       {R"(false)", R"({"type":"string","minLength":3,"maxLength":2})", R"({"const":1,"type":"string"})",
        R"({"type":"string","pattern":"^aaa$","maxLength":2})", R"({"$ref":"#"})",
        R"({"type":"object","properties":{"a":{"$ref":"#"}},"required":["a"]})"}) {
    const auto grammar = compile_schema(schema);
    EXPECT_FALSE(grammar) << schema;
  }
}

TEST(SchemaTest, WhatCannotBeEnforcedIsNotedWhereThatIsAskedFor) {
  std::vector<std::string> ignored;
  SchemaOptions options;
  options.ignored = &ignored;
  const auto grammar = compile_schema(
      R"({"type":"object","properties":{"a":{"type":"array","uniqueItems":true},"b":{"type":"string","format":"made-up"}}})",
      options);
  ASSERT_TRUE(grammar);
  EXPECT_EQ(ignored.size(), 2u);
  EXPECT_TRUE(matches(grammar, R"({"a":[1,1],"b":"x"})"));
}

// However hostile, it ends: in an automaton or in an error.
TEST(SchemaTest, HostileSchemasEndInTheirLimits) {
  std::string many = R"({"type":"object","properties":{)";
  for (int i = 0; i < 10'000; ++i) many += fmt::format(R"({}"property_{}":{{"type":"integer"}})", i == 0 ? "" : ",", i);
  many += "}}";
  (void)compile_schema(many);
  EXPECT_TRUE(compile_schema(R"({"type":"string","maxLength":1000000000})"));
  EXPECT_TRUE(
      compile_schema(R"({"type":"array","items":{"type":"array","maxItems":1000000000},"maxItems":1000000000})"));
  (void)compile_schema(R"({"type":"integer","minimum":1e300,"maximum":1e308})");
  std::string deep(180, '[');
  std::string nested, closing;
  for (int i = 0; i < 190; ++i) nested += R"({"items":)", closing += "}";
  (void)compile_schema(nested + "true" + closing);
  std::string too_deep, too_closing;
  for (int i = 0; i < 900; ++i) too_deep += R"({"items":)", too_closing += "}";
  EXPECT_FALSE(compile_schema(too_deep + "true" + too_closing));
  std::string references = R"({"$ref":"#/$defs/d0","$defs":{)";
  for (int i = 0; i < 2000; ++i) references += fmt::format(R"("d{}":{{"$ref":"#/$defs/d{}"}},)", i, i + 1);
  EXPECT_FALSE(compile_schema(references + R"("d2000":{"type":"null"}}})"));
  std::string combinations = R"({"allOf":[)";
  for (int i = 0; i < 40; ++i) combinations += R"({"anyOf":[{"minimum":1},{"maxLength":2},{"maxItems":3}]},)";
  EXPECT_FALSE(compile_schema(combinations + "true]}"));
  for (const char* pattern :
       {"^(a+)+$", "^(a|a)*b$", "^(.*a){30}", "(x+x+)+y", "^[a-z]{1,100000}$", "((a{1,50}){1,50}){1,50}"}) {
    (void)compile_schema(fmt::format(R"({{"type":"string","pattern":"{}"}})", pattern));
  }
}

}  // namespace
}  // namespace quern::engine::grammar
