// What a template writes of an assistant's calls is read back as the same calls, for every template with a place for
// tools, however the text is cut into pieces.
#include "engine/tools/answer_parser.hpp"
#include "tests/engine/tools/answer_formats.hpp"
#include "tests/engine/tools/canonical_json.hpp"

#include <gtest/gtest.h>

namespace quern::test {
namespace {

using namespace engine::tools;

struct CallCase {
  const char* name;
  const char* arguments;
};
// Marks of other formats, and of the own one where it can say them.
constexpr CallCase kCases[] = {
    {"get_weather", R"({"city":"Zürich","unit":"celsius"})"},
    {"get_weather", R"({"city":"say \"hi\" \\ it's {\"a\": [1]} end"})"},
    {"write_file", R"({"path":"a/b.txt","text":"line one\nline two\n\n  indented\ttab\nlast"})"},
    {"write_file", R"({"path":"x","text":"ünïcödé 你好 😀 \u0001 \u2028"})"},
    {"write_file", R"({"path":"x","text":"{\"name\": \"get_weather\", \"arguments\": {}}"})"},
    {"write_file", R"({"path":"x","text":""})"},
    {"write_file", R"({"path":"123","text":"true"})"},
    {"write_file", R"({"path":"null","text":"[1, 2"})"},
    {"write_file", R"({"path":"x","text":"<b>bold</b> & <<tool <|im [TOOL ]] > }"})"},
    {"compute", R"({"a":12345678901234567890123,"b":-0.5})"},
    {"compute", R"({"a":1e+22,"b":3.141592653589793,"c":0,"precise":true})"},
    {"compute", R"({"precise":false,"nothing":null})"},
    {"nested", R"({"options":{"a":{"b":[1,{"c":"d \"e\" \n"},[]]},"f":{}},"list":[1,"two",null,true,[{"x":1.5}]]})"},
    {"ping", "{}"},
};

std::string in_order(std::string_view arguments) {
  return canonical_json(arguments);
}

TEST(RoundTrip, EveryTemplateAndEveryCut) {
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    if (!shows_calls(subject)) continue;
    for (const CallCase& c : kCases) {
      const Answer answer = answer_of(subject, {{c.name, c.arguments, "call00001"}}, "null");
      ASSERT_FALSE(answer.text.empty());
      const AnswerFormat format = answer_format(subject, answer.prompt);
      ASSERT_NE(format.calls, nullptr);
      const Said whole = said(parse(format, {answer.text}));
      ASSERT_EQ(whole.calls.size(), 1u) << answer.text << "\n text: " << whole.text;
      EXPECT_EQ(whole.calls[0].name, c.name);
      EXPECT_EQ(whole.calls[0].arguments, in_order(c.arguments)) << answer.text;
      EXPECT_EQ(whole.text, "") << answer.text;
      EXPECT_EQ(whole.reasoning, "");
      if (HasFailure()) break;
      expect_same_at_every_cut(format, answer.text, whole);
    }
  }
}

// The marks of the format itself in a text, where the format can say them: not what ends a value that is written as it
// is, and not in messages, which are what stands between marks.
TEST(RoundTrip, MarksInArguments) {
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    const auto found = find_tool_format(subject);
    if (!shows_calls(subject) || !found || found->syntax == Syntax::harmony) continue;
    std::string marks = "a";
    const std::string end(trimmed(found->syntax == Syntax::quoted ? found->quote : found->parameters.value_end));
    std::vector<std::string> texts = found->marks;
    for (const auto& trigger : found->triggers()) texts.push_back(trigger.text);
    texts.push_back(found->section_begin + found->call.front().text);
    for (const std::string& mark : texts) {
      if (mark.find(end) == std::string::npos || end.empty()) marks += " " + mark + "x " + mark;
    }
    const std::string arguments = "{\"path\":\"p\",\"text\":" + json_string(marks + "}]\"") + "}";
    const Answer answer = answer_of(subject, {{"write_file", arguments, "call00001"}}, "null");
    const AnswerFormat format = answer_format(subject, answer.prompt);
    const Said whole = said(parse(format, {answer.text}));
    ASSERT_EQ(whole.calls.size(), 1u) << answer.text << "\n text: " << whole.text;
    EXPECT_EQ(whole.calls[0].arguments, canonical_json(arguments)) << answer.text;
    EXPECT_EQ(whole.text, "");
    EXPECT_EQ(said(parse(format, bytes_of(answer.text))), whole);
  }
}

