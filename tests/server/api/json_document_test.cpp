#include "server/api/json_document.hpp"

#include <cmath>

#include <boost/json/parse.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

TEST(ParseJson, BuildsTheSameValueAsBoost) {
  const std::string text = R"({"a":[1,-2,3.5,1e3,true,false,null,"x\u00e9\n"],"b":{"a":{}},"c":18446744073709551615})";
  const Result<json::value> value = parse_json(text, 8);
  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(*value, json::parse(text));
}

TEST(ParseJson, KeysInPiecesAreStillComparedWhole) {
  const Result<json::value> value = parse_json(R"({"a\u0062c":1,"abc":2})", 8);
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().detail.find("twice"), std::string::npos) << value.error().detail;
}

TEST(ParseJson, TheSameKeyInDifferentObjectsIsFine) {
  EXPECT_TRUE(parse_json(R"([{"a":1},{"a":{"a":2}},{"a":3}])", 8));
}

TEST(ParseJson, LimitsTheKeys) {
  std::string text = "[";
  for (int i = 0; i < 100'000; ++i) text += "{\"a\":1},";
  text.back() = ']';
  EXPECT_TRUE(parse_json(text, 8));
  text.back() = ',';
  EXPECT_FALSE(parse_json(text + "{\"a\":1}]", 8));
}

TEST(ParseJson, LimitsTheDepth) {
  EXPECT_TRUE(parse_json("[[[[]]]]", 4));
  const Result<json::value> value = parse_json("[[[[[]]]]]", 4);
  ASSERT_FALSE(value);
  EXPECT_NE(value.error().detail.find("levels"), std::string::npos) << value.error().detail;
  EXPECT_FALSE(parse_json(std::string(1'000'000, '['), 32));
}

TEST(ParseJson, RefusesWhatIsNotJson) {
  for (const char* text :
       {"",         "{",     "{\"a\":}", "{\"a\":1,}", "[1,]",     "{a:1}",    "nul",         "NaN",
        "Infinity", "01",    "1 2",      "{} x",       "\"\xff\"", "\"\xC3\"", "\"\\ud800\"", "// x\n1",
        "\"a\nb\"", "1e999", "-1e999",   "{\"a\":1}{"}) {
    EXPECT_FALSE(parse_json(text, 8)) << text;
  }
}

TEST(ParseJson, KeepsWholeNumbersOfAnySize) {
  WideIntegers wide;
  const Result<json::value> value =
      parse_json(R"([123456789012345678901234567890,{"a":-18446744073709551616},18446744073709551615,1.5])", 8, &wide);
  ASSERT_TRUE(value) << value.error().detail;
  EXPECT_EQ(wide, (WideIntegers{"123456789012345678901234567890", "-18446744073709551616"}));
  const json::array& items = value->get_array();
  EXPECT_EQ(wide_index(items[0].get_double()), std::optional<std::size_t>(0));
  EXPECT_EQ(wide_index(items[1].at("a").get_double()), std::optional<std::size_t>(1));
  EXPECT_EQ(items[2].get_uint64(), 18446744073709551615u);
  EXPECT_EQ(wide_index(items[3].get_double()), std::nullopt);
}

TEST(ParseJson, ReadsDoublesExactly) {
  for (const double d : {0.1, 1e-7, 5e-324, 1.7976931348623157e308, 0.30000000000000004, -0.0, 123456.7891234567,
                         9007199254740993.5, 4.35, 2.2250738585072011e-308}) {
    const std::string text = fmt::format("{}", d);
    const Result<json::value> value = parse_json(text.find_first_of(".e") == std::string::npos ? text + ".0" : text, 8);
    ASSERT_TRUE(value) << text;
    EXPECT_EQ(fmt::format("{}", value->get_double()), text);
  }
}

TEST(ParseJson, NumbersBeyondTheRangeAreInfiniteOnlyWhereThatIsAskedFor) {
  WideIntegers wide;
  EXPECT_TRUE(std::isinf(parse_json("1e400", 8, &wide)->get_double()));
  EXPECT_TRUE(wide.empty());
}

TEST(ParseJsonObject, NamesWhatItFoundInstead) {
  const Result<json::object> object = parse_json_object("[1]", 8);
  ASSERT_FALSE(object);
  EXPECT_EQ(object.error().detail, "request body: expected an object, found an array");
}

TEST(AppendJsonString, Escapes) {
  std::string out;
  append_json_string(out, "a\"\\\n\x01\xC3\xA9");
  EXPECT_EQ(json::parse(out), "a\"\\\n\x01\xC3\xA9");
  EXPECT_EQ(out.find('\n'), std::string::npos) << "an SSE event is one line";
}

}  // namespace
}  // namespace quern::server
