#include "server/api/json_fields.hpp"

#include <boost/json/parse.hpp>
#include <gtest/gtest.h>

namespace quern::server {
namespace {

json::object parse(std::string_view text) {
  return json::parse(json::string_view(text.data(), text.size())).as_object();
}

TEST(JsonFields, ReadsEachType) {
  const json::object object = parse(R"({"b":true,"s":"x","f":1.5,"i":-3,"u":4.0,"l":-9007199254740993,"v":["a","b"]})");
  JsonFields fields(object, "");
  bool b = false;
  std::string s;
  float f = 0;
  std::int32_t i = 0;
  std::uint32_t u = 0;
  std::int64_t l = 0;
  std::vector<std::string> v;
  EXPECT_TRUE(fields.read("b", b) && fields.read("s", s) && fields.read("f", f) && fields.read("i", i) &&
              fields.read("u", u) && fields.read("l", l) && fields.read("v", v));
  ASSERT_TRUE(fields.finish());
  EXPECT_TRUE(b);
  EXPECT_EQ(s, "x");
  EXPECT_EQ(f, 1.5f);
  EXPECT_EQ(i, -3);
  EXPECT_EQ(u, 4u);
  EXPECT_EQ(l, -9007199254740993);
  EXPECT_EQ(v, (std::vector<std::string>{"a", "b"}));
}

TEST(JsonFields, NullIsAbsent) {
  const json::object object = parse(R"({"i":null})");
  JsonFields fields(object, "");
  std::int32_t i = 7;
  EXPECT_FALSE(fields.read("i", i));
  EXPECT_EQ(i, 7);
  EXPECT_TRUE(fields.finish());
}

std::string error_of_u32(std::string_view text) {
  const json::object object = parse(text);
  JsonFields fields(object, "outer");
  std::uint32_t u = 0;
  fields.read("u", u, 1, 100);
  const Status status = fields.finish();
  return status ? "none" : status.error().detail;
}

TEST(JsonFields, NamesFieldExpectedAndFound) {
  EXPECT_EQ(error_of_u32(R"({"u":"7"})"), R"(outer.u: expected an integer, found "7")");
  EXPECT_EQ(error_of_u32(R"({"u":1.5})"), "outer.u: expected an integer, found 1.5");
  EXPECT_EQ(error_of_u32(R"({"u":1e300})"), "outer.u: expected an integer, found 1e+300");
  EXPECT_EQ(error_of_u32(R"({"u":true})"), "outer.u: expected an integer, found true");
  EXPECT_EQ(error_of_u32(R"({"u":[1]})"), "outer.u: expected an integer, found an array");
  EXPECT_EQ(error_of_u32(R"({"u":0})"), "outer.u: must be at least 1, found 0");
  EXPECT_EQ(error_of_u32(R"({"u":-1})"), "outer.u: must be at least 1, found -1");
  EXPECT_EQ(error_of_u32(R"({"u":101})"), "outer.u: must be at most 100, found 101");
  EXPECT_EQ(error_of_u32(R"({"u":18446744073709551615})"), "outer.u: expected an integer, found 18446744073709551615");
  EXPECT_EQ(error_of_u32(R"({"u":5,"v":1})"), "outer.v: unknown field");
  EXPECT_EQ(error_of_u32(R"({"u":5})"), "none");
}

TEST(JsonFields, TheFirstErrorWins) {
  const json::object object = parse(R"({"a":1,"b":2,"z":3})");
  JsonFields fields(object, "");
  std::string a, b;
  fields.read("b", b);
  fields.read("a", a);
  EXPECT_EQ(fields.finish().error().field, "b");
}

TEST(JsonFields, FloatsMustFit) {
  const json::object object = parse(R"({"f":1e200})");
  JsonFields fields(object, "");
  float f = 0;
  EXPECT_FALSE(fields.read("f", f));
  EXPECT_EQ(fields.finish().error().field, "f");
}

TEST(JsonFields, ArraysNameTheElement) {
  const json::object object = parse(R"({"v":["a",1]})");
  JsonFields fields(object, "");
  std::vector<std::string> v;
  fields.read("v", v);
  EXPECT_EQ(fields.finish().error().field, "v[1]");
}

TEST(JsonFields, UnsupportedFieldsMayOnlySayNothing) {
  for (const char* text : {"null", "false", "0", "0.0", "\"\"", "[]", "{}"}) {
    const json::object object = parse(fmt::format(R"({{"x":{}}})", text));
    JsonFields fields(object, "");
    fields.unsupported({"x"});
    EXPECT_TRUE(fields.finish()) << text;
  }
  for (const char* text : {"true", "1", "\"a\"", "[0]", "{\"a\":0}"}) {
    const json::object object = parse(fmt::format(R"({{"x":{}}})", text));
    JsonFields fields(object, "");
    fields.unsupported({"x"});
    EXPECT_EQ(fields.finish().error().code, Errc::unsupported) << text;
  }
}

TEST(JsonFields, LongUnknownKeysAreCutBetweenCharacters) {
  std::string key(39, 'a');
  for (int i = 0; i < 50; ++i) key += "\xC3\xA9";
  const json::object object = parse(fmt::format(R"({{"{}":1}})", key));
  JsonFields fields(object, "");
  EXPECT_EQ(fields.finish().error().field, std::string(39, 'a'));
}

}  // namespace
}  // namespace quern::server