// A message that says something and calls: both come back, as far as the template writes both.
TEST(RoundTrip, TextBeforeCalls) {
  std::size_t n_shown = 0;
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    if (!shows_calls(subject) || name == "llama-4") continue;  // which says it between two marks
    const Answer answer = answer_of(subject, {{"ping", "{}", "call00001"}}, "\"Let me look.\"");
    const std::size_t said_at = answer.text.find("Let me look.");
    if (said_at == std::string::npos || answer.text.find("ping") == std::string::npos) continue;
    if (answer.text.find("ping") < said_at) continue;  // written behind the calls
    const AnswerFormat format = answer_format(subject, answer.prompt);
    if (format.calls->bare || !format.calls->optional_mark.empty()) continue;
    const Said whole = said(parse(format, {answer.text}));
    ASSERT_EQ(whole.calls.size(), 1u) << answer.text;
    EXPECT_EQ(whole.text + whole.reasoning, "Let me look.") << answer.text;
    expect_same_at_every_cut(format, answer.text, whole);
    ++n_shown;
  }
  EXPECT_GT(n_shown, 5u);
}

TEST(RoundTrip, ArgumentsAsText) {
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    if (!shows_calls(subject)) continue;
    const std::vector<Call> calls{{"get_weather", R"({"city": "Paris \"x\""})", "call00001"}};
    const std::string text = answer_of(subject, calls, "null", true).text;
    EXPECT_EQ(text, answer_of(subject, calls, "null", false).text);
    EXPECT_EQ(text.find("None"), std::string::npos);
    EXPECT_EQ(text.find("null"), std::string::npos);
  }
}

TEST(RoundTrip, SeveralCalls) {
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    if (!shows_calls(subject)) continue;
    std::vector<Call> calls{{"get_weather", R"({"city":"Paris"})", "call00001"},
                            {"ping", "{}", "call00002"},
                            {"compute", R"({"a":1,"b":2})", "call00003"}};
    if (name.find("R1-Distill") != std::string::npos) calls.pop_back();  // it ends the turn behind each but the first
    const Answer answer = answer_of(subject, calls, "null");
    const AnswerFormat format = answer_format(subject, answer.prompt);
    if (!format.calls->parallel) continue;
    ASSERT_FALSE(answer.text.empty());
    const Said whole = said(parse(format, {answer.text}));
    ASSERT_EQ(whole.calls.size(), calls.size()) << answer.text << "\n text: " << whole.text;
    for (std::size_t i = 0; i < calls.size(); ++i) {
      EXPECT_EQ(whole.calls[i].name, calls[i].name);
      EXPECT_EQ(whole.calls[i].arguments, canonical_json(calls[i].arguments));
      const bool is_own = whole.calls[i].id.empty() || format.calls->ids == engine::chat::CallIds::counted;
      EXPECT_TRUE(is_own || whole.calls[i].id == calls[i].id) << whole.calls[i].id;
    }
    EXPECT_EQ(whole.text, "");
    expect_same_at_every_cut(format, answer.text, whole);
  }
}

// A conversation with several calls at once, by another model, goes through every template that shows calls: none of
// them is lost, and each answer follows its call.
TEST(RoundTrip, HistoryWithSeveralCallsAndForeignIds) {
  for (const auto& [name, subject] : tool_templates()) {
    SCOPED_TRACE(name);
    if (!shows_calls(subject)) continue;
    for (const bool as_text : {false, true}) {
      const std::string calls = call_message({{"get_weather", R"({"city":"Qzone"})", "toolu_01ABC"},
                                              {"write_file", R"({"path":"Qztwo","text":"x"})", "call_abcdefghijk"}},
                                             "null", as_text);
      const std::string out =
          render(subject,
                 R"([{"role":"user","content":"Qzquestion"},)" + calls +
                     R"(,{"role":"tool","tool_call_id":"toolu_01ABC","name":"get_weather","content":"Qzrain"},)"
                     R"({"role":"tool","tool_call_id":"call_abcdefghijk","name":"write_file","content":"Qzdone"}])",
                 true);
      std::vector<std::size_t> at;
      for (const char* const word : {"Qzone", "Qztwo", "Qzrain", "Qzdone"}) at.push_back(out.find(word));
      for (const std::size_t found : at) ASSERT_NE(found, std::string::npos) << out;
      EXPECT_LT(at[0], at[1]);
      EXPECT_LT(at[0], at[2]);
      EXPECT_LT(at[1], at[3]);
      EXPECT_LT(at[2], at[3]);
    }
  }
}

}  // namespace
}  // namespace quern::test
