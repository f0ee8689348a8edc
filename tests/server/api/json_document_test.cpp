#include "server/api/json_document.hpp"

#include <boost/json/parse.hpp>
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
