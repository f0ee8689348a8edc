#include "engine/chat/jinja/json.hpp"

#include "tests/engine/chat/jinja/render.hpp"

#include <array>

namespace quern::engine::chat::jinja {
namespace {

TEST(JinjaJson, WritesAsPythonDoes) {
  EXPECT_EQ(render(R"({{ {'a': [1, 2.0, none, true], 'é': 'x"\n</s>'}|tojson }})"),
            R"({"a": [1, 2.0, null, true], "é": "x\"\n</s>"})");
  EXPECT_EQ(render("{{ {'a': [1, {}], 'b': []}|tojson(indent=2) }}"),
            "{\n  \"a\": [\n    1,\n    {}\n  ],\n  \"b\": []\n}");
  EXPECT_EQ(
      render(
          "{{ ['é😀']|tojson(ensure_ascii=true) }}{{ {'b': 1, 'a': 2}|tojson(sort_keys=true, separators=(',', ':')) }}"),
      R"(["\u00e9\ud83d\ude00"]{"a":2,"b":1})");
  EXPECT_EQ(render("{{ {1: 2, none: 3, false: 4}|tojson }}"), R"({"1": 2, "null": 3, "false": 4})");
  EXPECT_EQ(failure_of("{{ range|tojson }}").message, "JSON has no form for a function");
  EXPECT_EQ(failure_of("{{ x|tojson }}").kind, FailureKind::undefined);
}

TEST(JinjaJson, Reads) {
  EXPECT_EQ(render(R"({{ '{"a": [1, -2.5e1, null, "\\u00e9\\ud83d\\ude00"]}'|from_json }})"),
            "{'a': [1, -25.0, None, 'é😀']}");
  EXPECT_EQ(
      render(
          R"({{ '[18446744073709551616, -99999999999999999999, 1.0, 1E5, 1e400, -0.0, 1e-400]'|from_json|tojson }})"),
      "[18446744073709551616, -99999999999999999999, 1.0, 100000.0, Infinity, -0.0, 0.0]");
}

TEST(JinjaJson, RefusesWhatIsNone) {
  static constexpr std::array kBad{"",        "{",      "[1,]", "{\"a\"}", "{a:1}", "01",          "1.",
                                   "\"\\x\"", "\"\n\"", "\"a",  "tru",     "1 2",   "\"\\ud800\"", "-"};
  for (const char* bad : kBad) {
    Heap heap;
    EXPECT_THROW(parse_json(heap, bad), FailureException) << bad;
  }
  Heap heap;
  EXPECT_THROW(parse_json(heap, std::string(100'000, '[')), FailureException);
}

}  // namespace
}  // namespace quern::engine::chat::jinja
